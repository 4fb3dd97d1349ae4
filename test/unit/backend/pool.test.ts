import { connect, createServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BackendConnection, ConnectionUser } from '../../../src/backend/connection.ts';
import type { BackendFailure } from '../../../src/backend/failure.ts';
import { BackendPool, type PoolClient, type PoolOptions } from '../../../src/backend/pool.ts';

const USER: ConnectionUser = {
  onData() {},
  onWritable() {},
  onSocketEnd() {},
  onSocketFailure() {},
  onIdleTimeout() {},
};

class Client implements PoolClient {
  connection: BackendConnection | undefined;
  isFresh: boolean | undefined;
  failure: BackendFailure | undefined;
  calls = 0;
  readonly #onDone: (client: Client) => void;

  constructor(onDone: (client: Client) => void = () => {}) {
    this.#onDone = onDone;
  }

  onAcquired(connection: BackendConnection, isFresh: boolean): void {
    this.calls++;
    this.connection = connection;
    this.isFresh = isFresh;
    connection.take(USER);
    this.#onDone(this);
  }

  onAcquireFailed(failure: BackendFailure): void {
    this.calls++;
    this.failure = failure;
    this.#onDone(this);
  }
}

let server: Server | undefined;
let pool: BackendPool | undefined;
const sockets = new Set<Socket>();

afterEach(async () => {
  pool?.drain();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function poolWith(options: Partial<PoolOptions> = {}): Promise<BackendPool> {
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.resume();
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  pool = new BackendPool({ address: { kind: 'tcp', host: '127.0.0.1', port: address.port }, ...options });
  return pool;
}

function acquire(from: BackendPool): Promise<Client> {
  return new Promise((resolve) => from.acquire(new Client(resolve)));
}

function release(from: BackendPool, client: Client, isReusable = true): void {
  if (client.connection !== undefined) from.release(client.connection, isReusable);
}

const settle = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms));

/** Until what is counted is so. */
const counted = (expectation: () => void): Promise<void> => vi.waitFor(expectation, 10_000);

describe('reuse', () => {
  it('hands out what came back last', async () => {
    const from = await poolWith();
    const [a, b] = [await acquire(from), await acquire(from)];
    release(from, a);
    release(from, b);
    const c = await acquire(from);
    expect([a.isFresh, c.isFresh, c.connection === b.connection]).toEqual([true, false, true]);
  });

  it.each<[string, Partial<PoolOptions>, boolean]>([
    ['the connection is spent', {}, false],
    ['disablereuse is on', { isReusing: false }, true],
    ['ttl has passed', { ttl: 5 }, true],
    ['it has grown too old', { maxAge: 5 }, true],
  ])('does not happen when %s', async (_why, options, isReusable) => {
    const from = await poolWith(options);
    const first = await acquire(from);
    release(from, first, isReusable);
    await settle();
    const second = await acquire(from);
    expect([second.isFresh, first.connection?.isDead]).toEqual([true, true]);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['ended', (socket) => socket.end()],
    ['was reset', (socket) => socket.resetAndDestroy()],
    ['spoke unasked', (socket) => socket.write('hello?')],
  ])('drops an idle connection that %s', async (_what, act) => {
    const from = await poolWith();
    release(from, await acquire(from));
    await counted(() => expect(sockets.size).toBe(1));
    for (const socket of sockets) act(socket);
    await counted(() => expect(from.counters.idle).toBe(0));
    expect((await acquire(from)).isFresh).toBe(true);
  });

  it('closes idle connections beyond smax after ttl', async () => {
    const from = await poolWith({ smax: 1, ttl: 50 });
    const clients = [await acquire(from), await acquire(from), await acquire(from)];
    for (const client of clients) release(from, client);
    expect(from.counters.idle).toBe(3);
    await counted(() => expect(from.counters.idle).toBe(1));
    await settle(150);
    expect(from.counters.idle).toBe(1);
  });
});

describe('a full pool', () => {
  it('serves those who wait in order', async () => {
    const from = await poolWith({ max: 1 });
    const first = await acquire(from);
    const order: number[] = [];
    for (let i = 0; i < 3; i++) {
      from.acquire(
        new Client((client) => {
          order.push(i);
          release(from, client, i !== 1);
        }),
      );
    }
    expect(from.counters.waiting).toBe(3);
    release(from, first);
    await counted(() => expect(order).toHaveLength(3));
    expect(order).toEqual([0, 1, 2]);
  });

  it('turns away who waited too long', async () => {
    const from = await poolWith({ max: 1, acquireTimeout: 50 });
    const first = await acquire(from);
    const second = await acquire(from);
    expect(second.failure?.kind).toBe('busy');
    release(from, first);
    expect(from.counters).toMatchObject({ idle: 1, waiting: 0 });
  });

  it('gives up an idle connection for one who wants a fresh one', async () => {
    const from = await poolWith({ max: 1 });
    release(from, await acquire(from));
    const client = await new Promise<Client>((resolve) => from.acquire(new Client(resolve), true));
    expect(client.isFresh).toBe(true);
    expect(from.counters).toMatchObject({ used: 1, idle: 0 });
  });

  it('tells all who wait when the backend is gone', async () => {
    const from = await poolWith({ max: 1 });
    await new Promise((resolve) => server?.close(resolve));
    const clients = await Promise.all([acquire(from), acquire(from), acquire(from)]);
    expect(clients.map((client) => client.failure?.kind)).toEqual(['refused', 'refused', 'refused']);
    expect(from.counters).toMatchObject({ connecting: 0, waiting: 0, failed: 3 });
  });
});

