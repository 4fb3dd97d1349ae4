import { connect, createServer } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FirstBytes, readFirstBytes } from '../../../src/server/client-hello.ts';

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

describe('readFirstBytes', () => {
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
    for (const size of [1, 3, 100]) expect(readFirstBytes(inRecords(hello, size))).toEqual(whole);
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
  ])('%j: %s', (bytes, kind) => {
    expect(readFirstBytes(Buffer.from(bytes, 'latin1')).kind).toBe(kind);
  });

  it('gives up a hello that never ends', () => {
    const endless = Buffer.concat([
      Buffer.from([22, 3, 1, 0xff, 0xff, 1, 0xff, 0xff, 0xff]),
      Buffer.alloc(70_000),
    ]);
    expect(readFirstBytes(endless.subarray(0, 1000))).toEqual({ kind: 'incomplete' });
    expect(readFirstBytes(endless)).toEqual({ kind: 'tls', servername: undefined });
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
