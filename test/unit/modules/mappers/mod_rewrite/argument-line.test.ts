import { describe, expect, it } from 'vitest';
import {
  parseArgumentLine,
  parseFlagField,
} from '../../../../../src/modules/mappers/mod_rewrite/argument-line.ts';

describe('parseArgumentLine', () => {
  it.each([
    ['a b', 'a', 'b', undefined],
    ['  a \t b  ', 'a', 'b', undefined],
    ['a b [L]', 'a', 'b', '[L]'],
    ['a b [L] more', 'a', 'b', '[L]'],
    ['"a b" \'c d\' "[L, R]"', 'a b', 'c d', '[L, R]'],
    ['a\\ b c', 'a\\ b', 'c', undefined],
    ['"a\\" b', 'a\\', 'b', undefined],
    ['"a"b c', 'a', 'b', 'c'],
    ['a "b', 'a', 'b', undefined],
    ['a "b" ', 'a', 'b', undefined],
    ["a '' x", 'a', '', 'x'],
    ['"it\'s" b', "it's", 'b', undefined],
    ['a b\\', 'a', 'b\\', undefined],
  ])('%s', (text, first, second, third) => {
    expect(parseArgumentLine(text)).toEqual({ first, second, third });
  });
  it.each(['', '   ', 'a', '"a b', 'a\\ b'])('%j has too few words', (text) => {
    expect(parseArgumentLine(text)).toBeUndefined();
  });
});

describe('parseFlagField', () => {
  it.each([
    ['[L]', [['L', '']]],
    [
      '[ L , R=301 ]',
      [
        ['L', ''],
        ['R', '301'],
      ],
    ],
    ['[E=a:b=c]', [['E', 'a:b=c']]],
    ['[]', [['', '']]],
    [
      '[L,]',
      [
        ['L', ''],
        ['', ''],
      ],
    ],
  ])('%s', (text, flags) => {
    expect(parseFlagField(text)?.map(({ name, value }) => [name, value])).toEqual(flags);
  });
  it.each(['L', '[L', 'L]', ''])('%j is none', (text) => {
    expect(parseFlagField(text)).toBeUndefined();
  });
});
