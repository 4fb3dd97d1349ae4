/**
 * Clients that take what they are answered slowly, late or not at all, ask ahead of it, or stop sending: on a socket whose every byte is moved by
 * the test, and a clock that only the test moves.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Configuration } from '../../../src/core/configuration.ts';
import { loadConfiguration } from '../../../src/core/load.ts';
import { type AnyModule, defineModule } from '../../../src/core/module.ts';
import type { Request } from '../../../src/core/request.ts';
import { beginBody, sendBuffer } from '../../../src/core/response.ts';
import { DECLINED } from '../../../src/core/status.ts';
import { DEFAULT_LIMITS } from '../../../src/http/request-head.ts';
import { TimerWheel } from '../../../src/lib/timer-wheel.ts';
import { modules } from '../../../src/modules/index.ts';
import type { ConnectionHome } from '../../../src/server/connection-home.ts';
import { Http1Connection } from '../../../src/server/http1-connection.ts';

/** As the listener sets it. */
const HIGH_WATER = 64 * 1024;
const TIMEOUT = 60;
const KEEP_ALIVE = 5;
const LINGER = 2;

/** A socket to a client that takes a write when the test says so. */
class SlowSocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 80;
  /** What Node's handle says of a write that has gone out in part. */
  readonly _handle = { writeQueueSize: 0 };
  received = '';
  readonly #open: boolean;
  #held: { readonly chunk: Buffer; readonly done: () => void } | undefined;

  /** @param takesAll the client takes everything at once. */
  constructor(takesAll: boolean) {
    super({ highWaterMark: HIGH_WATER, allowHalfOpen: true });
    this.#open = takesAll;
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.#open) {
      this.received += chunk.toString('latin1');
      done();
      return;
    }
    this.#held = { chunk, done };
    this._handle.writeQueueSize = chunk.length;
  }
  /** The client takes all that waits. */
  async takeAll(): Promise<void> {
    for (let held = this.#held; held !== undefined; held = this.#held) {
      this.#held = undefined;
      this._handle.writeQueueSize = 0;
      this.received += held.chunk.toString('latin1');
      held.done();
      await turn();
    }
  }
  /** It takes the one write that is under way. */
  async takeOne(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    this._handle.writeQueueSize = 0;
    this.received += held?.chunk.toString('latin1') ?? '';
    held?.done();
    await turn();
  }
  get statuses(): string[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status as string);
  }
}

/** What the requests of a test wait for. */
let finishers: (() => void)[] = [];
let drains = 0;
let bodyReader: { heard: string; error: number | undefined; resume(): void };

/** `/whole/SIZE`, `/pieces/SIZE`: an answer of so many bytes; `/later`: when it is told; `/body`: its body is read a piece at a time. */
function answer(r: Request): number | Promise<number> {
  const [, kind, size] = r.uri.split('/');
  if (kind === 'whole') {
    sendBuffer(r, Buffer.alloc(Number(size), 'x'));
    return 0;
  }
  if (kind === 'pieces') {
    if (!beginBody(r, Number(size)).write(Buffer.alloc(Number(size), 'x')))
      r.transport.onDrain(() => drains++);
    return new Promise(() => undefined);
  }
  if (kind === 'later') {
    return new Promise((resolve) => {
      finishers.push(() => {
        sendBuffer(r, Buffer.from('later'));
        resolve(0);
      });
    });
  }
  if (kind !== 'body') return DECLINED;
  const { body } = r.transport;
  return new Promise((resolve) => {
    const reader = { heard: '', error: undefined as number | undefined, resume: () => body.resume() };
    bodyReader = reader;
    body.start({
      onBody(chunk) {
        reader.heard += chunk.toString('latin1');
        return false;
      },
      onBodyEnd() {
        sendBuffer(r, Buffer.from(reader.heard));
        resolve(0);
      },
      onBodyError(status) {
        reader.error = status;
        resolve(status === 0 ? 400 : status);
      },
    });
  });
}

const answering = defineModule({
  name: 'answering_module',
  file: 'mod_answering.c',
  always: true,
  hooks: { handler: { order: -10, run: answer } },
});

let configuration: Configuration;
let wheel: TimerWheel;
let socket: SlowSocket;
const logged: string[] = [];

