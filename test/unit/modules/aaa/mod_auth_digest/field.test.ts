import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientsIn, DigestClients } from '../../../../../src/modules/aaa/mod_auth_digest/clients.ts';
import { parseShmemSize } from '../../../../../src/modules/aaa/mod_auth_digest/conf.ts';
import { hexNumber, parseDigest, parseParts } from '../../../../../src/modules/aaa/mod_auth_digest/field.ts';
import { digestResponse } from '../../../../../src/modules/aaa/mod_auth_digest/index.ts';
import {
  isOwnNonce,
  makeNonce,
  nextSerial,
  stampOf,
} from '../../../../../src/modules/aaa/mod_auth_digest/nonces.ts';
import { decoded, splitUri } from '../../../../../src/modules/aaa/mod_auth_digest/uri-match.ts';

const nonce = `AAAAAAAAAAA=${'0'.repeat(40)}`;
const whole = `Digest username="m", realm="r", nonce="${nonce}", uri="/", response="${'0'.repeat(32)}", qop=auth, nc=1, cnonce="c"`;

describe('parseParts', () => {
  it.each([
    ['a=1,b=2', { a: '1', b: '2' }],
    [' A = "x \\" y" junk, b', { a: 'x " y', b: '' }],
    ['a="open', { a: 'open' }],
    ['a="x\\', { a: 'x\\' }],
    ['a=1, a=2', { a: '2' }],
    [',,=,a=1', { '': '', a: '1' }],
    ['', {}],
  ])('%s', (text, expected) => {
    expect(Object.fromEntries(parseParts(text))).toEqual(expected);
  });

  it('takes anything, and comes to an end', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '=', ',', '"', '\\', ' ', '\t') }), (text) => {
        expect(parseParts(text)).toBeInstanceOf(Map);
      }),
    );
  });
});

describe('parseDigest', () => {
  it('a whole field', () => {
    expect(parseDigest(whole)).toMatchObject({ username: 'm', nonceCount: '1', qop: 'auth' });
  });
  it.each([
    ['Basic x', { scheme: 'Basic' }],
    ['', { scheme: '' }],
    ['digest', 'invalid'],
    [whole.replace('username', 'user'), 'invalid'],
    [whole.replace(', cnonce="c"', ''), 'invalid'],
    [whole.replace(nonce, 'short'), 'invalid'],
    [whole.replace(`response="${'0'.repeat(32)}"`, 'response="x"'), 'invalid'],
    [whole.replace(nonce, 'A'.repeat(52)), 'invalid'],
  ])('%s', (text, expected) => {
    expect(parseDigest(text)).toEqual(expected);
  });
});

describe('hexNumber', () => {
  it.each([
    ['00000001', 1n],
    ['0xA', 10n],
    [' +f', 15n],
    ['-1', 2n ** 64n - 1n],
    ['f'.repeat(5000), 2n ** 63n - 1n],
    ['', undefined],
    ['0x', undefined],
    ['7z', undefined],
    ['1 ', undefined],
  ])('%s', (text, expected) => {
    expect(hexNumber(text)).toBe(expected);
  });
});

describe('nonces', () => {
  it('are known again, for their realm and client alone', () => {
    const made = makeNonce(123456n, 'r', 'a1');
    expect(made).toHaveLength(52);
    expect(stampOf(made)).toBe(123456n);
    expect(isOwnNonce(made, 'r', 'a1')).toBe(true);
    expect(isOwnNonce(made, 'q', 'a1')).toBe(false);
    expect(isOwnNonce(made, 'r', undefined)).toBe(false);
    expect(isOwnNonce(made, 'r', 'a2')).toBe(false);
  });
  it('with any other character are not', () => {
    const made = makeNonce(1n, 'r', undefined);
    fc.assert(
      fc.property(fc.nat(51), fc.string({ minLength: 1, maxLength: 1 }), (at, char) => {
        fc.pre(made[at] !== char);
        expect(isOwnNonce(made.slice(0, at) + char + made.slice(at + 1), 'r', undefined)).toBe(false);
      }),
    );
  });
  it('that serve once are numbered', () => {
    const first = nextSerial();
    expect(nextSerial()).toBe(first + 1n);
  });
});

// RFC 7616 section 3.9.1, with MD5.
it('the response of the example', () => {
  const ha1 = '3d78807defe7de2157e2b0b6573a855f';
  const sent = {
    username: 'Mufasa',
    realm: 'http-auth@example.org',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    uri: '/dir/index.html',
    response: '',
    algorithm: 'MD5',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    nonceCount: '00000001',
    qop: 'auth',
    opaque: undefined,
  };
  expect(digestResponse(ha1, sent, 'GET')).toBe('8ca523f5e9506fed4657c9700eebdbec');
});

describe('AuthDigestShmemSize', () => {
  it.each([
    ['1000', 1000],
    ['10K', 10240],
    ['1m', 1048576],
    ['10kk', 10240],
    ['87', 'size in AuthDigestShmemSize too small: 87 < 88'],
    ['-5', 'size in AuthDigestShmemSize too small: -5 < 88'],
    ['x', 'Invalid size in AuthDigestShmemSize: x'],
    ['0x500', 'Invalid size in AuthDigestShmemSize: 0x500'],
  ])('%s', (text, expected) => {
    expect(parseShmemSize(text)).toBe(expected);
  });
  it('is a bound on what is remembered', () => {
    expect(clientsIn(1000)).toBe(4096);
    expect(clientsIn(88 * 10_000)).toBe(10_000);
    expect(clientsIn(Number.MAX_SAFE_INTEGER)).toBe(1 << 20);
    const clients = new DigestClients(2);
    const [a, b, c] = [clients.add(), clients.add(), clients.add()];
    expect(clients.find(a.id)).toBeUndefined();
    expect(clients.find(b.id)).toBe(b);
    expect(clients.find(c.id)).toBe(c);
  });
});

describe('splitUri', () => {
  it.each([
    ['/a?b#c', '/a', 'b'],
    ['http://x/a', '/a', undefined],
    ['http://x?q', undefined, 'q'],
    ['*', '*', undefined],
    ['', undefined, undefined],
    ['/a?', '/a', ''],
  ])('%s', (uri, path, query) => {
    expect(splitUri(uri)).toEqual({ path, query });
  });
  it('escapes', () => {
    expect(decoded('/%61%zz%2')).toBe('/a%zz%2');
  });
});
