import { describe, expect, it } from 'vitest';
import { shortSize } from '../../../../src/lib/short-size.ts';
import { compileUtcStrftime } from '../../../../src/lib/strftime.ts';
import { acceptsBrotli } from '../../../../src/modules/filters/mod_brotli/index.ts';

describe('acceptsBrotli', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['br', true],
    ['BR', true],
    ['gzip, br', true],
    ['brotli', false],
    ['*', false],
    ['br;q=0', false],
    ['br; q=0', false],
    ['br;q=0.000', false],
    ['br;q=0.0000', true],
    ['br;q=0.001', true],
    ['br ; q = 0', true],
    ['br, br;q=0', true],
  ])('%s', (field, expected) => {
    expect(acceptsBrotli(field)).toBe(expected);
  });
});

describe('what pages show', () => {
  it.each([
    [0, '  0 '],
    [972, '972 '],
    [973, '1.0K'],
    [9300, '9.1K'],
    [10_200, ' 10K'],
    [1_100_000, '1.0M'],
    [-1, '  - '],
  ])('%d bytes', (size, text) => {
    expect(shortSize(size)).toBe(text);
  });
  it('has dates in UTC', () => {
    expect(compileUtcStrftime('%a %Y-%m-%d %H:%M:%S %Z %z %j')(1704164645)).toBe(
      'Tue 2024-01-02 03:04:05 GMT +0000 002',
    );
  });
});
