/** What tests of the pump need: a FastCGI application that does as its request says, bodies, sinks. */
import { afterEach } from 'vitest';
import type { BodyReader, BodySource, ResponseSink } from '../../../src/backend/body.ts';
import type { BackendFailure } from '../../../src/backend/failure.ts';
import { BackendPool, type PoolOptions } from '../../../src/backend/pool.ts';
import { Pump } from '../../../src/backend/pump.ts';
import type { PumpOptions } from '../../../src/backend/pump-options.ts';
import type { ScriptHead } from '../../../src/cgi/script-headers.ts';
import { encodeParams } from '../../../src/fcgi/params.ts';
import { type FakeFcgi, type FakeFcgiOptions, startFakeFcgi } from '../../support/fake-fcgi.ts';
import { FcgiDriver } from './fcgi-driver.ts';

const NO_BODY: BodySource = { isPresent: false, start() {}, resume() {} };

/** Delivers chunks within `start` until told to pause, then again on `resume`. */
export class ListBody implements BodySource {
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

export class Sink implements ResponseSink<ScriptHead> {
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

export const fakes: FakeFcgi[] = [];
const pools: BackendPool[] = [];

afterEach(async () => {
  for (const pool of pools.splice(0)) pool.drain();
  for (const fake of fakes.splice(0)) await fake.close();
});

export async function fakeWith(options: FakeFcgiOptions = {}, pool: Partial<PoolOptions> = {}) {
  const fake = await startFakeFcgi(options);
  fakes.push(fake);
  return { fake, pool: poolFor({ address: { kind: 'tcp', host: '127.0.0.1', port: fake.port }, ...pool }) };
}

export function poolFor(options: PoolOptions): BackendPool {
  const pool = new BackendPool(options);
  pools.push(pool);
  return pool;
}

export function send(pool: BackendPool, script: string, options: Partial<PumpOptions<ScriptHead>> = {}) {
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

export const settle = (ms = 50) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(isTrue: () => boolean): Promise<void> {
  const limit = Date.now() + 5000;
  while (!isTrue()) {
    if (Date.now() > limit) throw new Error('waited in vain');
    await settle(5);
  }
}

export async function done(sent: { sink: Sink }): Promise<Sink> {
  await sent.sink.done;
  return sent.sink;
}
