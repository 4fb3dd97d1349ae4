import { describe, expect, it } from 'vitest';
import { compilePattern, mergeServer } from '../../../../src/modules/mappers/mod_userdir.ts';

describe('compilePattern', () => {
  const homeOf = (user: string): string | undefined => (user === 'anna' ? '/home/anna' : undefined);
  it.each([
    ['public_html', 'anna', { directory: '/home/anna/public_html' }],
    ['public_html', 'bob', undefined],
    ['/www', 'bob', { directory: '/www/bob' }],
    ['/www/*/web', 'bob', { directory: '/www/bob/web' }],
    ['/www/*', 'bob', { directory: '/www/bob' }],
    ['http://x.test/*', 'bob', { url: 'http://x.test/bob' }],
    ['http://x.test/*/y', 'bob', { url: 'http://x.test/bob' }],
    ['http://x.test/', 'bob', undefined],
  ])('%s of %s', (pattern, user, expected) => {
    expect(compilePattern(pattern)(user, homeOf)).toEqual(expected);
  });
});

describe('mergeServer', () => {
  it('does not take over names', () => {
    const patterns = [compilePattern('a')];
    const base = { patterns, isDisabled: true, enabledUsers: new Set(['x']) };
    expect(mergeServer(base, { isDisabled: false })).toEqual({ patterns, isDisabled: false });
  });
});
