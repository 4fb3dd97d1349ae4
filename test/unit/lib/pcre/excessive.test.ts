import { expect, it } from 'vitest';
import { compilePcre } from '../../../../src/lib/pcre/index.ts';

// Each would take 2^40 steps or more by backtracking.
it.each([
  ['^1/(a+)+$', {}],
  ['^1/(A+)+$', { ignoreCase: true }],
  ['^1/(a|aa)+$', {}],
  ['^1/(\\w+\\s?)+$', {}],
])('%s gives up on what it does not match', (source, flags) => {
  const pattern = compilePcre(source, flags);
  const start = performance.now();
  expect(pattern.exec(`1/${'a'.repeat(60)}!`)).toBeNull();
  expect(performance.now() - start).toBeLessThan(5000);
});

it('finds the same groups after many backtracks', () => {
  const subject = `${'a'.repeat(28)}!-${'b'.repeat(3)}`;
  const match = compilePcre('^(?:(?:a+)+$|(a+)!-(b+))').exec(subject);
  expect(Array.from(match?.groups ?? [])).toEqual([subject, 'a'.repeat(28), 'bbb']);
});
