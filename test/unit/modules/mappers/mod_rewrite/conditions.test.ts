import { describe, expect, it } from 'vitest';
import { compareTexts, parseTest } from '../../../../../src/modules/mappers/mod_rewrite/conditions.ts';

describe('parseTest', () => {
  it.each([
    ['-f', { kind: 'file', test: 'f' }, '-f'],
    ['-L', { kind: 'file', test: 'l' }, '-L'],
    ['-h', { kind: 'file', test: 'l' }, '-h'],
    ['-U', { kind: 'url-lookup' }, '-U'],
    ['-F', { kind: 'file-lookup' }, '-F'],
    ['-lt5', { kind: 'number', operator: 'lt', number: 5 }, '5'],
    ['-ge 5', { kind: 'number', operator: 'ge', number: 5 }, ' 5'],
    ['<a', { kind: 'text', operator: 'lt', text: 'a' }, 'a'],
    ['<=a', { kind: 'text', operator: 'le', text: 'a' }, 'a'],
    ['>=', { kind: 'text', operator: 'ge', text: '' }, ''],
    ['=""', { kind: 'text', operator: 'eq', text: '' }, ''],
    ['=a', { kind: 'text', operator: 'eq', text: 'a' }, 'a'],
  ])('%s', (pattern, test, operand) => {
    expect(parseTest(pattern)).toEqual({ test, operand });
  });
  it.each(['', '-', '=', '<', '-H', '-lt', '-foo', '-F ', '^-f', 'x'])('%j is a pattern', (pattern) => {
    expect(parseTest(pattern)).toBeUndefined();
  });
});

describe('compareTexts', () => {
  it.each([
    ['b', 'a', false, 1],
    ['a', 'a', false, 0],
    ['b', 'aa', false, -1],
    ['b', 'aa', true, 1],
    ['B', 'a', false, -1],
    ['B', 'a', true, 1],
    ['', '', false, 0],
  ])('%j and %j, without case %j', (a, b, ignoresCase, sign) => {
    expect(Math.sign(compareTexts(a, b, 'lt', ignoresCase))).toBe(sign);
  });
});
