import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketDecoder } from '../../../../../src/modules/proxy/mod_proxy_ajp/decoder.ts';
import {
  CPING,
  encodeData,
  encodeForward,
  type ForwardRequest,
  PacketOverflow,
} from '../../../../../src/modules/proxy/mod_proxy_ajp/encode.ts';
import { readChunk, readHead, readReuse } from '../../../../../src/modules/proxy/mod_proxy_ajp/packets.ts';
import '../../../../support/properties.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

function packet(payload: string, signature = 'AB'): Buffer {
  const head = Buffer.alloc(4);
  head.write(signature, 0, 'latin1');
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, bytes(payload)]);
}

/** Everything a decoder says, with its input cut at the given places. */
function decode(stream: Buffer, cuts: readonly number[], size = 8192): string[] {
  const said: string[] = [];
  const decoder = new PacketDecoder(
    {
      onPacket: (payload) => said.push(`packet ${payload.toString('latin1')}`),
      onBadHeader: (kind, value) => said.push(`${kind} ${value}`),
    },
    size,
  );
  let from = 0;
  for (const cut of [...cuts, stream.length]) {
    decoder.push(Buffer.from(stream.subarray(from, cut)));
    from = cut;
  }
  said.push(decoder.isAtBoundary ? 'at boundary' : `awaits ${decoder.awaited}`);
  return said;
}

describe('PacketDecoder', () => {
  const stream = Buffer.concat([
    packet('one'),
    packet(''),
    packet('two', '\x12\x34'),
    packet('x'.repeat(300)),
  ]);

  it('finds the same packets wherever the stream is cut', () => {
    const whole = decode(stream, []);
    expect(whole).toEqual([
      'packet one',
      'packet ',
      'packet two',
      `packet ${'x'.repeat(300)}`,
      'at boundary',
    ]);
    for (let cut = 0; cut <= stream.length; cut++) expect(decode(stream, [cut])).toEqual(whole);
    expect(
      decode(
        stream,
        Array.from({ length: stream.length }, (_, i) => i),
      ),
    ).toEqual(whole);
  });

  it.each([
    ['HTTP', ['signature 18516', 'at boundary']],
    ['AB\x20\x00', ['too-large 8192', 'at boundary']],
    ['AB\x00\x05abc', ['awaits 5']],
    ['AB\x00', ['awaits undefined']],
  ])('of %j in one piece', (text, expected) => {
    expect(decode(bytes(text), [])).toEqual(expected);
  });

  it.each(['HTTP/1.1 200', 'AB\xff\xff'])('stops at %j in pieces too', (text) => {
    for (let cut = 1; cut < 4; cut++) expect(decode(bytes(text), [cut])).toHaveLength(2);
  });

  it('reads any packets back, cut anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.nat(400), { maxLength: 6 }),
        (payloads, places) => {
          const texts = payloads.map((payload) => Buffer.from(payload).toString('latin1'));
          const all = Buffer.concat(texts.map((text) => packet(text)));
          const cuts = places.map((place) => Math.min(place, all.length)).sort((a, b) => a - b);
          expect(decode(all, cuts)).toEqual([...texts.map((text) => `packet ${text}`), 'at boundary']);
        },
      ),
    );
  });
});

const REQUEST: ForwardRequest = {
  method: 'GET',
  protocol: 'HTTP/1.1',
  uri: '/x',
  remoteAddr: '10.0.0.1',
  remoteHost: undefined,
  remotePort: 1234,
  serverName: 'h',
  localAddr: '10.0.0.2',
  localPort: 80,
  fields: [],
  fieldCount: 0,
  secret: undefined,
  user: undefined,
  authType: undefined,
  query: undefined,
  route: undefined,
  tls: undefined,
  attributes: [],
};
const HEAD = '\x00\x08HTTP/1.1\x00\x00\x02/x\x00\x00\x0810.0.0.1\x00\xff\xff\x00\x01h\x00\x00P';
const PORTS =
  '\x0a\x00\x0fAJP_REMOTE_PORT\x00\x00\x041234\x00\x0a\x00\x0eAJP_LOCAL_ADDR\x00\x00\x0810.0.0.2\x00';

