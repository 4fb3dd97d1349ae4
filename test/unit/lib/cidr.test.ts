import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CidrError, createIpSubnet, IpSubnet, parseIpAddress, parseSubnet } from '../../../src/lib/cidr.ts';

/** Recorded from apr_ipsubnet_create() and apr_ipsubnet_test(): network, mask, address, answer or error. */
const CASES: readonly (readonly [string, string | undefined, string, boolean | string])[] = [
  ['10', undefined, '10.0.0.1', true],
  ['10.', undefined, '10.1.2.3', true],
  ['10.1', undefined, '10.1.255.3', true],
  ['10.1.', undefined, '10.1.2.3', true],
  ['10.1.2', undefined, '10.1.2.9', true],
  ['10.1.2.', undefined, '10.1.3.9', false],
  ['10.1.2.3', undefined, '10.1.2.3', true],
  ['10.1.2.3.', undefined, '10.1.2.3', true],
  ['10.1.2.3', '8', '10.9.9.9', true],
  ['10', '8', '10.9.9.9', 'EBADIP'],
  ['10.1', '16', '10.1.2.3', 'EBADIP'],
  ['10.1.2.3', '0', '1.2.3.4', 'EBADMASK'],
  ['10.1.2.3', '32', '10.1.2.3', true],
  ['10.1.2.3', '33', '10.1.2.3', 'EBADMASK'],
  ['10.1.2.3', '-1', '10.1.2.3', 'EBADMASK'],
  ['10.1.2.3', '+8', '10.1.2.3', true],
  ['10.1.2.3', '08', '10.1.2.3', true],
  ['10.1.2.3', '8x', '10.1.2.3', 'EBADMASK'],
  ['10.1.2.3', '255.255.0.0', '10.1.9.9', true],
  ['10.1.2.3', '255.255', '10.1.9.9', 'EBADMASK'],
  ['10.1.2.3', '255.255.255.256', '10.1.9.9', 'EBADMASK'],
  ['10.1.2.3', '255.0.255.0', '10.7.2.9', true],
  ['10.1', '255.255.0.0', '10.1.2.3', 'EBADIP'],
  ['10.1.2.3', '', '10.1.2.3', 'EBADMASK'],
  ['1.2.3.4.5', undefined, '1.2.3.4', 'EBADIP'],
  ['01.2.3.4', undefined, '1.2.3.4', true],
  ['1.2.3.04', undefined, '1.2.3.4', true],
  ['01.2', undefined, '1.2.3.4', true],
  ['001.2', undefined, '1.2.3.4', true],
  ['0001.2', undefined, '1.2.3.4', true],
  ['1.2.3.256', undefined, '1.2.3.4', 'EBADIP'],
  ['1.256', undefined, '1.2.3.4', 'EBADIP'],
  ['256', undefined, '1.2.3.4', 'EBADIP'],
  ['300', undefined, '1.2.3.4', 'EBADIP'],
  ['0x10', undefined, '16.0.0.1', 'EINVAL'],
  ['1..2', undefined, '1.2.3.4', 'EBADIP'],
  ['.1', undefined, '1.2.3.4', 'EBADIP'],
  ['1', undefined, '1.2.3.4', true],
  ['0', undefined, '0.0.0.1', true],
  ['1.2.3.4x', undefined, '1.2.3.4', 'EINVAL'],
  ['x.1', undefined, '1.2.3.4', 'EINVAL'],
  ['foo', undefined, '1.2.3.4', 'EINVAL'],
  ['all', undefined, '1.2.3.4', 'EINVAL'],
  ['::', undefined, '::1', false],
  ['::1', undefined, '::1', true],
  ['::1', '64', '::2', true],
  ['::', '0', '::2', 'EBADMASK'],
  ['::', '0', '1.2.3.4', 'EBADMASK'],
  ['fe80::', undefined, 'fe80::1', false],
  ['fe80::', '10', 'fe81::1', true],
  ['fe80::', '10', 'fec0::1', false],
  ['fe80::1%lo', undefined, 'fe80::1', 'EBADIP'],
  ['2001:db8::', '32', '2001:db8:1::1', true],
  ['2001:db8::', '129', '2001:db8:1::1', 'EBADMASK'],
  ['2001:db8::', 'ffff::', '2001:db8:1::1', 'EBADMASK'],
  ['::ffff:1.2.3.4', undefined, '1.2.3.4', 'EBADIP'],
  ['::ffff:1.2.3.4', undefined, '::ffff:1.2.3.4', 'EBADIP'],
  ['::ffff:1.2.3.4', '128', '1.2.3.4', 'EBADIP'],
  ['::ffff:1.2.3.4', '96', '1.2.9.9', 'EBADIP'],
  ['1.2.3.4', undefined, '::ffff:1.2.3.4', true],
  ['1.2', '16', '::ffff:1.2.3.4', 'EBADIP'],
  ['1.2', undefined, '::ffff:1.2.9.4', true],
  ['10.1.2.3', '8', '::ffff:10.9.9.9', true],
  ['[::1]', undefined, '::1', 'EBADIP'],
  ['1:2:3:4:5:6:7:8', undefined, '1:2:3:4:5:6:7:8', true],
  ['1:2:3', undefined, '1:2:3::', 'EBADIP'],
  ['12345::', undefined, '::1', 'EBADIP'],
  ['::g', undefined, '::1', 'EBADIP'],
  ['1.2.3', '24', '1.2.3.4', 'EBADIP'],
  ['127.1', undefined, '127.1.0.1', true],
  ['1.2.3.4', '255.255.255.0', '1.2.3.99', true],
  ['1.2.3.4', '24.0', '24.2.3.4', 'EBADMASK'],
  ['1.2.3.4', '1.2.3.4.5', '1.2.3.4', 'EBADMASK'],
  ['2130706433', undefined, '127.0.0.1', 'EBADIP'],
  ['10.1.2.3..', undefined, '10.1.2.3', 'EBADIP'],
  ['.', undefined, '1.2.3.4', 'EBADIP'],
  ['..', undefined, '1.2.3.4', 'EBADIP'],
  ['1.2.3.4..', undefined, '1.2.3.4', 'EBADIP'],
  ['000000001.2', undefined, '1.2.3.4', true],
  ['10.1.2.3', '', '10.1.2.3', 'EBADMASK'],
  ['1.2.3.04', '8', '1.2.3.4', true],
  ['::1', '+64', '::9', true],
  ['::1', '255.255.0.0', '::2', 'EBADMASK'],
];

