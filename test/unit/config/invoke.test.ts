import { describe, expect, test } from 'vitest';
import {
  ACCESS_CONF,
  type AnyRow,
  type Command,
  GLOBAL_ONLY,
  NOT_IN_DIRECTORY,
  NOT_IN_FILES,
  NOT_IN_HTACCESS,
  NOT_IN_LIMIT,
  OR_ALL,
  OR_FILEINFO,
  RSRC_CONF,
  type Shape,
} from '../../../src/config/directive.ts';
import { checkContext, invoke, unknownDirective } from '../../../src/config/invoke.ts';
import type { ConfigNode } from '../../../src/config/tree.ts';
import { getWord, sectionText, WordCursor } from '../../../src/config/words.ts';

const source = { name: 't', text: '', includedFrom: undefined };
const span = { source, start: 0, end: 0 };
function nodeOf(name: string, args = '', isSection = false): ConfigNode {
  const key = (isSection ? `<${name}` : name).toLowerCase();
  return { name, key, args, span, argsSpan: span, children: isSection ? [] : undefined };
}

interface Place {
  readonly override?: number;
  readonly enclosing?: readonly string[];
  readonly path?: string | undefined;
  readonly isHtaccess?: boolean;
  readonly isVirtualHost?: boolean;
  readonly limited?: ReadonlySet<string> | undefined;
  readonly overrideList?: ReadonlySet<string> | undefined;
  readonly nonfatalOverride?: number;
}
const warnings: string[] = [];
function commandOf(args: string, place: Place = {}): Command {
  return {
    node: nodeOf('X', args),
    override: RSRC_CONF | OR_ALL,
    enclosing: [],
    path: undefined,
    isHtaccess: false,
    isVirtualHost: false,
    limited: undefined,
    overrideList: undefined,
    nonfatalOverride: 0,
    warn: (message: string) => warnings.push(message),
    ...place,
  } as unknown as Command;
}

function rowOf(
  shape: Shape,
  calls: unknown[][],
  more: Partial<AnyRow<unknown, unknown>> = {},
): AnyRow<unknown, unknown> {
  const apply = (_cmd: Command, ...args: unknown[]) => {
    calls.push(args);
    return args[0] === 'bad' ? 'bad word' : undefined;
  };
  return { name: 'X', shape, where: RSRC_CONF, usage: 'how', ...more, apply } as unknown as AnyRow<
    unknown,
    unknown
  >;
}

describe('shapes', () => {
  const one = 'X takes one argument, how';
  const table: readonly (readonly [shape: Shape, args: string, expected: unknown[][] | string])[] = [
    ['RAW_ARGS', '', [['']]],
    ['RAW_ARGS', 'a "b c"', [['a "b c"']]],
    ['NO_ARGS', '', [[]]],
    ['NO_ARGS', 'a', 'X takes no arguments'],
    ['FLAG', 'On', [[true]]],
    ['FLAG', 'oFF more', [[false]]],
    ['FLAG', 'yes', 'X must be On or Off'],
    ['FLAG', '', 'X must be On or Off'],
    ['TAKE1', 'a', [['a']]],
    ['TAKE1', '"a b"', [['a b']]],
    ['TAKE1', '', one],
    ['TAKE1', '""', one],
    ['TAKE1', 'a b', one],
    ['TAKE2', 'a b', [['a', 'b']]],
    ['TAKE2', 'a', 'X takes two arguments, how'],
    ['TAKE2', 'a ""', 'X takes two arguments, how'],
    ['TAKE3', 'a b c', [['a', 'b', 'c']]],
    ['TAKE3', 'a b', 'X takes three arguments, how'],
    ['TAKE12', 'a', [['a']]],
    ['TAKE12', 'a b', [['a', 'b']]],
    ['TAKE12', 'a ""', [['a']]],
    ['TAKE12', 'a b c', 'X takes 1-2 arguments, how'],
    ['TAKE13', 'a', [['a']]],
    ['TAKE13', 'a b c', [['a', 'b', 'c']]],
    ['TAKE13', 'a b', 'X takes one or three arguments, how'],
    ['TAKE23', 'a b', [['a', 'b']]],
    ['TAKE23', 'a b c', [['a', 'b', 'c']]],
    ['TAKE23', 'a', 'X takes two or three arguments, how'],
    ['TAKE123', 'a "" c', [['a', '', 'c']]],
    ['TAKE123', 'a b c d', 'X takes one, two or three arguments, how'],
    ['ITERATE', 'a b c', [['a'], ['b'], ['c']]],
    ['ITERATE', 'a "" c', [['a']]],
    ['ITERATE', '', 'X requires at least one argument, how'],
    [
      'ITERATE2',
      'a b c',
      [
        ['a', 'b'],
        ['a', 'c'],
      ],
    ],
    ['ITERATE2', 'a', 'X requires at least two arguments, how'],
    ['TAKE_ARGV', 'a "" b', [[['a', '', 'b']]]],
    ['TAKE_ARGV', '', [[[]]]],
  ];
  for (const [shape, args, expected] of table) {
    test(`${shape} ${JSON.stringify(args)}`, () => {
      const calls: unknown[][] = [];
      const result = invoke(rowOf(shape, calls), commandOf(args));
      const message = typeof result === 'object' ? result.message : result;
      expect(message ?? calls).toEqual(expected);
    });
  }

  test('the first wrong word ends an iteration', () => {
    const calls: unknown[][] = [];
    expect(invoke(rowOf('ITERATE', calls), commandOf('a bad c'))).toBe('bad word');
    expect(calls).toEqual([['a'], ['bad']]);
  });

  test('without a usage text nothing is put behind the message', () => {
    expect(invoke(rowOf('TAKE1', [], { usage: '' }), commandOf(''))).toEqual({
      message: 'X takes one argument',
    });
  });

  test('an undefined variable is pointed out', () => {
    expect(invoke(rowOf('TAKE1', []), commandOf('${A} b'))).toMatchObject({ hint: '${A} is not defined' });
  });
});

