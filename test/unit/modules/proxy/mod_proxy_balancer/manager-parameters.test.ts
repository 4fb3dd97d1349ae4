import { describe, expect, it } from 'vitest';
import { atof } from '../../../../../src/modules/proxy/mod_proxy_balancer/manager-change.ts';
import {
  hostOfReferer,
  parseParameters,
} from '../../../../../src/modules/proxy/mod_proxy_balancer/manager-parameters.ts';

describe('parameters', () => {
  it.each([
    ['a=1&A=2', { a: '2' }],
    ['a', { a: '' }],
    ['a=%2541', { a: 'A' }],
    ['a=x%00y', { a: 'x' }],
    ['a=%zz+b', { a: '%zz+b' }],
    ['__proto__=1', { ['__proto__']: '1' }],
  ])('%s', (text, expected) => {
    expect([...parseParameters(text, false)]).toEqual(Object.entries(expected));
  });

  it('of links select and change nothing', () => {
    expect([...parseParameters('b=x&w_lf=3&xml&B=y', true).keys()]).toEqual(['b', 'xml']);
  });
});

describe('the host of a Referer', () => {
  it.each([
    ['http://h:1/x', 'h'],
    ['//h', 'h'],
    ['http://u:p@h/', 'h'],
    ['http://[::1]:80/', '::1'],
    ['http://h@evil/', 'evil'],
    ['http://evil/@h', 'evil'],
    ['http://h:port/', undefined],
    ['h', undefined],
    [undefined, undefined],
  ])('%s', (referer, expected) => {
    expect(hostOfReferer(referer)).toBe(expected);
  });
});

it.each([
  ['3x', 3],
  ['0x10', 16],
  ['-1e1', -10],
  ['nan', 0],
  ['', 0],
  ['.5', 0.5],
])('atof(%s)', (text, expected) => {
  expect(atof(text)).toBe(expected);
});
