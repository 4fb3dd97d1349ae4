import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_NESTING,
  parseBooleanExpression,
  parseStringExpression,
} from '../../../../grammar/ap-expr/index.ts';

/** Any node, seen as all that one may hold. */
interface Shown {
  readonly kind: string;
  readonly form: string;
  readonly value: string | boolean;
  readonly name: string;
  readonly group: number;
  readonly count: number;
  readonly type: string;
  readonly comparison: string;
  readonly operator: string;
  readonly negated: boolean;
  readonly source: string;
  readonly ignoreCase: boolean;
  readonly [children: string]: unknown;
}

/** The tree in a short form: what was grouped with what. */
const show = (node: unknown): string => {
  if (Array.isArray(node)) return node.map(show).join(' ');
  const at = node as Shown;
  switch (at.kind) {
    case 'text':
      return at.form === 'number' ? `#${at.value}` : `'${at.value}'`;
    case 'variable':
      return `%${at.name}`;
    case 'backReference':
      return `$${at.group}`;
    case 'call':
    case 'listCall':
      return `${at.name}(${show(at.argument)})`;
    case 'concat':
      return `[${show(at.parts)}]`;
    case 'literal':
      return String(at.value);
    case 'not':
      return `${'!'.repeat(at.count)}${show(at.operand)}`;
    case 'and':
    case 'or':
      return `(${at.kind} ${show(at.operands)})`;
    case 'unary':
      return `(${at.operator} ${show(at.operand)})`;
    case 'binary':
      return `(${at.operator} ${show(at.left)} ${show(at.right)})`;
    case 'compare':
      return `(${at.type}-${at.comparison} ${show(at.left)} ${show(at.right)})`;
    case 'match':
      return `(${at.negated ? '!~' : '=~'} ${show(at.subject)} ${show(at.regex)})`;
    case 'regex':
      return `/${at.source}/${at.ignoreCase ? 'i' : ''}`;
    case 'in':
      return `(in ${show(at.needle)} {${show(at.list)}})`;
    default:
      throw new Error(`unknown node ${JSON.stringify(node)}`);
  }
};

describe('conditions', () => {
  it.each([
    ['true', 'true'],
    ['true || false && true', '(or true (and false true))'],
    ['true && false || true', '(or (and true false) true)'],
    ['(true || false) && true', '(and (or true false) true)'],
    ['true and not false or false', '(or (and true !false) false)'],
    ['! true && false', '(and !true false)'],
    ['!! true', '!!true'],
    ["'a' = 'b'", "(string-eq 'a' 'b')"],
    ['1 le 2', '(integer-le #1 #2)'],
    ['1 -ge -2', '(integer-ge #1 #-2)'],
    ["-z 'a' . %{B}", "(-z ['a' %B])"],
    ["-e 'x' && -d 'y'", "(and (-e 'x') (-d 'y'))"],
    ["'a' -StrMatch 'b'", "(-StrMatch 'a' 'b')"],
    ['%{A} =~ m#b/c#i', '(=~ %A /b/c/i)'],
    ['%{A} !~ /b\\/', '(!~ %A /b\\/)'],
    ["$1 in { 'a', 2,md5( 'x' . 'y' ) }", "(in $1 {'a' #2 md5(['x' 'y'])})"],
    ["'a' -in Ext('b')", "(in 'a' {Ext('b')})"],
    ['%{f:a%{g:$1}\\}b} == ""', "(string-eq f(['a' g($1) '}b']) '')"],
    ['\'x%{A}$0y\' == "%{A}"', "(string-eq ['x' %A $0 'y'] %A)"],
    ['true /unterminated', 'true'],
    ['true\0#', 'true'],
  ])('%j is %s', (source, tree) => {
    const { root, failure } = parseBooleanExpression(source);
    expect(failure).toBeUndefined();
    expect(show(root)).toBe(tree);
  });

  it('freezes nodes and gives them their place in the text', () => {
    const { root } = parseBooleanExpression(" %{A} == 'bc' ");
    expect(root).toMatchObject({
      offset: 1,
      length: 12,
      left: { kind: 'variable', name: 'A', offset: 1, length: 4 },
      right: { kind: 'text', value: 'bc', offset: 9, length: 4 },
    });
    expect(Object.isFrozen(root)).toBe(true);
  });

  it('lists references in the order in which they are complete', () => {
    const { references } = parseBooleanExpression("-f a(%{B}) && 'x' =~ /r/ && 'c' -in l(d('e'))");
    expect(references.map((node) => ('name' in node ? node.name : node.kind))).toEqual([
      'B',
      'a',
      'unary',
      'regex',
      'd',
      'l',
    ]);
  });

  it.each([
    [
      'foo bar',
      { syntax: "syntax error, unexpected T_ID, expecting '('", detail: undefined, offset: 4, length: 3 },
    ],
    ["'a' ==", { syntax: 'syntax error, unexpected $end', detail: undefined, offset: 6, length: 0 }],
    ['true && #x', { syntax: undefined, detail: "Parse error near '#'", offset: 8, length: 1 }],
    [
      "'a%{B}c",
      {
        syntax:
          'syntax error, unexpected T_ERROR, expecting T_STRING or T_REGEX_BACKREF or T_STR_END or T_VAR_BEGIN',
        detail: 'Unterminated string or variable',
        offset: 7,
        length: 0,
      },
    ],
    ["'ab\\400' == 'x'", { syntax: undefined, detail: 'Escape sequence out of bound', offset: 3, length: 4 }],
    [
      "%{toupper:it's} == 'x'",
      { syntax: undefined, detail: "Invalid character in function argument '''", offset: 12, length: 1 },
    ],
    ["'a\\", { syntax: undefined, detail: 'Unterminated string or variable', offset: 2, length: 1 }],
  ])('places the failure of %j', (source, failure) => {
    expect(parseBooleanExpression(source).failure).toEqual(failure);
  });

  it('ends nesting before the stack does', () => {
    const nested = (open: string, middle: string, close: string, levels: number): string =>
      open.repeat(levels) + middle + close.repeat(levels);
    expect(parseBooleanExpression(nested('(', 'true', ')', MAX_NESTING)).failure).toBeUndefined();
    for (const source of [
      nested('(', 'true', ')', MAX_NESTING + 1),
      nested('(', '', '', 200_000),
      nested('md5(', "'a'", ')', MAX_NESTING + 1),
      nested('%{a:', 'b', '}', 50_000),
    ]) {
      expect(parseBooleanExpression(source).failure?.syntax).toBe('memory exhausted');
    }
    expect(parseBooleanExpression(`${'!'.repeat(100_000)}true`).failure).toBeUndefined();
    expect(parseBooleanExpression(`true${' || true'.repeat(20_000)}`).failure).toBeUndefined();
  });
});

