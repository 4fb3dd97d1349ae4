import { expect, it } from 'vitest';
import { kibibytes } from '../../../../src/modules/filters/mod_ratelimit.ts';

it.each([
  ['10', 10240],
  ['abc', 0],
  ['-1', 0],
  ['0', 0],
  ['2097152', 0],
  ['400 KiB', 409600],
])('rate-limit %s is %d bytes a second', (text, bytes) => {
  expect(kibibytes(text)).toBe(bytes);
});
