import { describe, expect, it } from 'vitest';
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