describe('string expressions', () => {
  it.each([
    ['', "''"],
    ['a\'b"c', "'a'b\"c'"],
    ['x$0y$10', "['x' $0 'y' $1 '0']"],
    ['%{HTTP:%{tolower:X-T}}', "HTTP(tolower('X-T'))"],
    ['a%b%%$c$', "'a%b%%$c$'"],
    ["md5('a')", "'md5('a')'"],
    ['\\101\\60\\q\\%{A}\\$0\\t', "'A0q%{A}$0\t'"],
    ['a\\0b%{A}', "['a' %A]"],
  ])('%j is %s', (source, tree) => {
    const { root, failure } = parseStringExpression(source);
    expect(failure).toBeUndefined();
    expect(show(root)).toBe(tree);
  });

  it.each([
    ['%{', 'syntax error, unexpected T_ERROR, expecting T_ID', 'Unterminated string or variable'],
    ['%{A}\\400', 'syntax error, unexpected T_ERROR, expecting $end', 'Escape sequence out of bound'],
    ['%{toupper:a', undefined, 'Unterminated string or variable'],
    [
      '%{toupper:}',
      'syntax error, unexpected T_VAR_END, expecting T_ERROR or T_STRING or T_REGEX_BACKREF or T_VAR_BEGIN',
      undefined,
    ],
    ["%{:req('X-T'):}", "syntax error, unexpected ':', expecting T_ID", undefined],
    ['\\18', undefined, 'Bad escape sequence'],
    ['a\\', undefined, 'Unterminated string or variable'],
  ])('%j is refused', (source, syntax, detail) => {
    expect(parseStringExpression(source).failure).toMatchObject({ syntax, detail });
  });
});

describe('any text', () => {
  const piece = fc.constantFrom(
    ...'\'"%{}:$019()\\/ .,!=~<>&|#\n\0m_-aZ\xe9'.split(''),
    ...[
      '%{',
      'true',
      'and',
      '-in',
      '-eq',
      '-f',
      '-strmatch',
      '==',
      'm#',
      "'a'",
      '%{A}',
      'md5(',
      '\\400',
      '=~ /x/',
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
  );

  it.each([
    ['condition', parseBooleanExpression],
    ['string', parseStringExpression],
  ])('as a %s gives a tree or a failure inside the text', (_, parse) => {
    fc.assert(
      fc.property(text, (source) => {
        const { root, failure } = parse(source);
        expect((root === undefined) !== (failure === undefined)).toBe(true);
        if (failure === undefined) return;
        expect(failure.syntax ?? failure.detail).toBeTruthy();
        expect(failure.offset).toBeGreaterThanOrEqual(0);
        expect(failure.length).toBeGreaterThanOrEqual(0);
        expect(failure.offset + failure.length).toBeLessThanOrEqual(source.length);
      }),
      { numRuns: 2000 },
    );
  });
});
