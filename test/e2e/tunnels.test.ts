/** Tunnels through the real command: CONNECT, WebSocket, upgrades. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Site, startSite } from '../support/with-server.ts';

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
const HANDSHAKE = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const LARGE = 32 * 1024 * 1024;

let backend: Server;
let port = 0;
let site: Site;
const open = new Set<Socket>();
/** What the last connection to the backend has sent, and whether it has ended. */
let last: { socket: Socket; received: string; hasEnded: boolean };

/** Says back what it hears; a request for an upgrade is answered when its head is whole, one for `/held` when the test says so. */
function serve(socket: Socket): void {
  open.add(socket);
  const state = { socket, received: '', hasEnded: false };
  last = state;
  let isHttp: boolean | undefined;
  socket.on('close', () => open.delete(socket));
  socket.on('error', () => socket.destroy());
  socket.on('end', () => {
    state.hasEnded = true;
    if (!state.received.includes('keep open')) socket.end();
  });
  socket.on('data', (chunk: Buffer) => {
    if (state.received.length < 4096) state.received += chunk.toString('latin1');
    isHttp ??= /^GET /.test(state.received);
    if (!isHttp) {
      if (!socket.write(chunk)) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
      return;
    }
    const end = state.received.indexOf('\r\n\r\n');
    if (end < 0 || state.received.startsWith('GET /held')) return;
    isHttp = false;
    socket.write(SWITCH + state.received.slice(end + 4));
  });
}

beforeAll(async () => {
  backend = createServer({ allowHalfOpen: true }, serve);
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  port = (backend.address() as { port: number }).port;
  site = await startSite({
    configuration:
      `ProxyRequests On\nAllowCONNECT ${port}\nProxyPass /up/ http://127.0.0.1:${port}/ upgrade=websocket\n` +
      `ProxyPass /ws/ ws://127.0.0.1:${port}/\n` +
      `<Location /tunnel/>\nProxyWebsocketFallbackToProxyHttp Off\nProxyPass ws://127.0.0.1:${port}/\n</Location>\n` +
      'LogFormat "%m %>s %I %O" io\nCustomLog logs/io.log io\n',
  });
});

afterAll(async () => {
  await site?.dispose();
  for (const socket of open) socket.destroy();
  await new Promise((resolve) => backend.close(resolve));
});

/** A client connection; `text` is what it has read. */
class Client {
  readonly socket: Socket;
  text = '';
  length = 0;
  hasEnded = false;

  constructor(bytes: string) {
    this.socket = connect({ port: site.port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => {
      this.length += chunk.length;
      if (this.text.length < 4096) this.text += chunk.toString('latin1');
    });
    this.socket.on('end', () => {
      this.hasEnded = true;
    });
    this.socket.write(bytes);
  }
}

const connectTo = (rest = ''): Client =>
  new Client(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n${rest}`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, holds: () => boolean, patience = 15_000): Promise<void> {
  for (const deadline = Date.now() + patience; !holds(); ) {
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await pause(5);
  }
}

describe('CONNECT', () => {
  it('the client ends first: what the backend still says arrives', async () => {
    const client = connectTo('keep open');
    await until('the echo', () => client.text.endsWith('keep open'));
    client.socket.end();
    await until("the backend's end", () => last.hasEnded);
    expect(client.hasEnded).toBe(false);
    last.socket.write('still here');
    await until('the rest', () => client.text.endsWith('still here'));
    last.socket.end();
    await until('the end', () => client.hasEnded);
  });

  it('the backend ends first: what the client still says arrives', async () => {
    const client = connectTo('keep open');
    await until('the echo', () => client.text.endsWith('keep open'));
    const { socket } = last;
    socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      last.received += chunk.toString('latin1');
    });
    socket.end();
    await until('the end', () => client.hasEnded);
    expect(last.hasEnded).toBe(false);
    client.socket.write('still here');
    await until('the rest', () => last.received.endsWith('still here'));
    client.socket.end();
    await until("the backend's end", () => last.hasEnded);
    await until('the log', () => /^CONNECT 200 /m.test(site.read('logs/io.log')));
  });

  it('32 MiB there and back past a client that reads late: all of it arrives, little of it is kept', async () => {
    const client = connectTo();
    await until('the head', () => client.text.includes('\r\n\r\n'));
    const head = client.length;
    client.socket.pause();
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let i = 0; i < LARGE / piece.length; i++) client.socket.write(piece);
    client.socket.end();
    await pause(1000);
    expect(site.memory('now')).toBeLessThan(200);
    client.socket.resume();
    await until('the end', () => client.hasEnded, 30_000);
    expect(client.length - head).toBe(LARGE);
  });

  it('a client that vanishes takes the backend along, and the other way round', async () => {
    const client = connectTo('a');
    await until('the echo', () => client.text.endsWith('a'));
    const { socket } = last;
    client.socket.resetAndDestroy();
    await until("the backend's end", () => socket.destroyed);
    const other = connectTo('b');
    await until('the echo', () => other.text.endsWith('b'));
    last.socket.resetAndDestroy();
    await until('the end', () => other.hasEnded);
    other.socket.destroy();
    await until('that nothing is left', () => open.size === 0);
  });
});

describe('WebSocket', () => {
  it.each(['/up/', '/ws/', '/tunnel/'])('200 connections at once by %s', async (place) => {
    const before = site.descriptors().length;
    const clients = Array.from({ length: 200 }, () => new Client(`GET ${place}x HTTP/1.1\r\n${HANDSHAKE}`));
    await until('every handshake', () => clients.every(({ text }) => text.includes('\r\n\r\n')));
    for (const { text } of clients) expect(text).toMatch(/^HTTP\/1\.1 101 /);
    for (let round = 0; round < 3; round++) {
      clients.forEach((client, i) => {
        client.socket.write(`[${round} ${i}]`);
      });
      await until('every echo', () => clients.every(({ text }, i) => text.endsWith(`[${round} ${i}]`)));
    }
    for (const { socket } of clients) socket.end();
    await until('every end', () => clients.every(({ hasEnded }) => hasEnded));
    await until('that nothing is left', () => open.size === 0);
    await until('that descriptors are closed', () => site.descriptors().length <= before + 2);
  });

  it.each(['/up/', '/tunnel/'])(
    'by %s nothing behind the handshake is sent on before it is answered',
    async (place) => {
      const held = new Client(
        `GET ${place}held HTTP/1.1\r\n${HANDSHAKE}GET /secret HTTP/1.1\r\nHost: a\r\n\r\n`,
      );
      await until('the handshake', () => open.size > 0 && last.received.includes('\r\n\r\n'));
      await pause(300);
      expect(last.received).not.toContain('secret');
      last.socket.write(SWITCH);
      await until('the rest', () => last.received.includes('secret'));
      held.socket.destroy();
      await until('that nothing is left', () => open.size === 0);
    },
  );
});

it('a reload leaves a tunnel alone, a stop cuts it', async () => {
  const client = connectTo('a');
  await until('the echo', () => client.text.endsWith('a'));
  const starts = site.errorLog.split('AH00489').length;
  process.kill(site.pid, 'SIGUSR1');
  await until('the reload', () => site.errorLog.split('AH00489').length > starts);
  client.socket.write('b');
  await until('the echo', () => client.text.endsWith('b'));
  await expect(site.stop()).resolves.toBe(0);
  await until('the end', () => client.hasEnded || client.socket.destroyed);
  await until('that nothing is left', () => open.size === 0);
});
