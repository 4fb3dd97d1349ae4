import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePcre } from '../../../../../src/lib/pcre/index.ts';
import type { ProxyAlias } from '../../../../../src/modules/proxy/shared/config.ts';
import {
  applyPass,
  interpolate,
  prefixLength,
  servletPath,
} from '../../../../../src/modules/proxy/shared/pass.ts';

function alias(from: string, to: string, more: Partial<ProxyAlias> = {}): ProxyAlias {
  return {
    from,
    to,
    regex: undefined,
    isNocanon: false,
    isInterpolated: false,
    mapping: 'decoded',
    ...more,
  };
}

describe('prefixLength', () => {
  it.each([
    ['/app/x', '/app', 4],
    ['/app/x', '/app/', 5],
    ['/appx', '/app', 0],
    ['/app', '/app', 4],
    ['/app', '/app/', 0],
    ['//app///x', '/app/', 8],
    ['/x', '/', 1],
    ['/', '/examples', 0],
    ['/a b/c', '/a b/', 5],
  ])('%s below %s: %i', (path, prefix, expected) => {
    expect(prefixLength(path, prefix)).toBe(expected);
  });
});

describe('applyPass', () => {
  const url = (given: ProxyAlias, path: string, target = path): string => {
    const result = applyPass(given, path, target);
    return result.kind === 'proxied'
      ? `${result.url}${result.isRaw ? ' raw' : ''}${result.isMismatch ? ' mismatch' : ''}`
      : result.kind;
  };

  it.each<[string, ProxyAlias, string, string | undefined, string]>([
    ['a prefix', alias('/app', 'fcgi://h/srv'), '/app/x', undefined, 'fcgi://h/srv/x'],
    ['slashes on one side only', alias('/two/', 'fcgi://h/app'), '/two/x', undefined, 'fcgi://h/appx'],
    ['an exclusion', alias('/app', '!'), '/app/x', undefined, 'excluded'],
    ['another path', alias('/app', 'fcgi://h'), '/other', undefined, 'none'],
    ['nocanon', alias('/r', 'fcgi://h', { isNocanon: true }), '/r/a b', '/r/a%20b?q', 'fcgi://h/a%20b?q raw'],
    [
      'nocanon of a path sent otherwise',
      alias('/r', 'fcgi://h', { isNocanon: true }),
      '/r/a',
      '/%72/a',
      'fcgi://h/a mismatch',
    ],
    [
      'a pattern',
      alias('', 'fcgi://h/$1.x', { regex: compilePcre('^/m/(.*)$') }),
      '/m/a/b',
      undefined,
      'fcgi://h/a/b.x',
    ],
    [
      'a pattern without groups in the URL',
      alias('', 'fcgi://h', { regex: compilePcre('^/m') }),
      '/m/a',
      undefined,
      'fcgi://h/m/a',
    ],
    [
      'a pattern as exclusion',
      alias('', '!', { regex: compilePcre('\\.gif$') }),
      '/a.gif',
      undefined,
      'excluded',
    ],
    [
      'a pattern that is longer than can be',
      alias('', `fcgi://h/${'$1'.repeat(40)}`, { regex: compilePcre('^/(.*)$') }),
      `/${'x'.repeat(3000)}`,
      undefined,
      'too-long',
    ],
  ])('%s', (_what, given, path, target, expected) => {
    expect(url(given, path, target)).toBe(expected);
  });

  it.each([
    ['/servlet/app/x', '/x'],
    ['/servlet;v=1/app;id=3/x;y=z/w', ';id=3/x;y=z/w'],
    ['/servlet//app/./x', '/./x'],
    ['/a/../servlet/app', ''],
  ])('mapping=servlet: %s', (path, rest) => {
    expect(url(alias('/servlet/app', 'http://h/app', { mapping: 'servlet' }), path)).toBe(
      `http://h/app${rest}`,
    );
  });
});

describe('servletPath', () => {
  it.each([
    ['/a;b/c', '/a/c'],
    ['/a/..;x/b', '/b'],
    ['/../a', '/a'],
    ['/a/.', '/a/'],
    ['/a//b/', '/a/b/'],
    ['/', '/'],
  ])('%s is %s', (path, expected) => {
    expect(servletPath(path).path).toBe(expected);
  });

  it('knows where every character stood', () => {
    const paths = fc
      .array(fc.constantFrom('/', 'a', 'b', '.', '..', ';p', '//'))
      .map((parts) => `/${parts.join('')}`);
    fc.assert(
      fc.property(paths, (path) => {
        const { path: clean, offsets } = servletPath(path);
        expect(offsets).toHaveLength(clean.length + 1);
        for (const [i, char] of [...clean].entries()) expect(path[offsets[i] as number]).toBe(char);
      }),
    );
  });
});

it('interpolate() fills in variables, and nothing for those not set', () => {
  const variable = (name: string): string | undefined => (name === 'A' ? 'x' : undefined);
  const text = ['/$', '{A}/$', '{B}/$A/$', '{'].join('');
  expect(interpolate(text, variable)).toBe(['/x//$A/$', '{'].join(''));
});
