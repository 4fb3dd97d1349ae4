import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OR_FILEINFO } from '../../../../src/config/directive.ts';
import {
  argumentSpan,
  type ConfigFiles,
  coreReadRows,
  macroRows,
  readHtaccess,
  versionRows,
} from '../../../../src/config/read/index.ts';
import type { ConfigNode } from '../../../../src/config/tree.ts';
import { Problems } from '../../../../src/diagnostics/problem.ts';
import { httpdLine, httpdLines, renderProblem } from '../../../../src/diagnostics/render.ts';
import { readText } from '../../../conf/reading.ts';

const errorsOf = (text: string, options: Parameters<typeof readText>[1] = {}): string[] =>
  readText(text, options).problems.errors.map((problem) => httpdLines(problem).join('\n'));
const namesOf = (nodes: readonly ConfigNode[]): string[] =>
  nodes.map((node) => `${node.name} ${node.args}`.trim());

describe('command line', () => {
  test('-D, -C and -c', () => {
    const { tree, defines } = readText('<IfDefine Given>\nGiven ${C}\n</IfDefine>\n', {
      defines: ['Given', 'A=b'],
      before: ['Define C value', 'Before'],
      after: ['After'],
    });
    expect(namesOf(tree)).toEqual(['Before', 'Given value', 'After']);
    expect([...defines]).toEqual(['Given', 'A=b', 'C']);
    expect(tree[0]?.span.source.name).toBe('-c/-C directives');
  });

  test('an error in them', () => {
    expect(errorsOf('', { before: ['</Y>'] })).toEqual([
      'Syntax error in -C/-c directive: </Y> without matching <Y> section',
    ]);
    expect(errorsOf('', { after: ['<Directory />', 'Bar'] })).toEqual([
      'Syntax error in -C/-c directive: -c/-C directives:1: <Directory> was not closed.',
    ]);
  });

  test('a missing main file', () => {
    expect(errorsOf('', { entry: { file: '/nonexistent/x.conf' } })).toEqual([
      'Could not open configuration file /nonexistent/x.conf: No such file or directory',
    ]);
  });
});

