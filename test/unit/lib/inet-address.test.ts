import { describe, expect, it } from 'vitest';
import { formatIpAddress, parseInetAddress, parseNumericAddress } from '../../../src/lib/inet-address.ts';

describe('parseInetAddress', () => {
  it.each([
    ['9.8.7.6', [9, 8, 7, 6]],
    ['9.8.7', [9, 8, 0, 7]],
    ['9.8', [9, 0, 0, 8]],
    ['151521030', [9, 8, 7, 6]],
    ['0x9080706', [9, 8, 7, 6]],
    ['011.0x8.7.6', [9, 8, 7, 6]],
    ['1.65535', [1, 0, 255, 255]],
    ['0', [0, 0, 0, 0]],
  ])('reads %s', (text, bytes) => {
    expect([...(parseInetAddress(text) ?? [])]).toEqual(bytes);
  });
  it.each([
    '',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.256',
    '4294967296',
    '08.1.1.1',
    'a',
    '1..2',
    '1.2.3.4:80',
    '-1',
  ])('refuses %j', (text) => {
    expect(parseInetAddress(text)).toBeUndefined();
  });
});

describe('formatIpAddress', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:0:2:0:0:3:0:0', '1:0:2::3:0:0'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
  ])('writes %s as %s', (text, written) => {
    const address = parseNumericAddress(text);
    expect(address === undefined ? undefined : formatIpAddress(address)).toBe(written);
  });
});
