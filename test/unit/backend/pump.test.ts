import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PoolOptions } from '../../../src/backend/pool.ts';
import { startFakeFcgi } from '../../support/fake-fcgi.ts';
import { done, fakes, fakeWith, poolFor, send, until } from './pump-support.ts';

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
