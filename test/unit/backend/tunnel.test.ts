import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackendConnection } from '../../../src/backend/connection.ts';
import { BackendPool } from '../../../src/backend/pool.ts';
import {
  Tunnel,
  type TunnelClient,
  type TunnelOptions,
  type TunnelReader,
  type TunnelResult,
} from '../../../src/backend/tunnel.ts';

/** A client without a socket: what is done to it is written down. */
class Client implements TunnelClient {
  reader: TunnelReader | undefined;
  written = '';
  readonly calls: string[] = [];
  isFull = false;

  start(reader: TunnelReader): void {
    this.reader = reader;
  }
  resume(): void {
    this.calls.push('resume');
  }
  write(bytes: Buffer): boolean {
    this.written += bytes.toString('latin1');
    return !this.isFull;
  }
  endWriting(): void {
    this.calls.push('end');
  }
  close(): void {
    this.calls.push('close');
  }
  abort(): void {
    this.calls.push('abort');
  }
}

let server: Server;
let peer: Socket;
let accepted: Promise<void>;
let received = '';
let hasEnded = false;
let pool: BackendPool;
let client: Client;
let result: TunnelResult | undefined;

beforeEach(async () => {
  received = '';
  hasEnded = false;
  result = undefined;
  client = new Client();
  accepted = new Promise<void>((resolve) => {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      peer = socket;
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
      });
      socket.on('end', () => {
        hasEnded = true;
      });
      socket.on('error', () => undefined);
      resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  pool = new BackendPool({ address: { kind: 'tcp', host: '127.0.0.1', port }, isReusing: false });
});

afterEach(async () => {
  pool.drain();
  peer?.destroy();
  await new Promise((resolve) => server.close(resolve));
});

async function start(options: Partial<TunnelOptions> = {}, first?: Buffer): Promise<Tunnel> {
  const backend = await new Promise<BackendConnection>((resolve, reject) => {
    pool.acquire({ onAcquired: resolve, onAcquireFailed: reject });
  });
  const tunnel = new Tunnel({
    client,
    backend,
    release: (used) => pool.release(used, false),
    timeout: 0,
    onEnd: (ended) => {
      expect(result).toBeUndefined();
      result = ended;
    },
    ...options,
  });
  tunnel.start(first);
  await accepted;
  return tunnel;
}

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5000; !holds() && Date.now() < deadline; )
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(holds()).toBe(true);
}

const used = (): number => pool.counters.used;

describe('bytes', () => {
  it('go both ways, those that were there already first', async () => {
    await start({}, Buffer.from('first'));
    expect(client.reader?.onData(Buffer.from('up'))).toBe(true);
    peer.write(' down');
    await until(() => received === 'up' && client.written === 'first down');
  });

  it('a backend that does not read stops the client, and starts it again', async () => {
    await start();
    peer.pause();
    let sent = 0;
    while (client.reader?.onData(Buffer.alloc(256 * 1024)) === true && sent < 400) sent++;
    expect(sent).toBeLessThan(400);
    expect(client.calls).toEqual([]);
    peer.resume();
    await until(() => client.calls.includes('resume'));
  });

  it('a client that does not read stops the backend, and starts it again', async () => {
    await start();
    client.isFull = true;
    const piece = Buffer.alloc(64 * 1024, 'x');
    for (let i = 0; i < 64; i++) peer.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.written.length).toBeLessThan(64 * piece.length);
    client.isFull = false;
    client.reader?.onWritable();
    await until(() => client.written.length === 64 * piece.length);
  });
});

describe('ends', () => {
  it("the client's goes on, then the backend's: over when both are", async () => {
    await start();
    client.reader?.onData(Buffer.from('bye'));
    client.reader?.onEnd();
    await until(() => hasEnded);
    expect(received).toBe('bye');
    expect(result).toBeUndefined();
    peer.end('answer');
    await until(() => result !== undefined);
    expect(client.written).toBe('answer');
    expect(client.calls).toEqual(['end', 'close']);
    expect(result).toMatchObject({ why: 'ended' });
    expect(used()).toBe(0);
  });

  it("the backend's goes on, then the client's, with all it still said", async () => {
    await start();
    peer.end('bye');
    await until(() => client.calls.includes('end'));
    const size = 8 * 1024 * 1024;
    peer.pause();
    client.reader?.onData(Buffer.alloc(size));
    client.reader?.onEnd();
    await new Promise((resolve) => setTimeout(resolve, 50));
    peer.resume();
    await until(() => result !== undefined && hasEnded);
    expect(received.length).toBe(size);
    expect(result?.why).toBe('ended');
  });

  it.each(['client', 'backend'] as const)('one ends both where that is asked for: the %s', async (who) => {
    await start({ endsTogether: true });
    if (who === 'client') client.reader?.onEnd();
    else peer.end('bye');
    await until(() => result !== undefined);
    expect(result?.why).toBe('ended');
    expect(client.calls).toEqual(['close']);
    expect(used()).toBe(0);
  });

  it('a client that is gone takes the backend along', async () => {
    await start();
    client.reader?.onGone();
    expect(result?.why).toBe('client');
    expect(used()).toBe(0);
    await until(() => hasEnded || peer.destroyed);
  });

  it('a backend that breaks takes the client along, what it said before included', async () => {
    await start();
    peer.write('last words');
    await until(() => client.written === 'last words');
    peer.resetAndDestroy();
    await until(() => result !== undefined);
    expect(result).toMatchObject({ why: 'backend' });
    expect(client.calls).toEqual(['close']);
  });

  it('a backend that has ended and reads no more is noticed', async () => {
    await start();
    peer.end();
    await until(() => client.calls.includes('end'));
    peer.destroy();
    for (let i = 0; i < 50 && result === undefined; i++) {
      client.reader?.onData(Buffer.from('x'));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(result?.why).toBe('backend');
  });

  it('silence ends it; anything either says puts that off', async () => {
    const from = performance.now();
    await start({ timeout: 300 });
    setTimeout(() => peer.write('a'), 200);
    setTimeout(() => client.reader?.onData(Buffer.from('b')), 400);
    await until(() => result !== undefined);
    expect(result?.why).toBe('timeout');
    expect(performance.now() - from).toBeGreaterThan(680);
    expect(client.calls).toEqual(['close']);
  });

  it('a defect of the client ends it, and is told of', async () => {
    await start();
    client.write = () => {
      throw new Error('defect');
    };
    peer.write('x');
    await until(() => result !== undefined);
    expect(result).toMatchObject({ why: 'defect', error: new Error('defect') });
    expect(client.calls).toEqual(['abort']);
    expect(used()).toBe(0);
  });

  it('from outside', async () => {
    const tunnel = await start();
    tunnel.abort();
    tunnel.abort();
    expect(result?.why).toBe('client');
    expect(used()).toBe(0);
  });
});
