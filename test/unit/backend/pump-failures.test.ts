import { describe, expect, it } from 'vitest';
import type { BackendFailure } from '../../../src/backend/failure.ts';
import type { PumpOptions } from '../../../src/backend/pump-options.ts';
import type { ScriptHead } from '../../../src/cgi/script-headers.ts';
import { done, fakeWith, ListBody, poolFor, Sink, send, settle, until } from './pump-support.ts';

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
