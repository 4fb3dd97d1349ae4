import { expect, it } from 'vitest';
import { atoi } from '../../../../../src/modules/mappers/mod_rewrite/numbers.ts';

it.each([
  ['5', 5],
  [' \t+7x', 7],
  ['-12', -12],
  ['', 0],
  ['x5', 0],
  ['- 5', 0],
  ['2147483647', 2147483647],
  ['2147483648', -2147483648],
  ['4294967301', 5],
  ['9999999999999999999999999', -1],
  ['-9999999999999999999999999', 0],
])('atoi(%j) is %j', (text, number) => {
  expect(atoi(text)).toBe(number);
});