describe('places', () => {
  const table: readonly (readonly [
    what: string,
    place: Place,
    forbidden: number,
    expected: string | undefined,
  ])[] = [
    ['server level', {}, GLOBAL_ONLY, undefined],
    ['override not granted', { override: ACCESS_CONF }, 0, 'X not allowed here'],
    [
      'in a section',
      { override: ACCESS_CONF | OR_FILEINFO, enclosing: ['<filesmatch', '<virtualhost'] },
      0,
      'X not allowed in <FilesMatch> context',
    ],
    ['granted by name', { override: 0, isHtaccess: true, overrideList: new Set(['x']) }, 0, undefined],
    ['virtual host', { isVirtualHost: true }, GLOBAL_ONLY, 'X cannot occur within <VirtualHost> section'],
    [
      'limit',
      { limited: new Set(['GET']), path: '/' },
      NOT_IN_LIMIT,
      'X cannot occur within <Limit> or <LimitExcept> section',
    ],
    ['htaccess', { isHtaccess: true }, NOT_IN_HTACCESS, 'X cannot occur within htaccess files'],
    ['any directory context', { path: '/' }, GLOBAL_ONLY, 'X cannot occur within directory context'],
    [
      'one kind of section',
      { path: '/', enclosing: ['<if', '<directorymatch'] },
      NOT_IN_DIRECTORY,
      'X cannot occur within <DirectoryMatch> section',
    ],
    [
      'If counts as Files',
      { path: '*If', enclosing: ['<if'] },
      NOT_IN_FILES,
      'X cannot occur within <If> section',
    ],
  ];
  for (const [what, place, forbidden, expected] of table) {
    test(what, () => {
      const result = invoke(rowOf('TAKE1', [], { forbidden }), commandOf('a', place));
      expect(typeof result === 'object' ? result.message : result).toBe(expected);
    });
  }

  test('nonfatal overrides only leave a line in the log', () => {
    warnings.length = 0;
    const calls: unknown[][] = [];
    const place = { override: 0, nonfatalOverride: RSRC_CONF, isHtaccess: true };
    expect(invoke(rowOf('TAKE1', calls), commandOf('a', place))).toBeUndefined();
    expect(calls).toEqual([]);
    expect(warnings).toEqual(['AH02295: X in .htaccess forbidden by AllowOverride']);
  });

  test('a section is named with its brackets', () => {
    expect(checkContext('<VirtualHost', GLOBAL_ONLY, commandOf('', { isVirtualHost: true }))).toBe(
      '<VirtualHost> cannot occur within <VirtualHost> section',
    );
  });
});

describe('unknown directives', () => {
  const message = (name: string) =>
    `Invalid command '${name}', perhaps misspelled or defined by a module not included in the server configuration`;
  const table: readonly (readonly [node: ConfigNode, name: string, hint: RegExp | undefined])[] = [
    [nodeOf('SSLEngine', 'on'), 'SSLEngine', /directive of mod_ssl, which apache-lite does not have/],
    [nodeOf('Foo', 'x', true), '<Foo', undefined],
    [nodeOf('ServerNmae', 'x'), 'ServerNmae', /did you mean ServerName\?/],
    [nodeOf('Directoy', '/', true), '<Directoy', /did you mean <Directory>\?/],
    [nodeOf('Directory', '/'), 'Directory', /it is a section: write <Directory/],
    [nodeOf('ServerName', 'x', true), '<ServerName', /ServerName is no section/],
    [nodeOf('\xef\xbb\xbfServerName', 'x'), '\xef\xbb\xbfServerName', /byte order mark/],
    [nodeOf('x'.repeat(1_000_000)), 'x'.repeat(1_000_000), undefined],
  ];
  for (const [node, name, hint] of table) {
    test(name.slice(0, 20), () => {
      const result = unknownDirective(node);
      expect(result.message).toBe(message(name));
      if (hint === undefined) expect(result.hint).toBeUndefined();
      else expect(result.hint).toMatch(hint);
    });
  }

  test('a module that is only not loaded', () => {
    const builtIn = { moduleOf: (key: string) => (key === 'rewriterule' ? 'rewrite_module' : undefined) };
    expect(unknownDirective(nodeOf('RewriteRule'), false, builtIn).hint).toBe(
      'it is built in but not loaded: load it with "LoadModule rewrite_module modules/mod_rewrite.so"',
    );
  });
});

test('words one at a time', () => {
  expect(getWord(' "a b" c d')).toEqual(['a b', 'c d']);
  expect(getWord('')).toEqual(['', '']);
  expect(new WordCursor('{a {b}} c').take(true).text).toBe('a {b}');
  expect(sectionText('a > b> c')).toBe('a > b');
  expect(sectionText('a')).toBeUndefined();
});
