import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Pump } from '../../../src/backend/pump.ts';
import { FcgiDriver } from './fcgi-driver.ts';
import { done, fakeWith, ListBody, poolFor, Sink, send, settle, until } from './pump-support.ts';

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
