/** On real sockets: what the system says of a write that goes out in parts. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SendProgress } from '../../../src/server/send-progress.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';

/** More than all buffers on the way hold. */
const LARGE = 64 * 1024 * 1024;
const PATIENCE = 1e9;

let certificates: Certificates | undefined;
beforeAll(() => {
  if (hasOpenssl()) certificates = new Certificates();
});
afterAll(() => certificates?.dispose());

async function expectProgress(client: Socket, socket: Socket, wire: Socket): Promise<void> {
  client.pause();
  socket.write(Buffer.alloc(LARGE));
  const progress = new SendProgress(socket, wire);
  progress.note();
  // The buffers on the way are full when nothing has moved for a while.
  for (let left = PATIENCE, still = 0; still < 10; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = progress.left(PATIENCE);
    still = now < left ? still + 1 : 0;
    left = now;
  }
  const before = progress.left(PATIENCE);
  expect(progress.left(PATIENCE)).toBeLessThanOrEqual(before);
  let taken = 0;
  client.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    if (taken > LARGE / 4) client.pause();
  });
  client.resume();
  await expect.poll(() => progress.left(PATIENCE), { timeout: 10_000 }).toBeGreaterThan(before);
  expect(socket.writableLength).toBeGreaterThan(0);
  client.destroy();
  socket.destroy();
}

async function pair(): Promise<[port: number, accepted: Promise<Socket>, close: () => void]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection').then(([socket]) => socket as Socket);
  return [(server.address() as AddressInfo).port, accepted, () => server.close()];
}

it('plain', async () => {
  const [port, accepted, close] = await pair();
  const client = connect(port, '127.0.0.1');
  const socket = await accepted;
  await expectProgress(client, socket, socket);
  close();
});

it.runIf(hasOpenssl())('TLS', async () => {
  const [port, accepted, close] = await pair();
  const client = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  client.on('error', () => undefined);
  const wire = await accepted;
  const socket = new TLSSocket(wire, {
    isServer: true,
    cert: certificates?.read('ca.crt') ?? '',
    key: certificates?.read('ca.key') ?? '',
  });
  socket.on('error', () => undefined);
  await once(client, 'secureConnect');
  await expectProgress(client, socket, wire);
  close();
});
