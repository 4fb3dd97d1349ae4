import { describe, expect, it } from 'vitest';
import { parseMap } from '../../../../../src/modules/mappers/mod_rewrite/maps.ts';
import type { Pass } from '../../../../../src/modules/mappers/mod_rewrite/pass.ts';
import {
  compileEscapes,
  compileTemplate,
  expand,
  expandSubstitution,
  isTooDeep,
} from '../../../../../src/modules/mappers/mod_rewrite/template.ts';

function passOf(): Pass {
  const up = parseMap({
    name: 'up',
    source: 'int:toupper',
    user: undefined,
    serverRootRelative: (p) => p,
    warn: () => undefined,
  });
  return {
    trace: 0,
    ruleGroups: ['whole', 'one', '', undefined, 'fo?r'],
    conditionGroups: ['cond', 'c1'],
    maps: new Map([['up', up]]),
    varyOfCondition: '',
    hasUnsafeQuestion: false,
    r: {
      uri: '/u',
      filename: '/f',
      getNote: () => undefined,
      getEnv: (n: string) => (n === 'X' ? 'env' : undefined),
      headersIn: new Map([['x-a', 'field']]),
    },
  } as unknown as Pass;
}

describe('expansion', () => {
  it.each([
    ['text', 'text'],
    ['', ''],
    ['$0-$1-$2-$3-$9-%0-%1-%2', 'whole-one----cond-c1-'],
    ['\\$1\\%1\\\\\\x\\', '$1%1\\x\\'],
    ['$ % $x %y $', '$ % $x %y $'],
    ['%{REQUEST_URI}|%{request_uri}|%{NOPE}|%{}|%{X}', '/u|/u|||'],
    ['%{ENV:X}|%{env:X}|%{ENV:}|%{ABC:X}|%{ABCD:X}', 'env|env|||'],
    ['%{HTTP:X-A}|%{HTTP_X_A}', 'field|'],
    ['${up:a$1}', 'AONE'],
    ['${up:${up:x}y|z}', 'XY'],
    ['${none:a|b-$1}', 'b-one'],
    ['${none:a|${up:b}}${none:a|}${none:a}', 'B'],
    ['${up}${${up:a', '${up}${${up:a'],
    ['%{REQUEST_URI', '%{REQUEST_URI'],
  ])('%s', (text, expected) => {
    expect(expand(compileTemplate(text), passOf())).toBe(expected);
  });

  it.each([
    ['/$4', true],
    ['/a?b=$4', false],
    ['/$4?', true],
    ['/x\\?$4', true],
    ['/x\\?y', false],
    ['/x\\??$4', false],
    ['/$1?$4', false],
  ])('%s lets a foreign question mark through: %s', (text, isUnsafe) => {
    const pass = passOf();
    void expandSubstitution(compileTemplate(text), pass);
    expect(pass.hasUnsafeQuestion).toBe(isUnsafe);
  });

  it('knows texts, and whether groups of the rule are needed', () => {
    expect(compileTemplate('a\\$1').constant).toBe('a$1');
    expect(compileTemplate('%1').usesRule).toBe(false);
    expect(compileTemplate('$1').usesRule).toBe(true);
    expect(compileTemplate('${up:x|$1}').usesRule).toBe(true);
  });
});

describe('hostile templates', () => {
  it.each(['${', '%{', '${a:', '${a:x}', '%{X}', '{', '}', '${a:b|'])(
    'takes many of %s in linear time',
    (piece) => {
      const text = piece.repeat(300_000 / piece.length);
      expect(compileTemplate(text).parts.length).toBeGreaterThanOrEqual(0);
    },
  );
  it('knows what is nested too deep to be expanded', () => {
    const nested = (depth: number): string => '${up:'.repeat(depth) + '}'.repeat(depth);
    expect(isTooDeep(nested(100))).toBe(false);
    expect(isTooDeep(nested(101))).toBe(true);
    expect(isTooDeep('${'.repeat(1000))).toBe(false);
  });
});

describe('compileEscapes', () => {
  const plain = { only: undefined, never: undefined, noPlus: false, controls: false };
  it.each([
    ['a b/c_d.e\xe9%?', plain, 'a+b%2fc_d%2ee%e9%25%3f'],
    ['a b', { ...plain, noPlus: true }, 'a%20b'],
    ['a b?c&d', { ...plain, only: ' ?' }, 'a+b%3fc&d'],
    ['a b/c', { ...plain, never: '/ ' }, 'a b/c'],
    ['a b?\n\x7f\xe9', { ...plain, controls: true }, 'a+b?%0a%7f\xe9'],
    ['a b?&', { ...plain, controls: true, only: '&' }, 'a+b?%26'],
  ])('%j', (text, escapes, expected) => {
    expect(compileEscapes(escapes)(text)).toBe(expected);
  });
});