describe('encodeForward', () => {
  it.each<[string, Partial<ForwardRequest>, string]>([
    ['a bare request', {}, `\x02\x02${HEAD}\x00\x00\x00${PORTS}\xff`],
    [
      'names with a code, in any case, and without',
      {
        fields: [
          ['HOST', 'a'],
          ['X', 'b'],
        ],
        fieldCount: 2,
      },
      `\x02\x02${HEAD}\x00\x00\x02\xa0\x0b\x00\x01a\x00\x00\x01X\x00\x00\x01b\x00${PORTS}\xff`,
    ],
    [
      'a method without a number',
      { method: 'PATCH' },
      `\x02\xff${HEAD}\x00\x00\x00\x0d\x00\x05PATCH\x00${PORTS}\xff`,
    ],
    [
      'attributes in their order',
      { secret: 's', user: 'u', authType: 'a', query: '', route: 'r', attributes: [['N', 'v']] },
      `\x02\x02${HEAD}\x00\x00\x00\x0c\x00\x01s\x00\x03\x00\x01u\x00\x04\x00\x01a\x00\x05\x00\x00\x00\x06\x00\x01r\x00${PORTS}` +
        '\x0a\x00\x01N\x00\x00\x01v\x00\xff',
    ],
    [
      'TLS',
      { tls: { certificate: 'c', cipher: 'k', session: 'i', keySize: 256, protocol: 'T' } },
      `\x02\x02${HEAD}\x01\x00\x00\x07\x00\x01c\x00\x08\x00\x01k\x00\x09\x00\x01i\x00\x0b\x01\x00` +
        `\x0a\x00\x10AJP_SSL_PROTOCOL\x00\x00\x01T\x00${PORTS}\xff`,
    ],
  ])('%s', (_name, change, payload) => {
    const encoded = encodeForward({ ...REQUEST, ...change }, 8192);
    expect(encoded.toString('latin1')).toBe(packet(payload, '\x12\x34').toString('latin1'));
  });

  it.each<[string, Partial<ForwardRequest>, string]>([
    ['path', { uri: 'x'.repeat(9000) }, 'AH00968'],
    ['field name', { fields: [['x'.repeat(9000), '']], fieldCount: 1 }, 'AH00970'],
    ['field value', { fields: [['x', 'x'.repeat(9000)]], fieldCount: 1 }, 'AH00971'],
    ['query', { query: 'x'.repeat(9000) }, 'AH00974'],
    ['attribute', { attributes: [['x', 'x'.repeat(9000)]] }, 'AH00981'],
  ])('says which %s does not fit', (_name, change, tag) => {
    const encode = (): Buffer => encodeForward({ ...REQUEST, ...change }, 8192);
    expect(encode).toThrow(PacketOverflow);
    expect(encode).toThrow(expect.objectContaining({ tag }));
  });

  it('never makes a packet larger than agreed', () => {
    for (let length = 8000; length < 8200; length++) {
      let size = 0;
      try {
        size = encodeForward({ ...REQUEST, query: 'x'.repeat(length) }, 8192).length;
      } catch (error) {
        expect(error).toBeInstanceOf(PacketOverflow);
      }
      expect(size).toBeLessThanOrEqual(8192);
    }
  });
});

describe('other packets', () => {
  it('of body data', () => {
    expect(encodeData([bytes('ab'), bytes('c')], 3).toString('latin1')).toBe('\x12\x34\x00\x05\x00\x03abc');
    expect(encodeData([], 0).toString('latin1')).toBe('\x12\x34\x00\x02\x00\x00');
    expect(CPING.toString('latin1')).toBe('\x12\x34\x00\x01\x0a');
  });

  it.each([
    ['\x04\x00\xc8\x00\x02OK\x00\x00\x00', { status: 200, reason: 'OK', fields: [] }],
    ['\x04\x00\xc8\xff\xff\x00\x00', { status: 200, reason: undefined, fields: [] }],
    [
      '\x04\x01\x94\x00\x00\x00\x00\x02\xa0\x01\x00\x01a\x00\x00\x01X\x00\x00\x01b\x00',
      { status: 404, reason: '', fields: ['Content-Type', 'a', 'X', 'b'] },
    ],
    ['\x04\x00', { tag: 'AH00983' }],
    ['\x04\x00\xc8\x00\x02OK\x00\x00', { tag: 'AH10405' }],
    ['\x04\x00\xc8\x00\xffOK\x00\x00\x00', { tag: 'AH10405' }],
    ['\x04\x00\xc8\x00\x02OK\x00\x00\x01\xa0\x0c\x00\x00\x00', { tag: 'AH00984' }],
    ['\x04\x00\xc8\x00\x02OK\x00\x00\x01\x00\x05a', { tag: 'AH00985' }],
    ['\x04\x00\xc8\x00\x02OK\x00\x00\x01\xa0\x01\xff\xff', { tag: 'AH00986' }],
  ])('SEND_HEADERS %j', (payload, expected) => {
    expect(readHead(bytes(payload))).toMatchObject(expected);
  });

  it('a head cut anywhere is none', () => {
    const whole = bytes('\x04\x00\xc8\x00\x02OK\x00\x00\x01\xa0\x01\x00\x01a\x00');
    for (let length = 1; length < whole.length; length++)
      expect(readHead(whole.subarray(0, length))).toHaveProperty('tag');
    expect(readHead(whole)).toHaveProperty('status', 200);
  });

  it.each([
    ['\x03\x00\x04body\x00', 'body'],
    ['\x03\x00\x00\x00', ''],
  ])('SEND_BODY_CHUNK %j', (payload, expected) => {
    expect(readChunk(bytes(payload)).toString('latin1')).toBe(expected);
  });

  it.each(['\x03', '\x03\x00\x04body', '\x03\x00\x04body\x00more', '\x03\x00\xffbody\x00'])(
    'SEND_BODY_CHUNK %j is none',
    (payload) => {
      expect(readChunk(bytes(payload))).toHaveProperty('tag');
    },
  );

  it('END_RESPONSE says whether the connection is kept, or nothing', () => {
    expect([readReuse(bytes('\x05\x01')), readReuse(bytes('\x05\x00')), readReuse(bytes('\x05'))]).toEqual([
      true,
      false,
      undefined,
    ]);
  });
});
