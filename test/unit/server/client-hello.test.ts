import { connect, createServer } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FirstBytes, FirstBytesReader } from '../../../src/server/client-hello.ts';

/** What Node's own client says first. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const said = new Promise<Buffer>((resolve) => {
    server.once('connection', (socket) =>
      socket.once('data', (bytes) => {
        socket.destroy();
        resolve(bytes);
      }),
    );
  });
  const client = connectTls({ ...options, socket: connect(address.port, '127.0.0.1') });
  client.on('error', () => undefined);
  const bytes = await said;
  client.destroy();
  server.close();
  return bytes;
}

function readFirstBytes(bytes: Buffer): FirstBytes {
  return new FirstBytesReader().push(bytes);
}

/** What is known when it comes in pieces of `size` bytes: the first answer that is one, or the last. */
function readInPieces(bytes: Buffer, size: number): FirstBytes {
  const reader = new FirstBytesReader();
  let first: FirstBytes = { kind: 'incomplete' };
  for (let at = 0; at < bytes.length && first.kind === 'incomplete'; at += size)
    first = reader.push(bytes.subarray(at, at + size));
  return first;
}

/** The same message in records of `size` bytes. */
function inRecords(bytes: Buffer, size: number): Buffer {
  const message = bytes.subarray(5, 5 + bytes.readUInt16BE(3));
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    const header = Buffer.from([22, 3, 1, 0, 0]);
    header.writeUInt16BE(piece.length, 3);
    records.push(header, piece);
  }
  return Buffer.concat(records);
}

describe('FirstBytesReader', () => {
  it.each<[name: string, options: ConnectionOptions, servername: string | undefined]>([
    ['a name', { servername: 'some.example' }, 'some.example'],
    ['a name in capitals', { servername: 'Some.Example' }, 'Some.Example'],
    ['no name', {}, undefined],
    ['TLS 1.2 only', { servername: 'old.example', maxVersion: 'TLSv1.2' }, 'old.example'],
    [
      'other extensions before it',
      { servername: 'x.example', ALPNProtocols: ['h2', 'http/1.1'] },
      'x.example',
    ],
  ])('%s', async (_, options, servername) => {
    const hello = await helloOf(options);
    const whole: FirstBytes = { kind: 'tls', servername };
    expect(readFirstBytes(hello)).toEqual(whole);
    expect(readFirstBytes(Buffer.concat([hello, Buffer.from('more')]))).toEqual(whole);
    for (let length = 0; length < hello.length; length++)
      expect(readFirstBytes(hello.subarray(0, length))).toEqual({ kind: 'incomplete' });
    for (const size of [1, 3, 100]) {
      expect(readFirstBytes(inRecords(hello, size))).toEqual(whole);
      expect(readInPieces(inRecords(hello, size), 7)).toEqual(whole);
      expect(readInPieces(hello, size)).toEqual(whole);
    }
  });

  it.each<[bytes: string, kind: FirstBytes['kind']]>([
    ['GET / HTTP/1.1\r\n', 'http'],
    ['POST /x', 'http'],
    ['HEAD ', 'http'],
    ['PUT /a', 'http'],
    ['GET', 'incomplete'],
    ['DELETE / HTTP/1.1', 'other'],
    ['get / HTTP/1.0', 'other'],
    ['\x15\x03\x01\x00\x02\x01\x00', 'other'],
    ['\x80\x2e\x01\x00\x02', 'other'],
    // Another message of a handshake, and records that are cut off by others.
    ['\x16\x03\x01\x00\x04\x02\x00\x00\x00', 'tls'],
    ['\x16\x03\x01\x00\x01\x01\x17\x03\x01\x00\x01x', 'tls'],
    // Records that no handshake has: an empty one, one beyond what a record may hold.
    ['\x16\x03\x01\x00\x04\x01\xff\xff\xff\x16\x03\x01\x00\x00', 'tls'],
    ['\x16\x03\x01\x40\x01', 'tls'],
  ])('%j: %s', (bytes, kind) => {
    expect(readFirstBytes(Buffer.from(bytes, 'latin1')).kind).toBe(kind);
  });

  it('gives up a hello that never ends', () => {
    const endless = Buffer.concat([
      ...Array.from({ length: 5 }, () =>
        Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]), Buffer.alloc(0x4000 - 4)]),
      ),
    ]);
    expect(readFirstBytes(endless.subarray(0, 1000))).toEqual({ kind: 'incomplete' });
    expect(readFirstBytes(endless)).toEqual({ kind: 'tls', servername: undefined });
  });

  it('keeps what was received', async () => {
    const hello = await helloOf({ servername: 'some.example' });
    const reader = new FirstBytesReader();
    for (let at = 0; at < hello.length; at += 10) reader.push(hello.subarray(at, at + 10));
    expect(reader.bytes.equals(hello)).toBe(true);
    reader.forget();
    expect(reader.bytes.length).toBe(0);
  });

  it('looks at every byte once, however many records and packets there are', () => {
    const record = Buffer.concat([Buffer.from([22, 3, 1, 0, 60]), Buffer.alloc(60, 1)]);
    const records = Buffer.concat(Array.from({ length: 1000 }, () => record));
    const begun = performance.now();
    // Joined anew for each record and each packet this takes minutes.
    expect(readInPieces(records, 1)).toEqual({ kind: 'incomplete' });
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it('does not look into a message in thousands of records', () => {
    const record = Buffer.from([22, 3, 1, 0, 1, 1]);
    const records = Buffer.concat(Array.from({ length: 5000 }, () => record));
    expect(readFirstBytes(records)).toEqual({ kind: 'tls', servername: undefined });
  });

  it('takes any bytes', async () => {
    const hello = await helloOf({ servername: 'some.example' });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(hello.length),
        (changes, length) => {
          const bytes = Buffer.from(hello.subarray(0, length));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          expect(['incomplete', 'tls', 'http', 'other']).toContain(readFirstBytes(bytes).kind);
        },
      ),
    );
  });
});
