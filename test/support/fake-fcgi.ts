/**
 * A scriptable FastCGI application. A script is a list of steps; which one is run for a request is said by the
 * request itself (`HTTP_X_FAKE`, or `fake=NAME` in QUERY_STRING, naming an entry of `SCRIPTS` or holding JSON), else by
 * the default of the server. In a test: `await startFakeFcgi({ port: 0 })`. As a process, after bundling:
 * `node fake-fcgi.mjs 127.0.0.1:9000 [script]` or `node fake-fcgi.mjs /tmp/fake.sock [script]`.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { basename } from 'node:path';
import { ProtocolStatus, RecordType } from '../../src/fcgi/constants.ts';
import { encodeEndRequest, ResponderDecoder, type ResponderHandler } from '../../src/fcgi/responder.ts';

export type Step =
  /** Output in records of at most `split` content bytes with `padding` bytes behind each. */
  | { readonly stdout: string; readonly split?: number; readonly padding?: number }
  | { readonly stderr: string }
  /** Bytes put on the wire as they are, in hexadecimal. */
  | { readonly raw: string }
  /** Any record at all. */
  | {
      readonly record: {
        readonly type: number;
        readonly content?: string;
        readonly version?: number;
        /** Added to the request's own id. */
        readonly idOffset?: number;
        readonly padding?: number;
      };
    }
  /** That many bytes of output, written with backpressure. */
  | { readonly fill: number; readonly chunk?: number }
  | { readonly sleep: number }
  /** Waits until the test lets it go on: `proceed()` of the server. */
  | { readonly hold: true }
  /** Waits until the whole request body has come. */
  | { readonly awaitBody: true }
  /** The params as `NAME=value` lines in the order received. */
  | { readonly echoParams: true }
  /** The body, byte by byte as it comes. */
  | { readonly echoBody: true }
  /** The body's length as text. */
  | { readonly countBody: true }
  | { readonly end: { readonly app?: number; readonly protocol?: number } }
  /** `end` sends FIN, `reset` RST. */
  | { readonly close: 'end' | 'reset' }
  /** Stops reading the socket. */
  | { readonly stall: true };

const TEXT = 'Content-Type: text/plain\r\n\r\n';
const END: Step = { end: {} };

export const SCRIPTS: Readonly<Record<string, readonly Step[]>> = {
  params: [{ awaitBody: true }, { stdout: TEXT }, { echoParams: true }, END],
  hello: [{ stdout: `${TEXT}hello\n` }, END],
  echo: [{ stdout: TEXT }, { echoBody: true }, END],
  count: [{ awaitBody: true }, { stdout: TEXT }, { countBody: true }, END],
  early: [{ stdout: `Status: 413 Too Large\r\n${TEXT}enough\n` }, END],
  'early-close': [{ stdout: `Status: 413 Too Large\r\n${TEXT}enough\n` }, END, { close: 'end' }],
  padded: [{ stdout: `${TEXT}padded body\n`, split: 3, padding: 5 }, END],
  empty: [END],
  stderr: [{ stderr: 'PHP Warning: one\nPHP Warning: two\n' }, { stdout: `${TEXT}ok\n` }, END],
  'stderr-only': [{ stderr: 'only\n' }, END],
  slow: [{ stdout: `${TEXT}first\n` }, { sleep: 300 }, { stdout: 'second\n' }, END],
  held: [{ stdout: `${TEXT}first\n` }, { hold: true }, { stdout: 'second\n' }, END],
  silent: [{ sleep: 60_000 }],
  'close-at-once': [{ close: 'end' }],
  'reset-at-once': [{ close: 'reset' }],
  'close-after-headers': [{ stdout: `X-A: 1\r\n${TEXT}` }, { close: 'end' }],
  'close-in-body': [{ stdout: `${TEXT}partial` }, { close: 'end' }],
  'bad-version': [{ record: { type: RecordType.Stdout, version: 2, content: `${TEXT}x` } }, END],
  'bad-id': [{ record: { type: RecordType.Stdout, idOffset: 1, content: `${TEXT}x` } }, END],
  'unknown-type': [{ record: { type: 77, content: 'noise' } }, { stdout: `${TEXT}ok\n` }, END],
  overloaded: [{ end: { protocol: ProtocolStatus.Overloaded } }],
  'cant-mpx': [{ end: { protocol: ProtocolStatus.CantMultiplex } }],
  'unknown-role': [{ end: { protocol: ProtocolStatus.UnknownRole } }],
  'app-status': [{ stdout: `${TEXT}ok\n` }, { end: { app: 7 } }],
  trailing: [{ stdout: `${TEXT}ok\n` }, END, { raw: '0106000100000000' }],
  huge: [{ stdout: TEXT }, { fill: 64 * 1024 * 1024 }, END],
  stall: [{ stall: true }, { sleep: 60_000 }],
};

