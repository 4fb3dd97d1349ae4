import { expect, it } from 'vitest';
import { errnoPrefix, errorPrefix, systemError } from '../../../src/lib/error-text.ts';

it.each([
  ['ECONNREFUSED', '(111)Connection refused'],
  ['ENOENT', '(2)No such file or directory'],
  ['ECONNRESET', '(104)Connection reset by peer'],
  ['closed', undefined],
])('%s', (code, text) => {
  expect(systemError(code)).toBe(text);
});

it('prefixes', () => {
  expect(errnoPrefix(13)).toBe('(13)Permission denied: ');
  expect(errnoPrefix(999, 'odd')).toBe('(999)odd: ');
  expect(errorPrefix(Object.assign(new Error('no'), { errno: -98 }))).toBe('(98)Address already in use: ');
  expect(errorPrefix(new Error('no'))).toBe('');
});