beforeAll(async () => {
  answering.index = modules.length;
  const all: AnyModule[] = [...modules, answering];
  const text = `ServerName a\nListen 80\nTimeOut ${TIMEOUT}\nKeepAliveTimeout ${KEEP_ALIVE}\nLogLevel info\nDocumentRoot /\n<Location "/">\nRequire all granted\n</Location>\n`;
  const loaded = await loadConfiguration(all, { entry: { name: 'slow.conf', text }, serverRoot: '/tmp' });
  expect(loaded.problems.errors).toEqual([]);
  configuration = loaded.configuration as Configuration;
  configuration.main.log.sink = (line) => void logged.push(line);
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  logged.length = 0;
  finishers = [];
  drains = 0;
});
afterEach(() => {
  socket.destroy();
  wheel.stop();
  vi.useRealTimers();
});

function open(takesAll = false): void {
  wheel = new TimerWheel({ tickMs: 250 });
  socket = new SlowSocket(takesAll);
  const home: ConnectionHome = {
    configuration,
    wheel,
    isDraining: false,
    parserOptions: () => ({
      limits: DEFAULT_LIMITS,
      strict: true,
      registeredMethods: undefined,
      allowHttp09: false,
    }),
    onClosed: () => undefined,
  };
  new Http1Connection(socket as unknown as Socket, home);
}