export interface FakeFcgiOptions {
  /** A TCP port on 127.0.0.1 (0: any free one), unless `path` names a unix socket. */
  readonly port?: number;
  readonly path?: string;
  /** Run when the request names none; default `params`. */
  readonly script?: string | readonly Step[];
  /** Closes each connection after this many requests, even when the web server asked to keep it. */
  readonly requestsPerConnection?: number;
}

export interface FakeFcgi {
  readonly port: number;
  readonly path: string | undefined;
  /** What was seen so far. */
  readonly seen: { connections: number; open: number; requests: number; aborts: number; bodyBytes: number };
  /** Destroys every open connection and keeps listening. */
  dropConnections(): void;
  /** Lets all that are held go on. */
  proceed(): void;
  close(): Promise<void>;
}

function chooseScript(params: ReadonlyMap<string, string>, fallback: string | readonly Step[]) {
  const query = new URLSearchParams(params.get('QUERY_STRING') ?? '').get('fake');
  const wanted = params.get('HTTP_X_FAKE') ?? query ?? fallback;
  if (typeof wanted !== 'string') return wanted;
  if (wanted.startsWith('[')) return JSON.parse(wanted) as readonly Step[];
  const script = SCRIPTS[wanted];
  if (script === undefined) throw new Error(`no such script: ${wanted}`);
  return script;
}

