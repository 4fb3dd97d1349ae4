import { describe, expect, it } from 'vitest';
import { isNativelyExact } from '../../../../src/lib/pcre/analyse.ts';
import { longestBoundedSubject } from '../../../../src/lib/pcre/effort.ts';
import { compilePcre } from '../../../../src/lib/pcre/index.ts';
import { parsePattern } from '../../../../src/lib/pcre/parse.ts';

const ENDS_SOON: readonly (readonly [string, { ignoreCase?: boolean }])[] = [
  ['^1/(a+)+$', {}],
  ['^1/(A+)+$', { ignoreCase: true }],
  ['^1/(a|aa)+$', {}],
  ['^1/(\\w+\\s?)+$', {}],
  ['^(?!2)1/(a+)+$', {}],
  ['^(.)/(a|aa)+\\1$', {}],
  ['^1/(?>(?:a+)+b)', {}],
  ['^1/((a{1,20}){1,20}){1,20}$', {}],
  ['^(?!2)1/.*a.*a.*a.*a.*a.*b$', {}],
  ['^(?!2)1/.*.*(?>a*)b', {}],
];
// Each would take 2^40 steps or more by backtracking, or a higher power of the length than the second.
it.each(ENDS_SOON)(
  '%s gives up on what it does not match',
  (source, flags) => {
    const pattern = compilePcre(source, flags);
    const start = performance.now();
    expect(pattern.exec(`1/${'a'.repeat(8000)}!`)).toBeNull();
    expect(performance.now() - start).toBeLessThan(60_000);
  },
  120_000,
);

it('takes no time itself for loops in loops', () => {
  const depth = 60;
  const start = performance.now();
  compilePcre(`^(?!x)${'('.repeat(depth)}a${'b)+c'.repeat(depth)}$`);
  expect(performance.now() - start).toBeLessThan(2000);
});

it('finds the same groups after many backtracks', () => {
  const subject = `${'a'.repeat(28)}!-${'b'.repeat(3)}`;
  const match = compilePcre('^(?:(?:a+)+$|(a+)!-(b+))').exec(subject);
  expect(Array.from(match?.groups ?? [])).toEqual([subject, 'a'.repeat(28), 'bbb']);
});

it.each([10, 1000])('finds the same for short and for long subjects: %d', (length) => {
  const end = 'c'.repeat(length);
  const match = compilePcre('^(/.+)/(.*)::\\2$').exec(`/a/b/${end}::${end}`);
  expect(Array.from(match?.groups ?? [])).toEqual([`/a/b/${end}::${end}`, '/a/b', end]);
});

const boundOf = (source: string): number => {
  const pattern = parsePattern(source, {
    ignoreCase: false,
    extended: 0,
    dotAll: true,
    multiline: false,
    dollarEndOnly: true,
    ungreedy: false,
    noAutoCapture: false,
  });
  expect(isNativelyExact(pattern)).toBe(true);
  return longestBoundedSubject(pattern);
};

describe('the longest subject that is left to a RegExp', () => {
  it.each([
    '^(?!index\\.php)',
    '^(?!index\\.php)(.*)$',
    '^(?!/(?:admin|login)/)/([^/]+)/([^/]+)/?$',
    '^(?!.*\\.php)(?!.*\\.html)(.+)$',
    '^(?:(?!\\.php).)*$',
    '^([^/]+)/\\1$',
    '^(["\'])[^"\']*\\1$',
    '^/(?>[^/]+)/x$',
    '^/[^/]++/x$',
    '^(?:/[a-z]+)+$(?<!x)',
    '^(?!x)(?:[a-z]+-)*[0-9]{1,3}(?:\\.[0-9]{1,3}){3}$',
    '^(?=[a-f0-9]{32}$)',
    '\\.(?!php|html)[a-z]{1,20}$',
  ])('%s: any', (source) => {
    expect(boundOf(source)).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['^(?!x)(.*)/(.*)\\.php$', 4096],
    ['(.*)\\.php(?!x)', 4096],
    ['^(/.+)/(.*)::\\2$', 512],
    ['^(?!x)(a+)+$', 0],
    ['^(.)\\1(a|aa)+$', 0],
    ['((a{1,20}){1,20}){1,20}$', 0],
    ['^(?:a{1,20}){1,20}(?!b)$', 0],
    ['^(?!2)(?:a+b?)*$', 0],
    ['^(?!2)(?:[^/]*a)*$', 0],
    ['^(?!2)(?:(?:a+b)*a+)*$', 0],
    ['^(?!2)(?:a|ab|aa)*$', 0],
    ['^(?=((?:a+)+$))', 0],
    ['^(?!(?:a+)+$)2', 0],
    ['^(?:a+)++b', 0],
    ['^(?:[a-z]?x){40}(?:[a-z]?x){40}(?!y)', 0],
    ['^(.*)(.*)(.*)\\1\\2\\3b', 64],
  ])('%s: %d', (source, longest) => {
    expect(boundOf(source)).toBe(longest);
  });
});