describe('modules', () => {
  test('a text that loads nothing has all built-in modules', () => {
    const result = readText('<IfModule mod_alias.c>\nYes\n</IfModule>\n');
    expect(namesOf(result.tree)).toEqual(['Yes']);
    expect(result.loadModuleSeen).toBe(false);
  });

  test('one LoadModule, also in a file included, makes the rest wait for theirs', () => {
    const files = filesOf({ '/load.conf': 'LoadModule version_module x\n' });
    const result = readText('Include /load.conf\n<IfModule alias_module>\nNo\n</IfModule>\n', { files });
    expect(namesOf(result.tree)).toEqual([]);
    expect(result.loaded.map((module) => module.name)).not.toContain('alias_module');
  });

  const refused: readonly (readonly [line: string, message: RegExp])[] = [
    ['LoadModule proxy_html_module x.so', /module proxy_html_module is part of httpd but not of apache-lite/],
    ['LoadModule php_module libphp.so', /module php_module is not one of httpd's own/],
    ['LoadModule mod_alias mod_alias.so', /module mod_alias is not one of httpd's own/],
    ['LoadModule so_module x', /module so_module is built-in and can't be loaded/],
    ['LoadFile /nonexistent.so', /Cannot load \/nonexistent.so into server/],
  ];
  for (const [line, message] of refused) test(line, () => expect(errorsOf(line)[0]).toMatch(message));
});

/** A file system in memory. */
function filesOf(texts: Record<string, string>): ConfigFiles {
  const missing = () => Object.assign(new Error('missing'), { code: 'ENOENT' });
  return {
    read(name) {
      const text = texts[name];
      if (text === undefined) throw missing();
      return text;
    },
    list() {
      throw missing();
    },
    kind: (name) => (texts[name] === undefined ? undefined : 'file'),
  };
}

describe('files on disk', () => {
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'conf-read-'));
    mkdirSync(path.join(root, 'real/sub'), { recursive: true });
    writeFileSync(path.join(root, 'real/sub/a.conf'), 'A\n');
    writeFileSync(path.join(root, 'one.conf'), 'One\n');
    mkdirSync(path.join(root, 'links'));
    symlinkSync('../real', path.join(root, 'links/dir'));
    symlinkSync('../one.conf', path.join(root, 'links/file.conf'));
    symlinkSync('nowhere', path.join(root, 'links/dangling'));
    mkdirSync(path.join(root, 'loop'));
    symlinkSync('../loop', path.join(root, 'loop/again'));
    mkdirSync(path.join(root, `deep${'/d'.repeat(140)}`), { recursive: true });
    writeFileSync(path.join(root, 'caf\u00e9.conf'), 'Coffee\n');
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const read = (text: string) => {
    const { tree, problems } = readText(text, { serverRoot: root });
    return [...namesOf(tree), ...problems.errors.map((problem) => problem.message.replaceAll(root, ''))];
  };
  const table: readonly (readonly [text: string, expected: readonly string[]])[] = [
    ['Include links/f*', ['One']],
    ['Include links/dir', ['A']],
    // A wildcard in the middle of a path goes by the directory entry, which is a link here.
    [
      'Include links/d*r/sub/*',
      ["Include/IncludeOptional: No matches for the wildcard 'd*r' in '/links', failing"],
    ],
    [
      'Include links/dangling',
      ['Could not open configuration file /links/dangling: No such file or directory'],
    ],
    ['IncludeOptional links/dang*', []],
    ['Include ./missing/../one.c\\onf*', ['One']],
    ['Include caf\xc3\xa9.conf', ['Coffee']],
    ['Include caf*', ['Coffee']],
    ['IncludeOptional loop', []],
    ['Include one.conf/*', ['Include/IncludeOptional: Could not open directory /one.conf: Not a directory']],
  ];
  for (const [text, expected] of table) test(text, () => expect(read(text)).toEqual(expected));

  test('a tree that is too deep', () => {
    expect(read('Include deep')[0]).toMatch(
      /^Include\/IncludeOptional: Directory '\/deep.*' exceeds the maximum include directory nesting level of 128\. You have probably a recursion somewhere\.$/,
    );
  });

  test('what was included, for DUMP_INCLUDES', () => {
    const main = path.join(root, 'main.conf');
    writeFileSync(main, '\nInclude real\nInclude one.conf\n');
    const { includes } = readText('', { entry: { file: main }, serverRoot: root });
    expect(includes.map(({ path: file, depth }) => [file.replace(root, ''), depth])).toEqual([
      ['/main.conf', 0],
      ['/real/sub/a.conf', 1],
      ['/one.conf', 1],
    ]);
  });
});

describe('.htaccess', () => {
  const rows = new Map(
    [...coreReadRows, ...macroRows, ...versionRows].map((row) => [row.name.toLowerCase(), { row }]),
  );
  const surroundings = {
    lookup: (key: string) => rows.get(key),
    loaded: [{ name: 'alias_module', file: 'mod_alias.c' }],
    serverRoot: '/',
    defines: ['Given'],
    variables: [['name', 'value']] as const,
    environment: { HERE: 'found', NAME: 'hidden' },
  };
  const read = (text: string, override?: number): string[] => {
    const problems = new Problems();
    const tree = readHtaccess('/d/.htaccess', text, surroundings, problems, override);
    return [...namesOf(tree), ...problems.errors.map((problem) => problem.message)];
  };
  const table: readonly (readonly [text: string, expected: readonly string[]])[] = [
    ['Define X y', ['Define not allowed here']],
    ['Include x', ['Include not allowed here']],
    ['ServerRoot /', ['ServerRoot not allowed here']],
    ['<IfModule mod_alias.c>\n<IfDefine Given>\nA ${NAME}\n</IfDefine>\n</IfModule>', ['A value']],
    ['A ${HERE} ${NAME}', ['A found value']],
    ['<Macro m>\nB\n</Macro>\nUse m', ['B']],
    ['<Files x>', ['Files x>', '/d/.htaccess:1: <Files> was not closed.']],
    [`#${'x'.repeat(8190)}\nA`, ['A']],
    [`A\n#${'x'.repeat(8191)}\nB`, ['A', 'Error reading /d/.htaccess at line 2: Line too long']],
    [`A\\\n${'x'.repeat(8191)}\nB`, ['Error reading /d/.htaccess at line 2: Line too long']],
  ];
  for (const [text, expected] of table) {
    test(JSON.stringify(text.slice(0, 40)), () => expect(read(text)).toEqual(expected));
  }
  test('conditions need some override', () => {
    expect(read('<IfDefine Given>\n</IfDefine>', OR_FILEINFO)).toEqual([]);
    expect(read('<IfDefine Given>\n</IfDefine>', 0)[0]).toBe('<IfDefine not allowed here');
  });
});

describe('hostile texts', () => {
  const alphabet = [
    '\n',
    '\n',
    '\n',
    ' ',
    '>',
    '\\\n',
    '"',
    '#',
    '\0',
    'x',
    '$a',
    '${A}',
    '${',
    '}',
    '!',
    '<Directory /a>\n',
    '</Directory>\n',
    '<IfDefine !x>\n',
    '<IfDefine x>\n',
    '</IfDefine>\n',
    '<Macro m $a>\n',
    '</Macro>\n',
    'Use m 1\n',
    'Use ',
    'Define A b\n',
    'Include one.conf\n',
    '<IfVersion > 2>\n',
    '</IfVersion>\n',
    'LoadModule ',
    'UndefMacro m\n',
    '<',
    '</',
  ];
  test('never throw, and every span lies in its source', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }), (pieces) => {
        const { tree, problems } = readText(pieces.join(''));
        const check = (nodes: readonly ConfigNode[]): void => {
          for (const { span, argsSpan, children } of nodes) {
            for (const { source, start, end } of [span, argsSpan]) {
              expect(0 <= start && start <= end && end <= source.text.length).toBe(true);
            }
            check(children ?? []);
          }
        };
        check(tree);
        for (const problem of problems.list) {
          if (problem.span !== undefined)
            expect(problem.span.end).toBeLessThanOrEqual(problem.span.source.text.length + 1);
          expect(renderProblem(problem)).not.toBe('');
        }
      }),
      { numRuns: 2000 },
    );
  });

  const bounded = (what: string, text: string, expected: RegExp | undefined) =>
    test(what, () => {
      const before = performance.now();
      const [first] = errorsOf(text);
      if (expected === undefined) expect(first).toBeUndefined();
      else expect(first).toMatch(expected);
      expect(performance.now() - before).toBeLessThan(10_000);
    });
  bounded(
    'deep sections',
    '<A>\n'.repeat(100_000) + '</A>\n'.repeat(100_000),
    /more than 128 sections within each other/,
  );
  bounded('sections as deep as they may be', '<A>\n'.repeat(128) + '</A>\n'.repeat(128), undefined);
  test('one section too many is said where it stands, once', () => {
    const { tree, problems } = readText(`${'<A>\n'.repeat(200)}B\n${'</A>\n'.repeat(200)}C\n`);
    expect(problems.list.map(({ message, span }) => [message, span && httpdLine(span)])).toEqual([
      ['more than 128 sections within each other', 129],
    ]);
    expect(tree.map(({ name }) => name)).toEqual(['A', 'C']);
  });
  bounded(
    'deep true conditions',
    '<IfDefine !x>\n'.repeat(100_000) + '</IfDefine>\n'.repeat(100_000),
    undefined,
  );
  bounded(
    'deep skipped sections',
    `<IfDefine x>\n${'<A>\n'.repeat(100_000)}${'</A>\n'.repeat(100_000)}</IfDefine>\n`,
    undefined,
  );
  bounded(
    'macros that multiply',
    `${Array.from({ length: 40 }, (_, n) => `<Macro m${n}x>\nUse m${n + 1}x\nUse m${n + 1}x\n</Macro>\n`).join('')}<Macro m40x>\nX\n</Macro>\nUse m0x\n`,
    /more than 100000 files and macro uses|macro expansions of this configuration are too large/,
  );
});

test('errors without end are cut off', () => {
  expect(errorsOf('</A>\n'.repeat(5000)).length).toBeLessThan(2000);
});

test('files that include each other twice end at the depth limit', () => {
  const files = filesOf({ '/a': 'Include /b\nInclude /b\n', '/b': 'Include /a\nInclude /a\n' });
  const errors = readText('Include /a\n', { files }).problems.errors;
  expect(errors.map((problem) => problem.message)).toEqual([
    'Exceeded maximum include depth of 128, There appears to be a recursion.',
  ]);
});

test('a place inside arguments is found through continuations', () => {
  const text = 'Name one \\\n  two\\\r\nthree\nDefine V x\nOther ${V} y\n';
  const [name, other] = readText(text).tree;
  if (name === undefined || other === undefined) throw new Error('two nodes');
  const at = name.args.indexOf('othree');
  const span = argumentSpan(name, at, 6);
  expect(text.slice(span.start, span.end)).toBe('o\\\r\nthree');
  expect(argumentSpan(other, 2, 1)).toEqual(other.argsSpan);
});
