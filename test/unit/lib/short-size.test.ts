import { expect, it } from 'vitest';
import { shortSize } from '../../../src/lib/short-size.ts';

// As apr_strfsize() has them.
it.each([
  [-1, '  - '],
  [0, '  0 '],
  [972, '972 '],
  [973, '1.0K'],
  [1500, '1.5K'],
  [1024 * 9, '9.0K'],
  [9300, '9.1K'],
  [10_000, '9.8K'],
  [1024 * 10, ' 10K'],
  [1024 * 972, '972K'],
  [1024 * 973, '1.0M'],
  [1_100_000, '1.0M'],
  [1_500_000, '1.4M'],
  [5 * 1024 ** 3, '5.0G'],
])('%d bytes are %j', (size, text) => {
  expect(shortSize(size)).toBe(text);
});