function answer(network: string, mask: string | undefined, address: string): boolean | string {
  try {
    return createIpSubnet(network, mask).matches(parseIpAddress(address) ?? new Uint8Array());
  } catch (error) {
    if (error instanceof CidrError) return error.code;
    throw error;
  }
}

describe('subnets', () => {
  it.each(CASES)('%s mask %s on %s', (network, mask, address, expected) => {
    expect(answer(network, mask, address)).toBe(expected);
  });
});

describe("httpd's sentences", () => {
  it.each([
    ['foo', "ip address 'foo' appears to be invalid"],
    ['1..2', "ip address '1..2' appears to be invalid: The specified IP address is invalid."],
    ['1.2.3.4/33', "ip address '1.2.3.4/33' appears to be invalid: The specified network mask is invalid."],
    ['10.1/16', "ip address '10.1/16' appears to be invalid: The specified IP address is invalid."],
    ['::1/129', "ip address '::1/129' appears to be invalid: The specified network mask is invalid."],
    ['1.2.3.4/', "ip address '1.2.3.4/' appears to be invalid: The specified network mask is invalid."],
    ['1.2.3.4/8/9', "ip address '1.2.3.4/8/9' appears to be invalid: The specified network mask is invalid."],
  ])('%s', (text, message) => {
    expect(() => parseSubnet(text)).toThrow(message);
  });

  it('takes a dotted mask', () => {
    expect(parseSubnet('10.1.2.3/255.255.0.0')).toBeInstanceOf(IpSubnet);
  });
});

describe('addresses', () => {
  it.each([
    ['1.2.3.4', [1, 2, 3, 4]],
    ['::ffff:1.2.3.4', [1, 2, 3, 4]],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['fe80::1%eth0', [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['64:ff9b::10.0.0.1', [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['host', null],
    ['', null],
    ['1.2.3', null],
  ])('%s', (text, bytes) => {
    const parsed = parseIpAddress(text);
    expect(parsed && [...parsed]).toEqual(bytes);
  });
});

describe('properties', () => {
  const bits = (bytes: readonly number[]): string =>
    bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const v4 = fc.array(fc.constantFrom(0, 1, 10, 127, 128, 200, 254, 255), { minLength: 4, maxLength: 4 });
  const v6 = fc.array(fc.constantFrom(0, 1, 0x20, 0x80, 0xfe, 0xff), { minLength: 16, maxLength: 16 });
  const text6 = (bytes: readonly number[]): string =>
    Array.from({ length: 8 }, (_, i) =>
      ((bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0)).toString(16),
    ).join(':');

  it('a mask of n bits compares the first n bits', () => {
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 1, max: 32 }), (network, address, count) => {
        const expected = bits(network).slice(0, count) === bits(address).slice(0, count);
        expect(answer(network.join('.'), String(count), address.join('.'))).toBe(expected);
        expect(answer(network.join('.'), String(count), `::ffff:${address.join('.')}`)).toBe(expected);
      }),
    );
    fc.assert(
      fc.property(v6, v6, fc.integer({ min: 1, max: 128 }), (network, address, count) => {
        const mixed = [...network.slice(0, count >> 3), ...address.slice(count >> 3)];
        const expected = bits(network).slice(0, count) === bits(mixed).slice(0, count);
        expect(answer(text6(network), String(count), text6(mixed))).toBe(expected);
      }),
    );
  });

  it('a dotted mask of leading ones equals its count', () => {
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 1, max: 32 }), (network, address, count) => {
        const ones = '1'.repeat(count).padEnd(32, '0');
        const dotted = [0, 8, 16, 24].map((at) => Number.parseInt(ones.slice(at, at + 8), 2)).join('.');
        expect(answer(network.join('.'), dotted, address.join('.'))).toBe(
          answer(network.join('.'), String(count), address.join('.')),
        );
      }),
    );
  });

  it('never throws anything but CidrError', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0129.:/fg%- '.split('')), maxLength: 16 }),
        (text) => {
          try {
            expect(parseSubnet(text)).toBeInstanceOf(IpSubnet);
          } catch (error) {
            expect(error).toBeInstanceOf(CidrError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
