import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readProxyHeader } from '../../../src/server/proxy-header.ts';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const V4 = '\x09\x08\x07\x06\x01\x01\x01\x01\x04\xd2\x00\x50';
const V6 = `${' \x01\x0d\xb8'}${'\0'.repeat(11)}\x01${'\0'.repeat(16)}\x04\xd2\x00\x50`;

describe('readProxyHeader', () => {
  it.each([
    ['PROXY TCP4 9.8.7.6 1.1.1.1 1234 80\r\nGET /', 36, { address: '9.8.7.6', port: 1234 }],
    ['PROXY TCP6 2001:DB8::1 ::2 70000 80\r\n', 37, { address: '2001:DB8::1', port: 4464 }],
    ['PROXY TCP4  9.8.7  x  1 y z\r\n', 29, { address: '9.8.7', port: 1 }],
    ['PROXY UNKNOWN \r\n', 16, undefined],
    [`${SIGNATURE}\x21\x11\0\x0c${V4}GET`, 28, { address: '9.8.7.6', port: 1234 }],
    [`${SIGNATURE}\x21\x21\0\x24${V6}`, 52, { address: '2001:db8::1', port: 1234 }],
    [`${SIGNATURE}\x20\0\0\x01x`, 17, undefined],
  ])('reads %j', (text, length, client) => {
    expect(readProxyHeader(bytesOf(text))).toEqual({ kind: 'whole', length, client });
  });

  it.each([
    ['GET / HTTP/1.1\r\n\r\n', ''],
    ['proxy TCP4 9.8.7.6', ''],
    ['PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n', 'AH03499'],
    ['PROXY TCP5 9.8.7.6 1.1.1.1 1 2\r\n', 'AH03499'],
    ['PROXY TCP4 ::1 1.1.1.1 1 2\r\n', 'AH03500'],
    ['PROXY TCP6 9.8.7.6 1.1.1.1 1 2\r\n', 'AH03500'],
    ['PROXY TCP4 9.8.7.6\r\n', 'AH03497'],
    ['PROXY TCP4 9.8.7.6 1.1.1.1 x 2\r\n', 'AH03501'],
    [`PROXY ${' '.repeat(120)}`, 'AH10185'],
    [`${SIGNATURE}\x11\x11\0\x0c`, ''],
    [`${SIGNATURE}\x22\x11\0\x0c`, 'AH03507'],
    [`${SIGNATURE}\x21\x11\0\x0b${V4}`, 'AH10597'],
    [`${SIGNATURE}\x21\x21\0\x23${V6}`, 'AH10598'],
    [`${SIGNATURE}\x21\x12\0\x0c${V4}`, 'AH10183'],
    [`${SIGNATURE}\x21\x11\x00\xd9`, 'AH10186'],
  ])('refuses %j', (text, code) => {
    expect(readProxyHeader(bytesOf(text))).toMatchObject({ kind: 'bad', code });
  });

  it.each(['PROXY TCP4 9.8.7.6 1.1.1.1 1234 80\r\n', `${SIGNATURE}\x21\x11\0\x0c${V4}`])(
    'waits for all of %j',
    (text) => {
      for (let length = 0; length < text.length; length++)
        expect(readProxyHeader(bytesOf(text.slice(0, length)))).toEqual({ kind: 'incomplete' });
    },
  );

  it('never waits for more than there can be', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 250, maxLength: 300 }),
        fc.constantFrom('PROXY ', SIGNATURE, ''),
        (bytes, start) => {
          const header = readProxyHeader(Buffer.concat([bytesOf(start), Buffer.from(bytes)]));
          expect(header.kind).not.toBe('incomplete');
        },
      ),
    );
  });
});
