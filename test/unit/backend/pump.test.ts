import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { BodyReader, BodySource, ResponseSink } from '../../../src/backend/body.ts';
import type { BackendFailure } from '../../../src/backend/failure.ts';
import { BackendPool, type PoolOptions } from '../../../src/backend/pool.ts';
import { Pump, type PumpOptions } from '../../../src/backend/pump.ts';
import type { ScriptHead } from '../../../src/cgi/script-headers.ts';
import { encodeParams } from '../../../src/fcgi/params.ts';
import { type FakeFcgi, type FakeFcgiOptions, startFakeFcgi } from '../../support/fake-fcgi.ts';
import { FcgiDriver } from './fcgi-driver.ts';

const NO_BODY: BodySource = { isPresent: false, start() {}, resume() {} };

/** Delivers chunks within `start` until told to pause, then again on `resume`. */
class ListBody implements BodySource {
  readonly isPresent = true;
  delivered = 0;
  pauses = 0;
  discards = 0;
  #reader: BodyReader | undefined;
  readonly #chunks: Buffer[];
  readonly #ending: 'end' | 'open' | number;

  constructor(chunks: readonly Buffer[], ending: 'end' | 'open' | number = 'end') {
    this.#chunks = [...chunks];
    this.#ending = ending;
  }

  start(reader: BodyReader): void {
    this.#reader = reader;
    this.resume();
  }

  resume(): void {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) break;
      this.delivered += chunk.length;
      if (this.#reader?.onBody(chunk) === false) {
        this.pauses++;
        return;
      }
    }
    if (this.#ending === 'end') this.#reader?.onBodyEnd();
    else if (this.#ending !== 'open') this.#reader?.onBodyError(this.#ending);
  }

  discard(): void {
    this.discards++;
  }

  push(chunk: Buffer): void {
    this.#reader?.onBody(chunk);
  }

  end(): void {
    this.#reader?.onBodyEnd();
  }

  fail(status: number): void {
    this.#reader?.onBodyError(status);
  }
}

class Sink implements ResponseSink<ScriptHead> {
  head: ScriptHead | undefined;
  body = '';
  size = 0;
  flushes = 0;
  outcome = '';
  failure: BackendFailure | undefined;
  isStalled = false;
  readonly done: Promise<void>;
  #resolve: () => void = () => {};

