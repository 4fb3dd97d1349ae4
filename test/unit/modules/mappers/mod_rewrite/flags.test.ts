import { describe, expect, it } from 'vitest';
import {
  noRuleFlags,
  parseCondFlags,
  parseRuleFlags,
} from '../../../../../src/modules/mappers/mod_rewrite/flags.ts';

const noEscapes = { only: undefined, never: undefined, noPlus: false, controls: false };

describe('parseRuleFlags', () => {
  it.each([
    [undefined, {}],
    ['[L]', { isLast: true }],
    ['[last,NC,nocase]', { isLast: true, ignoresCase: true }],
    ['[R]', { isRedirect: true, status: 302 }],
    ['[R=301]', { isRedirect: true, status: 301 }],
    ['[redirect=Permanent]', { isRedirect: true, status: 301 }],
    ['[R=seeother]', { isRedirect: true, status: 303 }],
    ['[R=foo]', { isRedirect: true, status: 302 }],
    ['[R=404]', { isRedirect: true, isStatus: true, status: 404 }],
    ['[F]', { isStatus: true, status: 403 }],
    ['[gone]', { isStatus: true, status: 410 }],
    ['[N]', { rounds: 32000 }],
    ['[N=5]', { rounds: 5 }],
    ['[S=3]', { skip: 3 }],
    ['[skip=x]', { skip: 0 }],
    ['[E=a:b,env=!c]', { variables: ['a:b', '!c'] }],
    ['[CO=a:b:c,cookie=d]', { cookies: ['a:b:c', 'd'] }],
    ['[T=text/plain,H=x]', { type: 'text/plain', handler: 'x' }],
    [
      '[END,NS,DPI,PT,P,NE,C]',
      {
        isEnd: true,
        noSubrequest: true,
        discardsPathInfo: true,
        passesThrough: true,
        isProxy: true,
        noEscape: true,
        isChained: true,
      },
    ],
    ['[QSA,QSD,QSL]', { appendsQuery: true, discardsQuery: true, splitsAtLastQuestion: true }],
    ['[unsafeallow3f,UnsafePrefixStat,UNC]', { allowsQuestion: true, allowsPrefix: true }],
    ['[B]', { escapes: noEscapes }],
    ['[B= &]', { escapes: { ...noEscapes, only: ' &' } }],
    ['[B,BNE=/,BNP]', { escapes: { ...noEscapes, never: '/', noPlus: true } }],
    ['[BCTLS]', { escapes: { ...noEscapes, controls: true } }],
    ['[BNP,BNE=x]', {}],
  ])('%s', (text, expected) => {
    expect(parseRuleFlags(text)).toEqual({ ...noRuleFlags(), ...expected });
  });
  it.each([
    ['L', 'bad flag delimiters'],
    ['[L,]', "unknown flag ''"],
    ['[Foo]', "unknown flag 'Foo'"],
    ['[BNEG]', "unknown flag 'BNEG'"],
    ['[R=418]', "invalid HTTP response code '418' for flag 'R'"],
    ['[BNE]', "flag 'BNE' wants a list of characters (i.e. [BNE=...])"],
  ])('%s is refused', (text, error) => {
    expect(parseRuleFlags(text)).toBe(error);
  });
});

describe('parseCondFlags', () => {
  it.each([
    [undefined, [false, false, false]],
    ['[NC,OR,NV]', [true, true, true]],
    ['[nocase,ornext,novary]', [true, true, true]],
    ['[or]', [false, true, false]],
  ])('%s', (text, [ignoresCase, orNext, noVary]) => {
    expect(parseCondFlags(text)).toEqual({ ignoresCase, orNext, noVary });
  });
  it.each([
    ['[XX]', "unknown flag 'XX'"],
    ['NC', 'bad flag delimiters'],
  ])('%s is refused', (text, error) => {
    expect(parseCondFlags(text)).toBe(error);
  });
});
