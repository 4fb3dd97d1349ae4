import { describe, expect, it } from 'vitest';
import { cookieValue, pathParameter } from '../../../../../src/modules/proxy/mod_proxy_balancer/sticky.ts';

describe('pathParameter', () => {
  it.each([
    ['/x?js=a.r2', false, 'a.r2'],
    ['/x;js=a.r2', false, 'a.r2'],
    ['/x;js=a.r2;z=1?q', false, 'a.r2;z=1'],
    ['/x;js=a.r2;z=1?q', true, 'a.r2'],
    ['/x?js=a.r2&b', false, 'a.r2'],
    ['/xjs=a.r2/b', false, 'a.r2/b'],
    ['/js?xjs=1', false, '1'],
    ['/x?js=&js=a', false, 'js=a'],
    ['/x?js=', false, undefined],
    ['/x?JS=a', false, undefined],
    ['/x?jsx=a', false, undefined],
    ['', false, undefined],
  ])('%s (semicolon: %s) holds %s', (url, endsAtSemicolon, expected) => {
    expect(pathParameter(url, 'js', endsAtSemicolon)).toBe(expected);
  });
});

describe('cookieValue', () => {
  it.each([
    ['JS=a.r2', 'a.r2'],
    ['XJS=a.r1; JS = a.r2', ' a.r2'],
    ['a=b;JS=a.r2,JS=b', 'a.r2'],
    ['JS=; JS=a', ''],
    ['JS=', undefined],
    ['JS', undefined],
    ['JSX=a', undefined],
    ['js=a', undefined],
    ['x=JS=a', undefined],
    ['', undefined],
  ])('of "%s" is %s', (cookies, expected) => {
    expect(cookieValue(cookies, 'JS')).toBe(expected);
  });
});