  constructor() {
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onHead(head: ScriptHead): void {
    this.head = head;
  }

  write(chunk: Buffer): boolean {
    this.size += chunk.length;
    if (this.size < 100_000) this.body += chunk.toString('latin1');
    return !this.isStalled;
  }

  flush(): void {
    this.flushes++;
  }

  end(): void {
    this.outcome += 'end';
    this.#resolve();
  }

  fail(failure: BackendFailure, isBeforeHead: boolean): void {
    this.outcome += isBeforeHead ? 'failed before head' : 'failed after head';
    this.failure = failure;
    this.#resolve();
  }
}

const fakes: FakeFcgi[] = [];
const pools: BackendPool[] = [];

afterEach(async () => {
  for (const pool of pools.splice(0)) pool.drain();
  for (const fake of fakes.splice(0)) await fake.close();
});

async function fakeWith(options: FakeFcgiOptions = {}, pool: Partial<PoolOptions> = {}) {
  const fake = await startFakeFcgi(options);
  fakes.push(fake);
  return { fake, pool: poolFor({ address: { kind: 'tcp', host: '127.0.0.1', port: fake.port }, ...pool }) };
}

function poolFor(options: PoolOptions): BackendPool {
  const pool = new BackendPool(options);
  pools.push(pool);
  return pool;
}

function send(pool: BackendPool, script: string, options: Partial<PumpOptions<ScriptHead>> = {}) {
  const sink = new Sink();
  const driver = new FcgiDriver(encodeParams([['HTTP_X_FAKE', script]]));
  const pump = new Pump<ScriptHead>({
    pool,
    driver,
    body: NO_BODY,
    sink,
    timeout: 10_000,
    isRetriable: true,
    ...options,
  });
  pump.start();
  return { sink, pump, driver };
}

const settle = (ms = 50) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(isTrue: () => boolean): Promise<void> {
  const limit = Date.now() + 5000;
  while (!isTrue()) {
    if (Date.now() > limit) throw new Error('waited in vain');
    await settle(5);
  }
}

describe('answers', () => {
  it.each([
    ['hello', 'hello\n', ''],
    ['padded', 'padded body\n', ''],
    ['stderr', 'ok\n', 'PHP Warning: one\nPHP Warning: two\n'],
    ['unknown-type', 'ok\n', ''],
    ['app-status', 'ok\n', ''],
    ['slow', 'first\nsecond\n', ''],
  ])('%s', async (script, body, stderr) => {
    const { pool } = await fakeWith();
    const { sink, driver } = send(pool, script);
    await sink.done;
    expect([sink.outcome, sink.body, driver.stderr]).toEqual(['end', body, stderr]);
    expect(sink.head?.contentType).toBe('text/plain');
    expect(pool.counters).toMatchObject({ used: 0, idle: 1 });
  });

  it('flushes what came of an answer that goes on', async () => {
    const { fake, pool } = await fakeWith();
    const { sink } = send(pool, 'held');
    await until(() => sink.flushes > 0);
    expect(sink.body).toBe('first\n');
    fake.proceed();
    await sink.done;
    expect(sink.body).toBe('first\nsecond\n');
  });

  it('come over a unix socket, and connections are reused', async () => {
    const path = join(tmpdir(), `apache-lite-pump-${process.pid}.sock`);
    rmSync(path, { force: true });
    const { fake } = await fakeWith({ path });
    const pool = poolFor({ address: { kind: 'unix', path } });
    for (let i = 0; i < 20; i++) await send(pool, 'hello').sink.done;
    expect(fake.seen).toMatchObject({ connections: 1, requests: 20 });
    expect(pool.counters).toMatchObject({ opened: 1, reused: 19, idle: 1 });
  });

  it('with bytes behind their end cost the connection', async () => {
    const { fake, pool } = await fakeWith();
    for (let i = 0; i < 3; i++) {
      expect((await done(send(pool, 'trailing'))).outcome).toBe('end');
      // Bytes that are late are met while it is idle.
      await until(() => fake.seen.open === 0);
    }
    expect(fake.seen.connections).toBe(3);
  });
});

async function done(sent: { sink: Sink }): Promise<Sink> {
  await sent.sink.done;
  return sent.sink;
}

describe('bodies', () => {
  it.each<[string, readonly number[]]>([
    ['empty', []],
    ['small', [3]],
    ['at the prefetch limit', [16_384]],
    ['beyond it', [16_384, 1]],
    ['large', Array.from({ length: 100 }, () => 70_000)],
  ])('%s: all of it arrives', async (_name, sizes) => {
    const { pool } = await fakeWith();
    const chunks = sizes.map((size) => Buffer.alloc(size, 'b'));
    const { sink } = send(pool, 'count', { body: new ListBody(chunks) });
    await sink.done;
    expect(sink.body).toBe(`${sizes.reduce((sum, size) => sum + size, 0)}\n`);
  });

  it('go out while the answer comes in', async () => {
    const { pool } = await fakeWith();
    const body = new ListBody([Buffer.from('one ')], 'open');
    const { sink } = send(pool, 'echo', { body });
    await until(() => sink.body === 'one ');
    body.push(Buffer.from('two '));
    await until(() => sink.body === 'one two ');
    body.end();
    await sink.done;
    expect(sink.outcome).toBe('end');
  });

  it('may be reused by their source once given', async () => {
    const { pool } = await fakeWith();
    const shared = Buffer.from('first ');
    const body = new ListBody([shared], 'open');
    const { sink } = send(pool, 'echo', { body });
    shared.fill('?');
    await until(() => sink.body !== '');
    body.end();
    await sink.done;
    expect(sink.body).toBe('first ');
  });

  it('that break off end the request at the backend', async () => {
    const { fake, pool } = await fakeWith();
    const { sink } = send(pool, 'echo', { body: new ListBody([Buffer.from('x')], 408) });
    await sink.done;
    expect(sink.failure).toEqual({ kind: 'body', detail: '408' });
    await until(() => fake.seen.open === 0);
    expect(pool.counters).toMatchObject({ used: 0, connecting: 0, waiting: 0 });
  });

  it('are not needed for an early answer; the connection is not kept', async () => {
    const { fake, pool } = await fakeWith();
    const { sink } = send(pool, 'early', { body: new ListBody([Buffer.alloc(1000)], 'open') });
    await sink.done;
    expect([sink.outcome, sink.head?.status, sink.body]).toEqual(['end', 413, 'enough\n']);
    await until(() => fake.seen.open === 0);
    expect(pool.counters).toMatchObject({ used: 0, idle: 0 });
  });

  it('whose last bytes are still going out do not cost the connection, nor is the answer kept waiting', async () => {
    const { fake, pool } = await fakeWith();
    const whole = { body: new ListBody([Buffer.alloc(30_000_000)]), prefetch: Number.POSITIVE_INFINITY };
    expect((await done(send(pool, 'early', whole))).outcome).toBe('end');
    expect(fake.seen.bodyBytes).toBeLessThan(30_000_000);
    expect(pool.counters).toMatchObject({ used: 1, idle: 0 });
    await until(() => pool.counters.idle === 1);
    await done(send(pool, 'hello'));
    expect([fake.seen.connections, pool.counters.used]).toEqual([1, 0]);
  });

  it('whose last bytes are never taken cost it, in time', async () => {
    const { fake, pool } = await fakeWith();
    const body = new ListBody([Buffer.alloc(30_000_000)]);
    const script = '[{"stall":true},{"stdout":"X-A: 1\\n\\nenough"},{"end":{}}]';
    const { sink } = send(pool, script, { body, prefetch: Number.POSITIVE_INFINITY, timeout: 300 });
    await sink.done;
    expect([sink.outcome, sink.body, pool.counters.used]).toEqual(['end', 'enough', 1]);
    await until(() => pool.counters.used === 0);
    expect(pool.counters.idle).toBe(0);
    fake.dropConnections();
  });

  it('still going out when the backend has answered and closed do not cost the answer', async () => {
    const path = join(tmpdir(), `apache-lite-early-${process.pid}.sock`);
    rmSync(path, { force: true });
    await fakeWith({ path });
    const pool = poolFor({ address: { kind: 'unix', path } });
    for (let i = 0; i < 20; i++) {
      const body = new ListBody([], 'open');
      const { sink, pump } = send(pool, 'early-close', { body, isRetriable: false });
      while (!pump.isSettled) {
        body.push(Buffer.alloc(60_000));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect([sink.failure, sink.body]).toEqual([undefined, 'enough\n']);
    }
  });

  it('of an early answer that closes are cut, the answer is whole', async () => {
    const { pool } = await fakeWith();
    for (let i = 0; i < 20; i++) {
      const chunks = Array.from({ length: 200 }, () => Buffer.alloc(60_000));
      const { sink } = send(pool, 'early-close', { body: new ListBody(chunks) });
      await sink.done;
      expect([sink.failure, sink.outcome, sink.body]).toEqual([undefined, 'end', 'enough\n']);
    }
  });
});

describe('a body nobody reads on', () => {
  it.each(['count', 'early', 'close-at-once', 'bad-version', 'silent'])('is let go: %s', async (script) => {
    const { pool } = await fakeWith();
    const body = new ListBody([Buffer.alloc(1000)], script === 'count' ? 'end' : 'open');
    const { sink } = send(pool, script, { body, timeout: 0 });
    if (script === 'silent') body.fail(400);
    await sink.done;
    expect(body.discards).toBe(1);
  });

  it('is let go: nobody listens', async () => {
    const body = new ListBody([Buffer.alloc(10)]);
    await done(send(poolFor({ address: { kind: 'unix', path: '/nonexistent/x.sock' } }), 'x', { body }));
    expect(body.discards).toBe(1);
  });

  it('is let go: the client is gone before the start', async () => {
    const { fake, pool } = await fakeWith();
    const body = new ListBody([Buffer.alloc(10)]);
    const driver = new FcgiDriver('');
    const sink = new Sink();
    const pump = new Pump({ pool, driver, body, sink, timeout: 0, isRetriable: true });
    pump.abort();
    pump.start();
    await settle();
    expect([body.discards, body.delivered, sink.outcome, fake.seen.connections]).toEqual([1, 0, '', 0]);
  });
});

describe('backpressure', () => {
  it('a stalled client stops the backend, and nothing is collected', async () => {
    const { fake, pool } = await fakeWith();
    const sink = new Sink();
    sink.isStalled = true;
    const { pump } = send(pool, 'huge', { sink, timeout: 800 });
    await until(() => sink.size > 0);
    await settle(1000); // Longer than the timeout: the backend is not what we wait for.
    expect(sink.size).toBeLessThan(300_000);
    expect(sink.outcome).toBe('');
    sink.isStalled = false;
    pump.resume();
    await sink.done;
    expect(sink.outcome).toBe('end');
    expect(sink.size).toBe(64 * 1024 * 1024);
    expect(fake.seen.open).toBe(1);
  });

  it('a stalled backend stops the body, and times out', async () => {
    const { pool } = await fakeWith();
    const body = new ListBody(Array.from({ length: 1000 }, () => Buffer.alloc(60_000)));
    const { sink } = send(pool, 'stall', { body, timeout: 400 });
    await sink.done;
    expect(body.delivered).toBeLessThan(10_000_000);
    expect(sink.failure?.kind).toBe('timeout');
  });

  it('a stalled body does not time out', async () => {
    const { pool } = await fakeWith();
    const body = new ListBody([Buffer.from('x')], 'open');
    const { sink } = send(pool, 'echo', { body, timeout: 500 });
    await settle(800);
    expect(sink.outcome).toBe('');
    body.end();
    await sink.done;
    expect(sink.outcome).toBe('end');
  });
});

describe('failures', () => {
  it.each<[string, BackendFailure, string]>([
    ['close-at-once', { kind: 'closed', detail: 'closed' }, 'failed before head'],
    ['close-after-headers', { kind: 'closed', detail: 'closed' }, 'failed after head'],
    ['close-in-body', { kind: 'closed', detail: 'closed' }, 'failed after head'],
    ['reset-at-once', { kind: 'reset', detail: 'ECONNRESET' }, 'failed before head'],
    ['bad-version', { kind: 'protocol', detail: 'bad-version' }, 'failed before head'],
    ['bad-id', { kind: 'protocol', detail: 'wrong-request-id' }, 'failed before head'],
    ['overloaded', { kind: 'protocol', detail: 'protocol status 2' }, 'failed before head'],
    ['silent', { kind: 'timeout', detail: 'silent for 200 ms' }, 'failed before head'],
    [
      '[{"stdout":"no colon\\n\\n"},{"end":{}}]',
      { kind: 'protocol', detail: 'no-colon' },
      'failed before head',
    ],
  ])('%s', async (script, failure, outcome) => {
    const { fake, pool } = await fakeWith();
    const { sink } = send(pool, script, { timeout: script === 'silent' ? 200 : 10_000 });
    await sink.done;
    expect([sink.outcome, sink.failure]).toEqual([outcome, failure]);
    await until(() => fake.seen.open === 0);
    expect(pool.counters).toMatchObject({ used: 0, idle: 0, connecting: 0, waiting: 0 });
  });

  it('connecting: nobody listens, no such socket', async () => {
    const { fake, pool } = await fakeWith();
    await fake.close();
    expect((await done(send(pool, 'hello'))).failure).toEqual({ kind: 'refused', detail: 'ECONNREFUSED' });
    const missing = poolFor({ address: { kind: 'unix', path: '/nonexistent/x.sock' } });
    expect((await done(send(missing, 'hello'))).failure).toEqual({ kind: 'not-found', detail: 'ENOENT' });
  });
});

describe('a kept connection that was closed meanwhile', () => {
  /** One good request, then the backend closes when it sees the second. */
  const staleScript = 'close-at-once';

  it('is replaced once, body included', async () => {
    const { fake, pool } = await fakeWith();
    await send(pool, 'hello').sink.done;
    fake.dropConnections();
    // Sent before the close can have been noticed.
    const { sink } = send(pool, 'count', { body: new ListBody([Buffer.alloc(5000), Buffer.alloc(5000)]) });
    await sink.done;
    expect([sink.outcome, sink.body]).toEqual(['end', '10000\n']);
    expect(fake.seen.connections).toBe(2);
  });

  it('is not replaced twice', async () => {
    const { fake, pool } = await fakeWith();
    await send(pool, 'hello').sink.done;
    const { sink } = send(pool, staleScript);
    await sink.done;
    expect(sink.failure?.kind).toBe('closed');
    expect(fake.seen.requests).toBe(3);
  });

  it.each<[string, Partial<PumpOptions<ScriptHead>>]>([
    ['the request may not be repeated', { isRetriable: false }],
    [
      'more of the body was sent than is kept',
      { body: new ListBody([Buffer.alloc(10_000), Buffer.alloc(10_000)], 'open'), prefetch: 15_000 },
    ],
  ])('is not replaced when %s', async (_why, options) => {
    const { fake, pool } = await fakeWith();
    await send(pool, 'hello').sink.done;
    const body = options.body instanceof ListBody ? options.body : undefined;
    const { sink } = send(pool, staleScript, options);
    await Promise.resolve(); // by then there is a connection
    body?.push(Buffer.alloc(1));
    await sink.done;
    expect(['closed', 'reset']).toContain(sink.failure?.kind);
    expect(fake.seen.requests).toBe(2);
  });

  it('is not replaced when part of an answer came', async () => {
    const { fake, pool } = await fakeWith();
    await send(pool, 'hello').sink.done;
    expect((await done(send(pool, 'close-after-headers'))).failure?.kind).toBe('closed');
    expect(fake.seen.requests).toBe(2);
  });
});

describe('a connection that is reset before its request was read', () => {
  it.each<[string, Partial<PumpOptions<ScriptHead>>, number]>([
    ['is not replaced when it was fresh', {}, 1],
    ['is, where that is asked for, some times', { isResetRetried: true }, 6],
    ['not for a request that may not be repeated', { isResetRetried: true, isRetriable: false }, 1],
  ])('%s', async (_why, options, requests) => {
    const { fake, pool } = await fakeWith();
    const { sink } = send(pool, 'reset-at-once', options);
    await sink.done;
    expect([sink.outcome, sink.failure?.kind]).toEqual(['failed before head', 'reset']);
    expect(fake.seen.requests).toBe(requests);
  });

  it('one that is only closed has had its request', async () => {
    const { fake, pool } = await fakeWith();
    const { sink } = send(pool, 'close-at-once', { isResetRetried: true });
    await sink.done;
    expect([sink.failure?.kind, fake.seen.requests]).toEqual(['closed', 1]);
  });
});

describe('sockets', () => {
  it.each(['tcp', 'unix'] as const)(
    '%s: one that was closed is connected again, and hears nothing of its former use',
    async (kind) => {
      const path = kind === 'unix' ? join(tmpdir(), `apache-lite-again-${process.pid}.sock`) : undefined;
      const fake = await startFakeFcgi(path === undefined ? { port: 0 } : { path });
      fakes.push(fake);
      const address: PoolOptions['address'] =
        path === undefined ? { kind: 'tcp', host: '127.0.0.1', port: fake.port } : { kind: 'unix', path };
      const pool = poolFor({ address, isReusing: false });
      for (let round = 0; round < 4; round++) {
        // Good ends and bad ones in turn: what is left of a bad one must not be met again.
        const scripts = ['hello', 'close-in-body', 'hello', 'reset-at-once', 'huge', 'padded', 'silent'];
        const sent = scripts.map((script) =>
          send(pool, script, { timeout: script === 'silent' ? 300 : 10_000 }),
        );
        for (const { sink } of sent) await sink.done;
        expect(sent.map(({ sink }) => sink.outcome)).toEqual([
          'end',
          'failed after head',
          'end',
          'failed before head',
          'end',
          'end',
          'failed before head',
        ]);
        expect([sent[0]?.sink.body, sent[2]?.sink.body, sent[5]?.sink.body]).toEqual([
          'hello\n',
          'hello\n',
          'padded body\n',
        ]);
      }
      await until(() => fake.seen.open === 0);
      expect(fake.seen.connections).toBe(28);
    },
  );
});

describe('an aborted request', () => {
  it('is aborted at the backend and frees the place', async () => {
    const { fake, pool } = await fakeWith({}, { max: 1 });
    const { sink, pump } = send(pool, 'silent');
    await until(() => fake.seen.requests === 1);
    const next = send(pool, 'hello');
    pump.abort();
    await next.sink.done;
    expect(next.sink.outcome).toBe('end');
    expect([sink.outcome, fake.seen.aborts, pump.isSettled]).toEqual(['', 1, true]);
  });

  it('leaves the queue when it was still waiting', async () => {
    const { fake, pool } = await fakeWith({}, { max: 1 });
    const first = send(pool, 'held');
    const second = send(pool, 'hello');
    second.pump.abort();
    await until(() => first.sink.body !== '');
    fake.proceed();
    await first.sink.done;
    await settle();
    expect([second.sink.outcome, fake.seen.requests]).toEqual(['', 1]);
    expect(pool.counters).toMatchObject({ used: 0, waiting: 0, idle: 1 });
  });
});

describe('a sink that throws', () => {
  const throwIn = (place: 'onHead' | 'write' | 'flush' | 'end'): Sink => {
    const sink = new Sink();
    sink[place] = () => {
      throw new Error(`thrown in ${place}`);
    };
    return sink;
  };

  it.each([
    ['onHead', 'hello'],
    ['write', 'hello'],
    ['flush', 'held'],
    ['end', 'hello'],
  ] as const)('in %s ends its request, and says what it was', async (place, script) => {
    const { pool } = await fakeWith();
    const sink = throwIn(place);
    const error = await new Promise((resolve) => {
      const { pump } = send(pool, script, { sink, onDefect: resolve });
      expect(pump.isSettled).toBe(false);
    });
    expect(String(error)).toBe(`Error: thrown in ${place}`);
    expect(sink.outcome).toBe('');
    expect(pool.counters.used).toBe(0);
    // The pool serves the next one.
    const { sink: next } = send(pool, 'hello');
    await next.done;
    expect(next.outcome).toBe('end');
  });

  it('in fail too', async () => {
    const { pool } = await fakeWith();
    const sink = new Sink();
    sink.fail = () => {
      throw new Error('thrown in fail');
    };
    const error = await new Promise((resolve) => {
      send(pool, 'close-at-once', { sink, onDefect: resolve });
    });
    expect(String(error)).toBe('Error: thrown in fail');
    expect(pool.counters.used).toBe(0);
  });
});
