/**
 * A FastCGI application as a Node server: `createFcgiServer(handler).listen(...)`. Requests stream both ways with
 * backpressure; a connection carries several requests one after another when the web server keeps it.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { ProtocolStatus } from './constants.ts';
import {
  encodeEndRequest,
  encodeStderr,
  encodeStdout,
  ResponderDecoder,
  type ResponderFailure,
  type ResponderHandler,
  type ResponderOptions,
} from './responder.ts';

/** The request; as a stream it is the request body. */
export class FcgiRequest extends Readable {
  /** CGI variables, byte strings. */
  readonly params: ReadonlyMap<string, string>;
  readonly requestId: number;
  readonly #controller: AbortController = new AbortController();
  readonly #resume: () => void;

  constructor(requestId: number, params: ReadonlyMap<string, string>, resume: () => void) {
    super();
    this.requestId = requestId;
    this.params = params;
    this.#resume = resume;
  }

  /** Aborted when the web server sends ABORT_REQUEST or its connection goes away before the reply has ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** For the connection that feeds this request. */
  abort(): void {
    this.#controller.abort();
  }

  override _read(): void {
    this.#resume();
  }
}

/** The reply; as a stream it is stdout: header lines, a blank line, the body. `end()` sends END_REQUEST. */
export class FcgiReply extends Writable {
  /** Sent with END_REQUEST. */
  appStatus = 0;
  protocolStatus: number = ProtocolStatus.RequestComplete;
  readonly #socket: Socket;
  readonly #requestId: number;
  readonly #finished: () => void;
  #hasOutput = false;

  constructor(socket: Socket, requestId: number, finished: () => void) {
    super({ decodeStrings: true, defaultEncoding: 'utf8' });
    this.#socket = socket;
    this.#requestId = requestId;
    this.#finished = finished;
  }

  /** Whether anything was written to stdout. */
  get hasOutput(): boolean {
    return this.#hasOutput;
  }

  writeStderr(chunk: string | Buffer): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.#socket.write(encodeStderr(this.#requestId, bytes));
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#hasOutput = true;
    if (chunk.length === 0) done();
    else this.#socket.write(encodeStdout(this.#requestId, chunk), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.write(encodeEndRequest(this.#requestId, this.appStatus, this.protocolStatus), done);
    this.#finished();
  }
}

export type FcgiHandler = (request: FcgiRequest, reply: FcgiReply) => void | Promise<void>;

export interface FcgiServerOptions extends ResponderOptions {
  /** Told of connections that cannot be read and of handlers that throw. */
  readonly onError?: (error: Error) => void;
}

class ApplicationConnection implements ResponderHandler {
  readonly #socket: Socket;
  readonly #handler: FcgiHandler;
  readonly #onError: ((error: Error) => void) | undefined;
  readonly #decoder: ResponderDecoder;
  #request: FcgiRequest | undefined;
  #reply: FcgiReply | undefined;

  constructor(socket: Socket, handler: FcgiHandler, options: FcgiServerOptions) {
    this.#socket = socket;
    this.#handler = handler;
    this.#onError = options.onError;
    this.#decoder = new ResponderDecoder(this, options);
    socket.on('data', (chunk) => this.#decoder.push(chunk));
    socket.on('error', (error) => socket.destroy(error));
    socket.on('close', () => this.#drop());
  }

  onRequest(requestId: number, params: Map<string, string>, keepConnection: boolean): void {
    const socket = this.#socket;
    const request = new FcgiRequest(requestId, params, () => socket.resume());
    const reply = new FcgiReply(socket, requestId, () => this.#finish(keepConnection));
    // A reply the peer no longer reads fails in the stream; the signal tells the application.
    reply.on('error', () => {});
    request.on('error', () => {});
    this.#request = request;
    this.#reply = reply;
    try {
      const done = this.#handler(request, reply);
      if (done !== undefined) done.catch((error: unknown) => this.#fail(request, reply, error));
    } catch (error) {
      this.#fail(request, reply, error);
    }
  }

  onStdin(slice: Buffer): void {
    if (this.#request?.push(slice) === false) this.#socket.pause();
  }

  onStdinEnd(): void {
    this.#request?.push(null);
  }

  onAbort(): void {
    const reply = this.#reply;
    this.#request?.abort();
    // Section 5.4: an aborted request is still answered with END_REQUEST.
    reply?.end();
  }

  onReply(record: Buffer): void {
    this.#socket.write(record);
  }

  onFailure(kind: ResponderFailure): void {
    this.#onError?.(new Error(`FastCGI connection dropped: ${kind}`));
    this.#socket.destroy();
  }

  #finish(keepConnection: boolean): void {
    this.#request?.push(null);
    this.#request?.resume(); // Nobody reads what is left of the body.
    this.#request = undefined;
    this.#reply = undefined;
    this.#decoder.finishRequest();
    if (keepConnection) this.#socket.resume();
    else this.#socket.end();
  }

  #fail(request: FcgiRequest, reply: FcgiReply, error: unknown): void {
    this.#onError?.(error instanceof Error ? error : new Error(String(error)));
    if (reply.writableEnded || request.signal.aborted) return;
    reply.appStatus = 1;
    if (!reply.hasOutput)
      reply.write('Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\n');
    reply.end();
  }

  #drop(): void {
    const request = this.#request;
    const reply = this.#reply;
    this.#request = undefined;
    this.#reply = undefined;
    request?.abort();
    request?.destroy();
    reply?.destroy();
  }
}

/** Serves FastCGI requests (responder role) on whatever the returned server is told to listen on. */
export function createFcgiServer(handler: FcgiHandler, options: FcgiServerOptions = {}): Server {
  return createServer({ noDelay: true }, (socket) => {
    new ApplicationConnection(socket, handler, options);
  });
}