describe('connect timeout', () => {
  it('is told from a refusal', async () => {
    // A thread that listens and never accepts: when its queue is full, the system leaves who comes without an answer.
    const deaf = new Worker(
      `const server = require('node:net').createServer();
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        require('node:worker_threads').parentPort.postMessage(server.address().port);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`,
      { eval: true },
    );
    const port = await new Promise<number>((resolve) => deaf.once('message', resolve));
    const callers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    try {
      pool = new BackendPool({ address: { kind: 'tcp', host: '127.0.0.1', port }, connectTimeout: 100 });
      const { failure } = await acquire(pool);
      expect(failure?.kind).toBe('connect-timeout');
      expect(pool.counters.connecting).toBe(0);
    } finally {
      for (const caller of callers) caller.destroy();
      await deaf.terminate();
    }
  });
});

describe('drain', () => {
  it('closes what is idle at once, what is used when it comes back, and turns the rest away', async () => {
    const from = await poolWith({ max: 2 });
    const [a, b] = [await acquire(from), await acquire(from)];
    release(from, a);
    const c = await acquire(from);
    const waiting = new Client();
    from.acquire(waiting);
    from.drain();
    expect(waiting.failure?.kind).toBe('shutdown');
    release(from, b);
    release(from, c);
    expect(b.connection?.isDead).toBe(true);
    expect((await acquire(from)).failure?.kind).toBe('shutdown');
    expect(from.counters).toMatchObject({ used: 0, idle: 0, connecting: 0, waiting: 0 });
  });
});

describe('a connection whose client left while it was opening', () => {
  async function leave(from: BackendPool): Promise<void> {
    const client = new Client();
    from.acquire(client);
    from.cancel(client);
    await settle();
    expect(client.calls).toBe(0);
  }

  it('is kept, and fresh to whoever gets it', async () => {
    const from = await poolWith();
    await leave(from);
    expect(from.counters).toMatchObject({ idle: 1, connecting: 0 });
    expect((await acquire(from)).isFresh).toBe(true);
    expect(from.counters).toMatchObject({ opened: 1, reused: 0 });
  });

  it('is closed where none are kept', async () => {
    const from = await poolWith({ isReusing: false });
    await leave(from);
    expect([from.counters.idle, sockets.size]).toEqual([0, 0]);
  });

  it('serves the next one all the same', async () => {
    const from = await poolWith({ isReusing: false, max: 1 });
    const client = new Client();
    from.acquire(client);
    const next = acquire(from);
    from.cancel(client);
    expect((await next).isFresh).toBe(true);
    expect(from.counters.opened).toBe(1);
  });
});

describe('whatever happens', () => {
  it('no more than max are open, each client hears once, nothing is left', async () => {
    const action = fc.constantFrom('acquire', 'fresh', 'release', 'spend', 'cancel', 'kill', 'wait');
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (actions, max) => {
          const from = await poolWith({ max });
          const all: Client[] = [];
          const held: Client[] = [];
          const cancelled = new Set<Client>();
          for (const act of actions) {
            if (act === 'acquire' || act === 'fresh') {
              const client = new Client((c) => {
                if (c.connection !== undefined) held.push(c);
              });
              all.push(client);
              from.acquire(client, act === 'fresh');
            } else if (act === 'release' || act === 'spend') {
              const client = held.shift();
              if (client !== undefined) release(from, client, act === 'release');
            } else if (act === 'cancel') {
              const client = all.find((c) => c.calls === 0 && !cancelled.has(c));
              if (client !== undefined) {
                cancelled.add(client);
                from.cancel(client);
              }
            } else if (act === 'kill') {
              for (const socket of sockets) socket.destroy();
            } else await settle(1);
            const { used, idle, connecting } = from.counters;
            expect(used + idle + connecting).toBeLessThanOrEqual(max);
          }
          for (let round = 0; round < 200 && all.some((c) => c.calls === 0 && !cancelled.has(c)); round++) {
            for (const client of held.splice(0)) release(from, client);
            await settle(1);
          }
          for (const client of held.splice(0)) release(from, client);
          for (const client of all) expect(client.calls).toBe(cancelled.has(client) ? 0 : 1);
          expect(from.counters).toMatchObject({ used: 0, waiting: 0 });
          from.drain();
          for (const socket of sockets) socket.destroy();
          await new Promise((resolve) => server?.close(resolve));
          server = undefined;
          expect(from.counters).toMatchObject({ used: 0, idle: 0, connecting: 0, waiting: 0 });
        },
      ),
      { numRuns: 60 },
    );
  });
});
