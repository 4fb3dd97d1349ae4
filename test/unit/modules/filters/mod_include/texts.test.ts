import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEntities,
  decodingOf,
  encodingOf,
} from '../../../../../src/modules/filters/mod_include/codes.ts';
import { expandVariables, LONGEST } from '../../../../../src/modules/filters/mod_include/expand.ts';
import { nameBelow } from '../../../../../src/modules/filters/mod_include/file-elements.ts';
import { evaluateLegacy } from '../../../../../src/modules/filters/mod_include/legacy-expression.ts';

const variables: Readonly<Record<string, string>> = { A: 'alpha', B: 'beta', E: '', RE: '^al(.)h' };
function expand(text: string, keepsUnknown = false): string {
  return expandVariables(
    text,
    { variable: (name) => variables[name], onMissingBrace: () => undefined },
    keepsUnknown,
  );
}

describe('expandVariables', () => {
  it.each([
    ['$A', 'alpha'],
    ['${A}b', 'alphab'],
    ['$A.b', 'alpha.b'],
    ['$AB', ''],
    ['\\$A', '$A'],
    ['\\n\\\\', '\\n\\\\'],
    ['$ $$ ${ $} ${A', '$ $$  '],
    ['a$', 'a$'],
    ['$E|', '|'],
  ])('%s', (text, expected) => {
    expect(expand(text)).toBe(expected);
  });
  it('leaves unknown ones to the shell where it may', () => {
    expect(expand('$NO ${NO} $A', true)).toBe('$NO ${NO} alpha');
  });
  it('stops at its limit', () => {
    const big = { variable: () => 'x'.repeat(LONGEST), onMissingBrace: () => undefined };
    expect(expandVariables('$a$a$a', big, false)).toHaveLength(LONGEST);
  });
});

describe('codes', () => {
  it.each([
    ['&lt;&amp;&eacute;&nosuch;', '<&\xe9&nosuch;'],
    ['&#65;&#7;&#160;&#161;&#300;&#x41;', 'A\xa1'],
    ['& &; &LT;', '& &; &LT;'],
  ])('%s', (text, expected) => {
    expect(decodeEntities(text)).toBe(expected);
  });
  it('apply in the order they are named', () => {
    const code = encodingOf('entity, url');
    expect(typeof code === 'string' ? code : code('<')).toBe('&lt;');
    expect(encodingOf('url,rot13')).toBe('rot13');
    expect(decodingOf('Base64,none,,')).toBeTypeOf('function');
    expect(decodingOf('constructor')).toBe('constructor');
  });
  it('come back', () => {
    for (const name of ['url', 'urlencoded', 'base64', 'entity']) {
      const encode = encodingOf(name);
      const decode = decodingOf(name);
      if (typeof encode === 'string' || typeof decode === 'string') throw new Error(name);
      const text = fc.string({
        unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)),
      });
      fc.assert(fc.property(text, (value) => decode(encode(value)) === value));
    }
  });
});

describe('nameBelow', () => {
  it.each([
    ['a.txt', 'a.txt'],
    ['d/./../a', 'a'],
    ['../a', undefined],
    ['d/../../a', undefined],
    ['/etc/passwd', undefined],
    ['', undefined],
    ['a\0', undefined],
  ])('%s', (path, expected) => {
    expect(nameBelow(path)).toBe(expected);
  });
});

describe('evaluateLegacy', () => {
  function evaluate(expression: string): unknown {
    const result = evaluateLegacy(expression, {
      expand,
      canAccess: (uri) => uri === '/yes',
      onMatch: () => undefined,
      onBadPattern: () => undefined,
    });
    return typeof result === 'boolean' ? result : 'tag' in result ? result.tag : result;
  }
  it.each<[string, boolean | string]>([
    ['', false],
    ['$A', true],
    ['$NO', false],
    ['$A=alpha&&$B=beta', true],
    ['$A = alpha && $B = gamma || $A', true],
    ['$NO || $A && $NO', false],
    ['hello world = hello   world', true],
    ['!($A = beta)', true],
    ['$A = /^al(ph)a$/', true],
    ['$A != /x/', true],
    ['$A < $B', true],
    ['$A = /al', true],
    ["$A = 'al", false],
    ['()', true],
    ['!', false],
    ['-A /yes', true],
    ['-A /no', false],
    ['!-A /no && $A', true],
    ['-A', 'AH01335'],
    ['$A =', 'AH01333'],
    ['$A &&', 'AH01332'],
    ['$A <', 'AH01334'],
    ['= $A', 'AH03188'],
    ['/x/', 'AH03188'],
    ['$A = a = a', 'AH03188'],
    ['(a) (b)', 'AH03188'],
    ['a)', 'AH03189'],
    ['(a', 'AH03191'],
    ['!a = b', 'AH03188'],
    ['$A = /(/', true],
  ])('%s', (expression, expected) => {
    expect(evaluate(expression)).toBe(expected);
  });
  it('is not brought down by depth', () => {
    expect(evaluate(`${'('.repeat(20_000)}a${')'.repeat(20_000)}`)).toBe('AH03188');
    expect(evaluate('a && '.repeat(20_000))).toBe('AH03188');
  });
  it('answers or fails, whatever it is given', () => {
    const token = fc.constantFrom(
      '(',
      ')',
      '!',
      '&&',
      '||',
      '=',
      '!=',
      '<',
      '>=',
      '/x/',
      "'",
      'a',
      '$A',
      '-A ',
      ' ',
      '\\',
      '/',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 20 }), (tokens) => {
        expect(['boolean', 'string']).toContain(typeof evaluate(tokens.join('')));
      }),
    );
  });
});
