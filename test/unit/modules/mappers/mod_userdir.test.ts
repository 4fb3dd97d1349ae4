import { describe, expect, it } from 'vitest';
import { mergeServer, resolvePattern } from '../../../../src/modules/mappers/mod_userdir.ts';

describe('resolvePattern', () => {
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
    expect(resolvePattern(pattern, user, homeOf)).toEqual(expected);
  });
});

describe('mergeServer', () => {
  it('does not take over names', () => {
    const base = { patterns: ['a'], isDisabled: true, enabledUsers: new Set(['x']) };
    expect(mergeServer(base, { isDisabled: false })).toEqual({ patterns: ['a'], isDisabled: false });
  });
});
