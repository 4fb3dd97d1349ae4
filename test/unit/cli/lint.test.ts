/** `apache-lite lint`: arguments, output, exit codes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lintCommand } from '../../../src/cli/lint.ts';
import { parseLintArguments } from '../../../src/cli/lint-options.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'lint-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  const full = path.join(folder, name);
  writeFileSync(full, text);
  return full;
};

function run(args: readonly string[], input = ''): { code: number; out: string; err: string } {
  const written = { out: '', err: '' };
  const code = lintCommand(args, {
    print: (text) => {
      written.out += text;
    },
    printError: (text) => {
      written.err += text;
    },
    input: () => input,
  });
  return { code, ...written };
}

describe('arguments', () => {
  it.each([
    [['a'], { context: undefined, format: 'text', defines: [], files: ['a'] }],
    [
      ['--context', 'vhost', '--format=json', '-D', 'X', '-DY', '-', '--', '-z'],
      { context: 'vhost', format: 'json', defines: ['X', 'Y'], files: ['-', '-z'] },
    ],
    [['--help'], undefined],
    [[], 'no file is named'],
    [['--context'], 'option --context needs a value'],
    [['--context', 'location', 'a'], 'unknown context location'],
    [['--format', 'xml', 'a'], 'unknown format xml'],
    [['-x', 'a'], 'unknown option -x'],
    [['--bogus=1', 'a'], 'unknown option --bogus=1'],
  ])('%j', (args, expected) => expect(parseLintArguments(args)).toEqual(expected));
});

describe('exit codes', () => {
  const clean = file('clean.conf', 'KeepAlive On\n');
  const warned = file('warned.conf', 'ErrorDocument 404 404.html\n');
  const wrong = file('wrong.conf', 'KeepAlive Maybe\n');
  it.each([
    [[clean], 0],
    [[warned], 0],
    [[wrong], 1],
    [[clean, wrong], 1],
    [[path.join(folder, 'none')], 1],
    [[], 2],
    [['--format', 'xml', clean], 2],
    [['-h'], 0],
  ])('%j', (args, code) => expect(run(args).code).toBe(code));

  it('nothing is said of what is clean', () => expect(run([clean])).toEqual({ code: 0, out: '', err: '' }));
});

describe('output', () => {
  it('as text: place, severity, message, code, the line, the hint', () => {
    expect(run(['-'], 'ErrorDocument 404 404.html\n').out).toBe(
      [
        '<stdin>:1:15: warning: the error page is the text "404.html" itself, not the file [AL2102]',
        '  1 | ErrorDocument 404 404.html',
        '    |               ^^^^^^^^^^^^',
        '  hint: write a URL path: /404.html',
        '0 errors, 1 warning, 0 notes',
        '',
      ].join('\n'),
    );
  });

  it('as JSON: one array, empty for nothing', () => {
    const wrong = file('.htaccess', 'AllowOverride None\n');
    expect(JSON.parse(run(['--format', 'json', wrong, '-'], 'KeepAlive On\n').out)).toEqual([
      {
        file: wrong,
        line: 1,
        column: 1,
        endLine: 1,
        endColumn: 14,
        severity: 'error',
        code: 'AH00526',
        message: 'AllowOverride not allowed here',
        hint: "it has no place in .htaccess: write it into the server's own configuration",
      },
    ]);
    expect(run(['--format=json', '-'], '').out).toBe('[]\n');
  });

  it('the context that is asked for goes over the name', () => {
    const named = file('x.htaccess', 'AllowOverride None\n');
    expect(run([named]).code).toBe(1);
    expect(run(['--context', 'directory', named]).code).toBe(0);
  });

  it('defines are for <IfDefine>', () => {
    const text = '<IfDefine X>\nKeepAlive Maybe\n</IfDefine>\n';
    expect(run(['-'], text).code).toBe(0);
    expect(run(['-D', 'X', '-'], text).code).toBe(1);
  });
});
