import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CIPHERS,
  type CipherKind,
  decrypt,
  encrypt,
  passphraseOf,
} from '../../../../../src/modules/session/mod_session_crypto/cipher.ts';
import { sipHash } from '../../../../../src/modules/session/mod_session_crypto/siphash.ts';

const aes256 = CIPHERS.aes256 as CipherKind;

// The vectors of the reference implementation: key 00..0f, messages 00, 00 01, ...
describe('SipHash-2-4', () => {
  const key = Buffer.from(Array.from({ length: 16 }, (_, i) => i));
  it.each([
    [0, '310e0edd47db6f72'],
    [1, 'fd67dc93c539f874'],
    [7, '37d1018bf50002ab'],
    [8, '6224939a79f5f593'],
    [15, 'e545be4961ca29a1'],
    [63, '724506eb4c328a95'],
  ])('%i bytes', (length, expected) => {
    expect(sipHash(key, Buffer.from(Array.from({ length }, (_, i) => i))).toString('hex')).toBe(expected);
  });
});

/** The same in whole words of 64 bits. */
function inWords(key: Buffer, message: Buffer): string {
  const [k0, k1] = [key.readBigUInt64LE(0), key.readBigUInt64LE(8)];
  const [s0, s1, s2, s3] = ['somepseu', 'dorandom', 'lygenera', 'tedbytes'].map((text) =>
    BigInt(`0x${Buffer.from(text).toString('hex')}`),
  ) as [bigint, bigint, bigint, bigint];
  let [v0, v1, v2, v3] = [k0 ^ s0, k1 ^ s1, k0 ^ s2, k1 ^ s3];
  const turned = (word: bigint, by: bigint): bigint =>
    BigInt.asUintN(64, (word << by) | (word >> (64n - by)));
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v0 = BigInt.asUintN(64, v0 + v1);
      v1 = turned(v1, 13n) ^ v0;
      v0 = turned(v0, 32n);
      v2 = BigInt.asUintN(64, v2 + v3);
      v3 = turned(v3, 16n) ^ v2;
      v0 = BigInt.asUintN(64, v0 + v3);
      v3 = turned(v3, 21n) ^ v0;
      v2 = BigInt.asUintN(64, v2 + v1);
      v1 = turned(v1, 17n) ^ v2;
      v2 = turned(v2, 32n);
    }
  };
  const padded = Buffer.alloc(message.length - (message.length % 8) + 8);
  message.copy(padded);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    v3 ^= padded.readBigUInt64LE(at);
    rounds(2);
    v0 ^= padded.readBigUInt64LE(at);
  }
  v2 ^= 0xffn;
  rounds(4);
  const hash = Buffer.alloc(8);
  hash.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3);
  return hash.toString('hex');
}

it('SipHash of halves is that of whole words', () => {
  const bytes = (size: { minLength?: number; maxLength: number }) =>
    fc.uint8Array(size).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(bytes({ minLength: 16, maxLength: 16 }), bytes({ maxLength: 600 }), (key, message) => {
      expect(sipHash(key, message).toString('hex')).toBe(inWords(key, message));
    }),
  );
});

describe('encrypted sessions', () => {
  it('one that httpd 2.4.71 has made', () => {
    const made =
      'bAxQSnxmiXQo1ypTXvdBV5HqA5Q7qPLFXRNMVRtz3oafHkU5e5ZSVLowVZ2mWbgoRpLP+TDA4fo8Gj5oJXSbO2GDAaxHBCcd';
    expect(decrypt(made, [passphraseOf('other'), passphraseOf('secret')], aes256)).toEqual({
      text: 'expiry=1795451405344178',
    });
  });
  it.each(Object.entries(CIPHERS))('%s there and back', (_name, kind) => {
    const encoded = encrypt('a=1&b=2', passphraseOf('secret'), kind);
    expect(encoded).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(decrypt(encoded, [passphraseOf('new'), passphraseOf('secret')], kind)).toEqual({
      text: 'a=1&b=2',
    });
    expect(decrypt(encoded, [passphraseOf('new')], kind)).toBe('forged');
  });
  it('never the same twice', () => {
    expect(encrypt('a', passphraseOf('p'), aes256)).not.toBe(encrypt('a', passphraseOf('p'), aes256));
  });
  it('what is too short', () => {
    expect(decrypt('', [passphraseOf('p')], aes256)).toBe('short');
    expect(decrypt('QUJD', [passphraseOf('p')], aes256)).toBe('short');
  });
  it('made with another cipher', () => {
    expect(
      decrypt(encrypt('a', passphraseOf('p'), CIPHERS.aes128 as CipherKind), [passphraseOf('p')], aes256),
    ).toBe('damaged');
  });
  it('with any bit turned', () => {
    const bytes = Buffer.from(encrypt('a=1', passphraseOf('p'), aes256), 'base64');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const turned = Buffer.from(bytes);
        turned[at] = (turned[at] as number) ^ (1 << bit);
        expect(decrypt(turned.toString('base64'), [passphraseOf('p')], aes256)).toBe('forged');
      }),
    );
  });
});
