import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CIPHERS,
  type CipherKind,
  decrypt,
  encrypt,
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
  ])('%i bytes', (length, expected) => {
    expect(sipHash(key, Buffer.from(Array.from({ length }, (_, i) => i))).toString('hex')).toBe(expected);
  });
});

describe('encrypted sessions', () => {
  it('one that httpd 2.4.71 has made', () => {
    const made =
      'bAxQSnxmiXQo1ypTXvdBV5HqA5Q7qPLFXRNMVRtz3oafHkU5e5ZSVLowVZ2mWbgoRpLP+TDA4fo8Gj5oJXSbO2GDAaxHBCcd';
    expect(decrypt(made, ['other', 'secret'], aes256)).toEqual({ text: 'expiry=1795451405344178' });
  });
  it.each(Object.entries(CIPHERS))('%s there and back', (_name, kind) => {
    const encoded = encrypt('a=1&b=2', 'secret', kind);
    expect(encoded).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(decrypt(encoded, ['new', 'secret'], kind)).toEqual({ text: 'a=1&b=2' });
    expect(decrypt(encoded, ['new'], kind)).toBe('forged');
  });
  it('never the same twice', () => {
    expect(encrypt('a', 'p', aes256)).not.toBe(encrypt('a', 'p', aes256));
  });
  it('what is too short', () => {
    expect(decrypt('', ['p'], aes256)).toBe('short');
    expect(decrypt('QUJD', ['p'], aes256)).toBe('short');
  });
  it('made with another cipher', () => {
    expect(decrypt(encrypt('a', 'p', CIPHERS.aes128 as CipherKind), ['p'], aes256)).toBe('damaged');
  });
  it('with any bit turned', () => {
    const bytes = Buffer.from(encrypt('a=1', 'p', aes256), 'base64');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const turned = Buffer.from(bytes);
        turned[at] = (turned[at] as number) ^ (1 << bit);
        expect(decrypt(turned.toString('base64'), ['p'], aes256)).toBe('forged');
      }),
    );
  });
});
