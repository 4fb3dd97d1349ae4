import { describe, expect, it } from 'vitest';
import { parseAddress, parsePort, splitHostPort } from '../../../../src/modules/core/addresses.ts';

describe('host and port', () => {
  it.each([
    ['localhost:80', { host: 'localhost', port: '80' }],
    ['[::1]:80', { host: '::1', port: '80' }],
    ['[fe80::1%eth0]:80', { host: 'fe80::1%eth0', port: '80' }],
    ['[::1]', { host: '::1', port: undefined }],
    ['*:80', { host: '*', port: '80' }],
    [':80', { host: undefined, port: '80' }],
    ['80', { host: '80', port: undefined }],
    ['[nonsense]:80', 'Invalid address or port'],
    ['::1', 'Invalid address or port'],
  ])('%s', (word, expected) => {
    expect(splitHostPort(word)).toEqual(expected);
  });
});

it.each([
  ['1', 1],
  ['65535', 65535],
  ['0', undefined],
  ['65536', undefined],
  ['+1', undefined],
  ['', undefined],
  ['000080', undefined],
])('port %j is %s', (text, port) => {
  expect(parsePort(text)).toBe(port);
});

describe('addresses of virtual hosts', () => {
  it.each([
    ['*', { name: '*', host: undefined, port: 0 }],
    ['_Default_', { name: '_default_', host: undefined, port: 0 }],
    ['_default_:443', { name: '_default_', host: undefined, port: 443 }],
    ['*:80', { name: '*', host: undefined, port: 80 }],
    ['*:*', { name: '*', host: undefined, port: 0 }],
    ['example.test:80', { name: 'example.test', host: 'example.test', port: 80 }],
    ['example.test:x', { name: 'example.test:x', host: 'example.test:x', port: 0 }],
    ['[::1]:80', { name: '::1', host: '::1', port: 80 }],
  ])('%s', (word, expected) => {
    expect(parseAddress(word)).toEqual({ text: word, ...expected });
  });
  it.each([
    ['80', 'Missing address for VirtualHost'],
    ['70000', 'The address or port is invalid'],
    ['*:70000', 'The address or port is invalid'],
    [':80', 'The address or port is invalid'],
  ])('%s is refused', (word, message) => {
    expect(parseAddress(word)).toBe(message);
  });
});