class FakeConnection implements ResponderHandler {
  readonly #socket: Socket;
  readonly #options: FakeFcgiOptions;
  readonly #seen: FakeFcgi['seen'];
  readonly #held: Set<() => void>;
  readonly #decoder: ResponderDecoder;
  #requests = 0;
  #id = 0;
  #params: ReadonlyMap<string, string> = new Map();
  #isKept = false;
  #body: Buffer[] = [];
  #bodyLength = 0;
  #hasBody = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, options: FakeFcgiOptions, seen: FakeFcgi['seen'], held: Set<() => void>) {
    this.#socket = socket;
    this.#options = options;
    this.#seen = seen;
    this.#held = held;
    this.#decoder = new ResponderDecoder(this);
    seen.connections++;
    seen.open++;
    socket.on('data', (chunk) => this.#decoder.push(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      seen.open--;
      this.#wakeUp();
    });
  }

  onRequest(requestId: number, params: Map<string, string>, keepConnection: boolean): void {
    this.#id = requestId;
    this.#params = params;
    this.#isKept = keepConnection;
    this.#body = [];
    this.#bodyLength = 0;
    this.#hasBody = false;
    this.#seen.requests++;
    this.#requests++;
    this.#run(chooseScript(params, this.#options.script ?? 'params')).catch((error: unknown) => {
      if (!this.#socket.destroyed) this.#socket.destroy(error instanceof Error ? error : undefined);
    });
  }

  onStdin(slice: Buffer): void {
    this.#body.push(slice);
    this.#bodyLength += slice.length;
    this.#seen.bodyBytes += slice.length;
    this.#wakeUp();
  }

  onStdinEnd(): void {
    this.#hasBody = true;
    this.#wakeUp();
  }

  onAbort(): void {
    this.#seen.aborts++;
  }

  onReply(record: Buffer): void {
    this.#socket.write(record);
  }

  onFailure(): void {
    this.#socket.destroy();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Until the next part of the body, its end, or the socket's close. */
  async #more(): Promise<void> {
    if (this.#socket.destroyed) throw new Error('closed');
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#socket.destroyed) throw new Error('closed');
  }

  async #write(buffer: Buffer): Promise<void> {
    if (this.#socket.write(buffer)) return;
    await new Promise<void>((resolve, reject) => {
      const socket = this.#socket;
      const drained = () => {
        socket.off('close', closed);
        resolve();
      };
      const closed = () => {
        socket.off('drain', drained);
        reject(new Error('closed'));
      };
      socket.once('drain', drained);
      socket.once('close', closed);
    });
  }

  #record(type: number, content: Buffer, padding = 0, version = 1, idOffset = 0): Buffer {
    const record = Buffer.alloc(8 + content.length + padding);
    record[0] = version;
    record[1] = type;
    record.writeUInt16BE(this.#id + idOffset, 2);
    record.writeUInt16BE(content.length, 4);
    record[6] = padding;
    content.copy(record, 8);
    return record;
  }

  async #stdout(content: Buffer, split = 0xffff, padding = 0): Promise<void> {
    for (let at = 0; at < content.length; at += split) {
      await this.#write(this.#record(RecordType.Stdout, content.subarray(at, at + split), padding));
    }
  }

  async #run(script: readonly Step[]): Promise<void> {
    for (const step of script) await this.#step(step);
  }

  async #step(step: Step): Promise<void> {
    if ('stdout' in step) await this.#stdout(Buffer.from(step.stdout, 'latin1'), step.split, step.padding);
    else if ('stderr' in step)
      await this.#write(this.#record(RecordType.Stderr, Buffer.from(step.stderr, 'latin1')));
    else if ('raw' in step) await this.#write(Buffer.from(step.raw, 'hex'));
    else if ('record' in step) {
      const { type, content = '', version, idOffset, padding } = step.record;
      await this.#write(this.#record(type, Buffer.from(content, 'latin1'), padding, version, idOffset));
    } else if ('hold' in step) await new Promise<void>((resolve) => this.#held.add(resolve));
    else if ('fill' in step) await this.#fill(step.fill, step.chunk ?? 0xffff);
    else if ('sleep' in step) await new Promise((resolve) => setTimeout(resolve, step.sleep).unref());
    else if ('awaitBody' in step) {
      while (!this.#hasBody) await this.#more();
    } else if ('echoParams' in step) {
      let text = '';
      for (const [name, value] of this.#params) text += `${name}=${value}\n`;
      await this.#stdout(Buffer.from(text, 'latin1'));
    } else if ('echoBody' in step) await this.#echoBody();
    else if ('countBody' in step) await this.#stdout(Buffer.from(`${this.#bodyLength}\n`));
    else if ('end' in step) this.#end(step.end.app ?? 0, step.end.protocol ?? 0);
    else if ('close' in step) {
      if (step.close === 'reset') this.#socket.resetAndDestroy();
      else this.#socket.destroySoon();
    } else this.#socket.pause();
  }

  async #fill(total: number, size: number): Promise<void> {
    const content = Buffer.alloc(size, 0x61);
    for (let left = total; left > 0; left -= size) {
      await this.#stdout(left < size ? content.subarray(0, left) : content);
    }
  }

  async #echoBody(): Promise<void> {
    for (;;) {
      const parts = this.#body;
      this.#body = [];
      for (const part of parts) await this.#stdout(part);
      if (this.#body.length > 0) continue;
      if (this.#hasBody) return;
      await this.#more();
    }
  }

  #end(app: number, protocol: number): void {
    this.#socket.write(encodeEndRequest(this.#id, app, protocol));
    this.#decoder.finishRequest();
    const limit = this.#options.requestsPerConnection ?? Number.POSITIVE_INFINITY;
    if (!this.#isKept || this.#requests >= limit) this.#socket.end();
  }
}

export async function startFakeFcgi(options: FakeFcgiOptions = {}): Promise<FakeFcgi> {
  const seen = { connections: 0, open: 0, requests: 0, aborts: 0, bodyBytes: 0 };
  const sockets = new Set<Socket>();
  const held = new Set<() => void>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new FakeConnection(socket, options, seen, held);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (options.path !== undefined) server.listen(options.path, resolve);
    else server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const dropConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    path: options.path,
    seen,
    dropConnections,
    proceed() {
      for (const go of held) go();
      held.clear();
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        dropConnections();
      }),
  };
}

// By name, not by import.meta.url: bundled into something else it must not start by itself.
if (basename(process.argv[1] ?? '').startsWith('fake-fcgi')) {
  const [, , where = '127.0.0.1:0', script] = process.argv;
  const colon = where.lastIndexOf(':');
  const fake = await startFakeFcgi({
    ...(where.includes('/') ? { path: where } : { port: Number(where.slice(colon + 1)) }),
    ...(script === undefined ? {} : { script }),
  });
  process.stdout.write(`listening on ${fake.path ?? `127.0.0.1:${fake.port}`}\n`);
}