/** What was set off by the last step has happened. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function send(text: string): Promise<void> {
  socket.push(Buffer.from(text, 'latin1'));
  await turn();
}

async function sendEnd(): Promise<void> {
  socket.push(null);
  await turn();
}

async function pass(seconds: number): Promise<void> {
  for (let quarter = 0; quarter < 4 * seconds; quarter++) {
    vi.advanceTimersByTime(250);
    await turn();
  }
}

const get = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

it.each([200_000, 1000])('an answer of %d bytes that is on its way is waited for', async (size) => {
  open();
  await send(get(`/whole/${size}`));
  await pass(KEEP_ALIVE + 30);
  expect(socket.destroyed).toBe(false);
  await socket.takeAll();
  expect(socket.received.endsWith('x'.repeat(size))).toBe(true);
  // Only now does the client owe another request.
  await pass(KEEP_ALIVE - 1);
  expect(socket.destroyed).toBe(false);
  await send(get('/whole/1'));
  await socket.takeAll();
  expect(socket.statuses).toEqual(['200', '200']);
  await pass(KEEP_ALIVE + 1);
  expect(socket.destroyed).toBe(true);
});

it('a client that takes nothing of an answer is cut off', async () => {
  open();
  await send(get('/whole/200000'));
  await pass(KEEP_ALIVE + TIMEOUT - 2);
  expect(socket.destroyed).toBe(false);
  await pass(4);
  expect(socket.destroyed).toBe(true);
  expect(logged.join()).toContain('the client took no data within the time limit');
});

it('what is taken of a write that is not whole counts', async () => {
  open();
  await send(get('/pieces/200000'));
  for (let left = 180_000; left > 0; left -= 20_000) {
    await pass(TIMEOUT - 10);
    socket._handle.writeQueueSize = left;
  }
  expect(socket.destroyed).toBe(false);
  await pass(2 * TIMEOUT);
  expect(socket.destroyed).toBe(true);
});

it('a client that takes nothing of a long answer is cut off after TimeOut', async () => {
  open();
  await send(get('/pieces/200000'));
  await pass(TIMEOUT - 2);
  expect(socket.destroyed).toBe(false);
  await pass(4);
  expect(socket.destroyed).toBe(true);
});

it('the wait for another request begins when a big answer is out, and is no longer for it', async () => {
  open();
  await send(get('/whole/200000'));
  await pass(1);
  await socket.takeAll();
  await pass(KEEP_ALIVE - 1);
  expect(socket.destroyed).toBe(false);
  await pass(2);
  expect(socket.destroyed).toBe(true);
});

it('a handler that takes its time is not hurried by an answer before that is on its way', async () => {
  open();
  await send(get('/whole/1000') + get('/later'));
  await pass(KEEP_ALIVE + TIMEOUT - 2);
  expect(socket.destroyed).toBe(false);
  await socket.takeAll();
  finishers[0]?.();
  await turn();
  await socket.takeAll();
  expect(socket.statuses).toEqual(['200', '200']);
});

it('a client that never closes is left soon after the last byte', async () => {
  open();
  await send(get('/whole/200000', 'Connection: close\r\n'));
  await pass(TIMEOUT - 10);
  expect(socket.destroyed).toBe(false);
  await socket.takeAll();
  expect(socket.received.endsWith('x'.repeat(200_000))).toBe(true);
  await pass(LINGER - 1);
  expect(socket.destroyed).toBe(false);
  await pass(2);
  expect(socket.destroyed).toBe(true);
});

it('a client that sends on does not hurry the end of its last answer', async () => {
  open();
  await send(get('/whole/200000', 'Connection: close\r\n'));
  await send('more');
  await pass(TIMEOUT - 10);
  expect(socket.destroyed).toBe(false);
});

it('requests wait while answers wait', async () => {
  open();
  await send(get('/whole/100000').repeat(50));
  // What is above the mark by one answer, and no more.
  expect(socket.writableLength).toBeLessThan(HIGH_WATER + 110_000);
  for (let i = 1; i <= 50; i++) {
    await socket.takeAll();
    expect(socket.writableLength).toBeLessThan(HIGH_WATER + 110_000);
  }
  expect(socket.statuses).toEqual(new Array(50).fill('200'));
  // The last of them has been read: another one is served.
  await send(get('/whole/1'));
  await socket.takeAll();
  expect(socket.statuses.length).toBe(51);
});

it('a request that waited hears of room for its own answer alone', async () => {
  open();
  await send(get('/whole/100000') + get('/pieces/200000'));
  while (!socket.received.endsWith('x'.repeat(100_000))) await socket.takeOne();
  expect(socket.writableLength).toBeGreaterThan(200_000);
  expect(drains).toBe(0);
  await socket.takeAll();
  expect(drains).toBe(1);
});

it('half a request line that is never ended does not cost the answer before', async () => {
  open();
  await send(get('/whole/1000'));
  await send('GE');
  await pass(TIMEOUT + 1);
  await socket.takeAll();
  expect(socket.received.endsWith('x'.repeat(1000))).toBe(true);
});

it('a client that asks ahead and takes nothing is cut off, whatever it sends', async () => {
  open();
  await send(get('/whole/100000').repeat(50));
  for (let second = 0; second < KEEP_ALIVE + TIMEOUT + 2; second++) {
    await send(get('/whole/100000'));
    await pass(1);
  }
  expect(socket.destroyed).toBe(true);
});

it('a body that ends too soon is told to a reader that had paused', async () => {
  open(true);
  await send('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab');
  await send('cd');
  await sendEnd();
  expect(bodyReader).toMatchObject({ heard: 'ab', error: undefined });
  bodyReader.resume();
  await turn();
  expect(bodyReader).toMatchObject({ heard: 'abcd', error: 0 });
  expect(socket.destroyed).toBe(true);
});

it('a body that is whole is served after its client has stopped sending', async () => {
  open(true);
  await send('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab');
  await send('cd');
  await sendEnd();
  bodyReader.resume();
  await turn();
  expect(bodyReader).toMatchObject({ heard: 'abcd', error: undefined });
  expect(socket.received.endsWith('\r\n\r\nabcd')).toBe(true);
});

it('half a head behind a request is answered at once when nothing more comes', async () => {
  open(true);
  await send(get('/later'));
  await send('GET /whole/1 HTTP/1.1\r\nHo');
  await sendEnd();
  finishers[0]?.();
  await turn();
  expect(socket.statuses).toEqual(['200', '400']);
  expect(socket.destroyed).toBe(true);
});

it('blank lines behind the last request end the connection', async () => {
  open(true);
  await send(get('/later'));
  await send('\r\n\r\n');
  await sendEnd();
  finishers[0]?.();
  await turn();
  expect(socket.statuses).toEqual(['200']);
  expect(socket.destroyed).toBe(true);
});

it.each([
  ['kept alive', ''],
  ['closed', 'Connection: close\r\n'],
])('an answer that is on its way survives the end of input: %s', async (_, fields) => {
  open();
  await send(get('/whole/200000', fields));
  await sendEnd();
  await pass(TIMEOUT - 10);
  await socket.takeAll();
  expect(socket.received.endsWith('x'.repeat(200_000))).toBe(true);
  expect(socket.destroyed).toBe(true);
});

it('requests that wait for an answer to be taken survive the end of input', async () => {
  open();
  await send(get('/whole/100000').repeat(3));
  await sendEnd();
  await socket.takeAll();
  expect(socket.statuses).toEqual(['200', '200', '200']);
  expect(socket.destroyed).toBe(true);
});
