/**
 * One HTTP/1.x connection: bytes in, requests through the lifecycle one after the other, answers out. Pipelined requests wait in the buffer;
 * a reader that is slow stops the socket. Deadlines live in the listener's timer wheel.
 */
import type { Socket } from 'node:net';
import type { BodyWriter, RequestBody } from '../core/body.ts';
import type { Configuration } from '../core/configuration.ts';
import type { Connection } from '../core/connection.ts';
import { coreServer } from '../core/core-config.ts';
import { die } from '../core/errors.ts';
import { type Answer, runVoid } from '../core/hooks.ts';
import { processRequest, settle } from '../core/lifecycle.ts';
import { Level, logConnection, logRequest } from '../core/log.ts';
import { allowedTime } from '../core/read-timeouts.ts';
import { Request, type Transport } from '../core/request.ts';
import { EMPTY_BODY, sendBuffer } from '../core/response.ts';
import type { AddressServers } from '../core/vhosts.ts';
import { serverByName, serverByPath } from '../core/vhosts.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { isFailure } from '../http/body.ts';
import { chunkHeader } from '../http/chunked.ts';
import type { HeaderFields } from '../http/header-fields.ts';
import { checkRequest } from '../http/request-checks.ts';
import type { FailureLog, ParserOptions, RequestFailure, RequestHead } from '../http/request-head.ts';
import { ParseState, RequestParser } from '../http/request-parser.ts';
import { CONTINUE, responseHead } from '../http/response-head.ts';
import { type TimerWheel, WheelTimer } from '../lib/timer-wheel.ts';
import { type AnswerFraming, buildHead, decideFraming, keepAliveTimeout } from './http1-head.ts';
import { IncomingBody, NO_BODY } from './incoming-body.ts';

/** What the connections of a listener share. */
export interface ConnectionHome {
  /** The configuration new requests are served by. */
  readonly configuration: Configuration;
  readonly parserOptions: (server: VirtualServer) => ParserOptions;
  readonly wheel: TimerWheel;
  readonly isTls: boolean;
  /** No further requests: answers say `Connection: close`. */
  readonly isDraining: boolean;
  onClosed(connection: Http1Connection): void;
}

/** Unread pipelined bytes kept while a request is busy; beyond it the socket is not read. */
const MAX_PENDING = 64 * 1024;
/** How long a closed connection waits for the client to close too, so that it can read the last answer (SECONDS_TO_LINGER). */
const LINGER_QUIET = 2000;
const LINGER_LONGEST = 30_000;
const DEFAULT_TIMEOUT = 60;

type Phase = 'idle' | 'reading' | 'busy' | 'lingering' | 'closed';

const refuse = (r: Request): Answer => die(r, 400);

/** The client ended its side amid a head (AH00567). */
const CUT_OFF: RequestFailure = {
  status: 400,
  detail: undefined,
  logs: [{ number: 'AH00567', level: 'debug', message: 'request failed: error reading the headers' }],
};

/** How long a connection without a request yet may keep a server that wants to end, in milliseconds. */
const FIRST_REQUEST_GRACE = 2000;

let nextId = 1;

export class Http1Connection extends WheelTimer implements Connection, Transport {
  readonly id: number = nextId++;
  readonly remoteAddr: string;
  readonly remotePort: number;
  readonly localAddr: string;
  readonly localPort: number;
  readonly baseServer: VirtualServer;
  readonly isTls: boolean;
  keepalives = 0;
  isAborted = false;
  /** Of the request under way: bytes taken off the wire, bytes put on it. */
  bytesRead = 0;
  bytesWritten = 0;
  body: RequestBody = NO_BODY;

  readonly #socket: Socket;
  readonly #home: ConnectionHome;
  readonly #configuration: Configuration;
  readonly #servers: AddressServers | undefined;
  readonly #parser: RequestParser;
  #phase: Phase = 'idle';
  /** Bytes received and not yet taken: from #offset of the first one on. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #offset = 0;
  #isFeeding = false;
  #request: Request | undefined;
  #framing: AnswerFraming = { isChunked: false, isKeptAlive: false };
  /** The answer has been given whole. */
  #isAnswered = false;
  /** The lifecycle has returned. */
  #isSettled = false;
  #waitsForContinue = false;
  #inputEnded = false;
  #drain: (() => void) | undefined;
  #abort: (() => void) | undefined;
  /** Monotonic milliseconds at which what is awaited is overdue. */
  #deadline = 0;
  #lingerEnd = 0;
  /** Since when (monotonic milliseconds; 0: not yet) and how many bytes of a head or a body have been read. */
  #readSince = 0;
  #readBytes = 0;

  constructor(socket: Socket, home: ConnectionHome) {
    super();
    this.#socket = socket;
    this.#home = home;
    this.#configuration = home.configuration;
    this.isTls = home.isTls;
    this.remoteAddr = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localAddr = plainAddress(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    this.#servers = home.configuration.vhosts.find(this.localAddr, this.localPort);
    this.baseServer = this.#servers?.first ?? home.configuration.main;
    this.#parser = new RequestParser(home.parserOptions(this.baseServer));
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => this.#onGone());
    socket.on('close', () => this.#onGone());
    socket.on('drain', () => this.#onDrain());
    this.#await(this.#timeout(this.baseServer));
  }

  // ---- bytes in ----

  #onData(chunk: Buffer): void {
    if (this.#phase === 'lingering') {
      this.#await(Math.min(LINGER_QUIET, this.#lingerEnd - performance.now()));
      return;
    }
    if (this.#phase === 'closed') return;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.pull();
  }

  /** Gives what is pending to whom it belongs: the body of the busy request, or the parser. */
  pull(): void {
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    try {
      this.#feed();
    } finally {
      this.#isFeeding = false;
    }
    this.#regulate();
  }

  #feed(): void {
    for (;;) {
      const chunk = this.#pending[0];
      if (chunk === undefined) {
        if (
          this.#phase === 'busy' &&
          this.#readSince === 0 &&
          this.body instanceof IncomingBody &&
          this.body.isWanting
        ) {
          // The wait for a body begins, even if nothing of it ever comes.
          this.#await(this.#readTime('body', this.#request?.server ?? this.baseServer));
        }
        break;
      }
      if (this.#phase === 'busy') {
        const { body } = this;
        if (!(body instanceof IncomingBody) || !body.isWanting) break;
        this.#await(this.#readTime('body', this.#request?.server ?? this.baseServer));
        this.#take(chunk, body.feed(chunk, this.#offset));
        this.#checkSkipped();
        continue;
      }
      if (this.#phase !== 'idle' && this.#phase !== 'reading') break;
      const end = this.#parser.feed(chunk, this.#offset);
      this.#take(chunk, end);
      if (this.#parser.state === ParseState.complete) this.#onHead(this.#parser.head);
      else if (this.#parser.state === ParseState.failed)
        this.#onBadHead(this.#parser.head, this.#parser.failure as RequestFailure);
      else if (this.#phase === 'idle') {
        this.#phase = 'reading';
        this.#await(this.#readTime('header', this.baseServer));
      } else if (this.baseServer.readTimeouts !== undefined) {
        this.#await(this.#readTime('header', this.baseServer));
      }
    }
  }

  #take(chunk: Buffer, end: number): void {
    this.bytesRead += end - this.#offset;
    this.#pendingBytes -= end - this.#offset;
    this.#readBytes += end - this.#offset;
    if (end >= chunk.length) {
      this.#pending.shift();
      this.#offset = 0;
    } else {
      this.#offset = end;
    }
  }

  /** Stops the socket while more than enough is pending. */
  #regulate(): void {
    const isFull = this.#pendingBytes > MAX_PENDING;
    if (isFull !== this.#socket.isPaused() && this.#phase !== 'closed') {
      if (isFull) this.#socket.pause();
      else this.#socket.resume();
    }
  }

  // ---- a request ----

  #onHead(head: RequestHead): void {
    const strict = coreServer(this.baseServer).strictHttp !== false;
    const checked = checkRequest(head, strict, this.isTls ? 'https' : 'http');
    if (isFailure(checked)) {
      this.#onBadHead(head, checked);
      return;
    }
    const r = this.#makeRequest(head);
    this.#logAll(r, checked.logs);
    const { host, framing } = checked;
    if (host !== undefined) {
      r.hostname = host.hostname;
      r.hostPort = host.port;
    }
    const isKnown = this.#chooseServer(r);
    if (framing.mustClose) r.closeConnection = true;
    if (framing.kind === 'none') {
      this.body = NO_BODY;
    } else {
      const { limits, strict: strictBody } = this.#home.parserOptions(r.server);
      this.body = new IncomingBody(framing, limits, strictBody, this);
    }
    this.#waitsForContinue = checked.expectsContinue;
    if (this.#home.isDraining) r.closeConnection = true;
    const isRefused =
      (!isKnown && coreServer(this.baseServer).strictHostCheck === true && r.hostname !== undefined) ||
      hasForeignScheme(r);
    if (isRefused) r.closeConnection = true;
    this.#run(r, isRefused ? refuse : processRequest);
  }

  #makeRequest(head: RequestHead): Request {
    this.#phase = 'busy';
    this.#readSince = this.#readBytes = 0;
    const now = performance.timeOrigin + performance.now();
    const r = new Request(this.#configuration, this, this, this.baseServer, head.fields, now);
    r.method = head.method;
    r.requestLine = head.requestLine;
    r.protocol = head.protocol;
    r.protocolNumber = head.versionMajor * 1000 + head.versionMinor;
    r.headerOnly = head.method === 'HEAD';
    r.unparsedUri = head.target;
    r.rawPath = r.uri = head.path;
    r.args = head.query;
    if (head.uri !== undefined) {
      r.absoluteScheme = head.uri.scheme;
      r.absoluteAuthority = head.uri.hostname;
      r.absoluteUserInfo = head.uri.userInfo;
      r.absolutePort = head.uri.hostPort;
    }
    this.#request = r;
    this.#isAnswered = false;
    this.#isSettled = false;
    this.#waitsForContinue = false;
    this.body = NO_BODY;
    return r;
  }

  /** By the name asked for, else by ServerPath, else the first of the address (ap_update_vhost_from_headers). False: by default. */
  #chooseServer(r: Request): boolean {
    const servers = this.#servers;
    if (servers === undefined) return false;
    const found = r.hostname === undefined ? serverByPath(servers, r.uri) : serverByName(servers, r.hostname);
    if (found === undefined) return false;
    r.server = found;
    r.perDir = found.lookupDefaults;
    return true;
  }

  /** A head that cannot be served is answered by the error path, and the connection ends. */
  #onBadHead(head: RequestHead, failure: RequestFailure): void {
    const r = this.#makeRequest(head);
    r.closeConnection = true;
    r.closesSilently = failure.status === 417;
    this.#logAll(r, failure.logs);
    if (failure.detail !== undefined) r.notes.set('error-notes', failure.detail);
    this.#run(r, () => die(r, failure.status));
  }

  #logAll(r: Request, logs: readonly FailureLog[]): void {
    for (const { level, number, message } of logs) logRequest(r, 'core', Level[level], number, message);
  }

  #run(r: Request, process: (r: Request) => Answer): void {
    let answer: Answer;
    try {
      answer = process(r);
    } catch (error) {
      this.#onCrash(r, error);
      return;
    }
    if (typeof answer === 'number') {
      this.#onSettled(r);
      return;
    }
    answer.then(
      () => this.#onSettled(r),
      (error: unknown) => this.#onCrash(r, error),
    );
  }

  /** A defect of ours must not take the server down: it is logged, and answered by a 500. */
  #onCrash(r: Request, error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logRequest(r, 'core', Level.crit, 'AL0500', `internal error: ${what}`);
    if (this.#isAnswered || r.final.isHeadSent || r.final.isBodyBegun) {
      this.#destroy();
      return;
    }
    new Promise<number>((resolve) => resolve(settle(r, 500))).then(
      () => this.#onSettled(r),
      () => this.#destroy(),
    );
  }

  #onSettled(r: Request): void {
    this.#isSettled = true;
    const last = r.final;
    if (!last.isHeadSent && !last.isBodyBegun && !this.#isAnswered && this.#phase === 'busy')
      sendBuffer(last, EMPTY_BODY);
    this.#finishWhenDone();
  }

  #finishWhenDone(): void {
    if (!this.#isAnswered || !this.#isSettled) return;
    const r = this.#request;
    if (r === undefined) return;
    this.#request = undefined;
    this.#drain = undefined;
    this.#abort = undefined;
    runVoid(r.server.phases.logTransaction, r);
    this.bytesRead = 0;
    this.bytesWritten = 0;
    if (this.#phase === 'closed') return;
    this.keepalives++;
    if (!this.#framing.isKeptAlive || (this.#inputEnded && this.#pendingBytes === 0)) {
      this.#linger();
      return;
    }
    const { body } = this;
    if (body instanceof IncomingBody && !body.isFinished) {
      this.#skipBody(body, r);
      return;
    }
    this.#next(r);
  }

  /** What is left of a body nobody read is thrown away before the next request. */
  #skipBody(body: IncomingBody, r: Request): void {
    if (body.isBroken) {
      this.#linger();
      return;
    }
    body.forget();
    this.#skipping = r;
    this.pull();
    this.#checkSkipped();
  }
  #skipping: Request | undefined;

  #checkSkipped(): void {
    const r = this.#skipping;
    const { body } = this;
    if (r === undefined || !(body instanceof IncomingBody)) return;
    if (body.isBroken) this.#linger();
    else if (body.isFinished) this.#next(r);
  }

  #next(r: Request): void {
    this.#skipping = undefined;
    this.#parser.reset();
    this.#phase = 'idle';
    this.#readSince = this.#readBytes = 0;
    this.#await(this.#home.isDraining ? 1 : keepAliveTimeout(r));
    if (this.#pendingBytes > 0) {
      if (!this.#isFeeding) this.pull();
    } else if (this.#home.isDraining) {
      this.#linger();
    } else {
      this.#regulate();
    }
  }

  // ---- answers out ----

  get waitsForContinue(): boolean {
    return this.#waitsForContinue;
  }

  onBadBody(failure: RequestFailure, isInTrailers: boolean): void {
    const r = this.#request;
    if (r === undefined) return;
    this.#logAll(r, failure.logs);
    if (failure.detail !== undefined) r.final.notes.set('error-notes', failure.detail);
    // What is wrong with the data reaches the answer as an error bucket: its length is not known then.
    if (!isInTrailers) r.isBodyBroken = true;
    r.closeConnection = r.final.closeConnection = true;
  }

  onTrailers(trailers: HeaderFields): void {
    const r = this.#request;
    if (r === undefined) return;
    if (coreServer(r.server).mergeTrailers === true) {
      for (const [name, value] of trailers) r.headersIn.set(name, value);
    } else {
      r.trailersIn = trailers;
      if (r.final !== r) r.final.trailersIn = trailers;
    }
  }

  sendContinue(): void {
    if (!this.#waitsForContinue) return;
    this.#waitsForContinue = false;
    if (this.#phase === 'busy') this.#send(CONTINUE);
  }

  sendInterim(status: number, fields: HeaderFields): void {
    if (this.#phase === 'busy' && (this.#request?.protocolNumber ?? 0) >= 1001)
      this.#send(responseHead(status, '', fields));
  }

  sendWhole(r: Request, body: Buffer): void {
    const head = this.#makeHead(r, true);
    if (this.#phase === 'busy') {
      this.bytesWritten += head.length + body.length;
      if (body.length === 0) this.#socket.write(head, 'latin1');
      else if (body.length <= COPY_LIMIT) {
        const whole = Buffer.allocUnsafe(head.length + body.length);
        whole.write(head, 0, 'latin1');
        body.copy(whole, head.length);
        this.#socket.write(whole);
      } else {
        this.#socket.cork();
        this.#socket.write(head, 'latin1');
        this.#socket.write(body);
        this.#socket.uncork();
      }
    }
    this.#answered();
  }

  begin(r: Request, length: number | undefined): BodyWriter {
    const head = this.#makeHead(r, length !== undefined);
    this.#await(this.#timeout(r.server));
    return new AnswerWriter(this, head, this.#framing.isChunked, length);
  }

  #makeHead(r: Request, hasLength: boolean): string {
    if (r.protocolNumber < 1000) {
      this.#framing = { isChunked: false, isKeptAlive: false };
      return '';
    }
    this.#framing = decideFraming(r, hasLength, this.keepalives, this.#waitsForContinue);
    r.initial.isKeepAlive = r.isKeepAlive = this.#framing.isKeptAlive;
    return buildHead(r, this.#framing, Date.now());
  }

  #send(text: string): void {
    this.bytesWritten += text.length;
    this.#socket.write(text, 'latin1');
  }

  /** For AnswerWriter: passes bytes on; false when the socket is full. */
  put(...pieces: readonly (string | Buffer)[]): boolean {
    if (this.#phase !== 'busy') return true;
    this.#await(this.#timeout(this.#request?.server ?? this.baseServer));
    const socket = this.#socket;
    for (const piece of pieces) this.bytesWritten += piece.length;
    if (pieces.length === 1) return write(socket, pieces[0] as string | Buffer);
    let flows = true;
    socket.cork();
    for (const piece of pieces) flows = write(socket, piece);
    socket.uncork();
    return flows;
  }

  /** For AnswerWriter: the answer is whole, or (not kept alive) given up. */
  finishAnswer(isWhole: boolean): void {
    if (!isWhole) {
      const truncated: AnswerFraming = { isChunked: this.#framing.isChunked, isKeptAlive: false };
      this.#framing = truncated;
    }
    this.#answered();
  }

  #answered(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#finishWhenDone();
  }

  onDrain(callback: () => void): void {
    if (this.#phase === 'closed') return;
    this.#drain = callback;
  }

  onAbort(callback: () => void): void {
    if (this.#phase === 'closed') {
      callback();
      return;
    }
    this.#abort = callback;
  }

  #onDrain(): void {
    const drain = this.#drain;
    this.#drain = undefined;
    this.#await(this.#timeout(this.#request?.server ?? this.baseServer));
    drain?.();
  }

  // ---- ends ----

  /** The client sends no more. A request that is being answered is answered still. */
  #onEnd(): void {
    this.#inputEnded = true;
    switch (this.#phase) {
      case 'busy':
        if (this.body instanceof IncomingBody && !this.body.isFinished && this.#pendingBytes === 0) {
          this.body.fail(0);
          this.#checkSkipped();
        }
        return;
      case 'reading':
        // Half a request line is nothing; a head that was begun is a bad request.
        if (this.#parser.head.requestLine === '') this.#destroy();
        else this.#onBadHead(this.#parser.head, CUT_OFF);
        return;
      default:
        this.#destroy();
    }
  }

  /** Says that no more comes, and lets the client read the last answer before the socket goes (ap_lingering_close). */
  #linger(): void {
    this.#skipping = undefined;
    this.#phase = 'lingering';
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#socket.end();
    if (this.#inputEnded) {
      // Both sides have said all: gone when the last bytes are out.
      this.#await(this.#timeout(this.baseServer));
      return;
    }
    this.#socket.resume();
    this.#lingerEnd = performance.now() + LINGER_LONGEST;
    this.#await(this.#socket.writableLength > 0 ? this.#timeout(this.baseServer) : LINGER_QUIET);
  }

  /**
   * Ends a connection that waits for another request, and one that is busy after its answer. One that never had a request may have its first
   * one on the way: it is waited for, and answered.
   */
  close(): void {
    if (this.#phase === 'idle') {
      if (this.keepalives > 0) this.#linger();
      else this.#await(FIRST_REQUEST_GRACE);
    } else if (this.#request !== undefined) this.#request.closeConnection = true;
  }

  /** Cuts the connection, whatever it is at. */
  abort(): void {
    this.#destroy();
  }

  #destroy(): void {
    this.#socket.destroy();
    this.#onGone();
  }

  #onGone(): void {
    if (this.#phase === 'closed') return;
    const wasBusy = this.#phase === 'busy';
    this.#phase = 'closed';
    this.#home.wheel.cancel(this);
    this.#pending = [];
    this.#pendingBytes = 0;
    if (wasBusy && !this.#isAnswered) {
      this.isAborted = true;
      if (this.body instanceof IncomingBody) this.body.fail(0);
      const abort = this.#abort;
      this.#abort = undefined;
      this.#drain = undefined;
      this.#isAnswered = true;
      abort?.();
      this.#finishWhenDone();
    }
    this.#socket.destroy();
    this.#home.onClosed(this);
  }

  // ---- deadlines ----

  #timeout(server: VirtualServer): number {
    return (coreServer(server).timeout ?? DEFAULT_TIMEOUT) * 1000;
  }

  /** Milliseconds until a piece of a head or body is due: TimeOut for each of them, RequestReadTimeout for all. */
  #readTime(stage: 'header' | 'body', server: VirtualServer): number {
    const quiet = this.#timeout(server);
    const limit = server.readTimeouts?.[stage];
    if (limit === undefined || limit.timeout === 0) return quiet;
    const now = performance.now();
    if (this.#readSince === 0) this.#readSince = now;
    return Math.min(quiet, this.#readSince + allowedTime(limit, this.#readBytes) - now);
  }

  /** A head or a body took longer than it may (mod_reqtimeout's line). */
  #logSlow(stage: 'header' | 'body', server: VirtualServer): void {
    if ((server.readTimeouts?.[stage].timeout ?? 0) === 0) return;
    logConnection(this, 'reqtimeout', Level.info, 'AH01382', `Request ${stage} read timeout`);
  }

  /** Something is due within `ms`. The timer is only moved when it would fire too late. */
  #await(ms: number): void {
    const deadline = performance.now() + ms;
    const isSooner = this.wheelTick < 0 || deadline < this.#deadline;
    this.#deadline = deadline;
    if (isSooner) this.#home.wheel.arm(this, ms);
  }

  override onTimeout(): void {
    const left = this.#deadline - performance.now();
    if (left > 1) {
      this.#home.wheel.arm(this, left);
      return;
    }
    switch (this.#phase) {
      case 'busy':
        this.#onBusyTimeout();
        return;
      case 'reading':
        this.#onSlowHead();
        return;
      default:
        this.#destroy();
    }
  }

  /** A handler may take its time; a client that neither sends nor reads may not. */
  #onBusyTimeout(): void {
    const { body } = this;
    if (body instanceof IncomingBody && body.isWanting) {
      this.#logSlow('body', this.#request?.server ?? this.baseServer);
      body.fail(408);
      this.#checkSkipped();
      this.#await(this.#timeout(this.baseServer));
    } else if (this.#socket.writableLength > 0) {
      logConnection(this, 'core', Level.info, '', 'the client took no data within the time limit');
      this.#destroy();
    } else {
      this.#await(this.#timeout(this.baseServer));
    }
  }

  /** A head that does not become whole in time: 408 (ap_read_request of a client that began one). */
  #onSlowHead(): void {
    this.#logSlow('header', this.baseServer);
    if (this.#parser.head.requestLine === '') {
      this.#destroy();
      return;
    }
    const r = this.#makeRequest(this.#parser.head);
    r.closeConnection = true;
    this.#run(r, () => die(r, 408));
  }
}

/** Another scheme than ours in the target is for a proxy to answer. */
function hasForeignScheme(r: Request): boolean {
  const scheme = r.absoluteScheme?.toLowerCase();
  return (
    scheme !== undefined &&
    scheme !== 'http' &&
    scheme !== 'https' &&
    r.method !== 'CONNECT' &&
    r.absoluteAuthority !== undefined
  );
}

/** Bodies up to this size are copied behind their head, so that both leave in one buffer. */
const COPY_LIMIT = 32 * 1024;

function write(socket: Socket, piece: string | Buffer): boolean {
  return typeof piece === 'string' ? socket.write(piece, 'latin1') : socket.write(piece);
}

/** ::ffff:127.0.0.1 is 127.0.0.1, as httpd shows it. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

const CRLF = '\r\n';
const LAST = '0\r\n\r\n';

/** Writes an answer's body: the head goes with the first piece, chunks are framed in the same write. */
class AnswerWriter implements BodyWriter {
  readonly #connection: Http1Connection;
  readonly #isChunked: boolean;
  #head: string | undefined;
  #left: number | undefined;
  #isOver = false;

  constructor(connection: Http1Connection, head: string, isChunked: boolean, length: number | undefined) {
    this.#connection = connection;
    this.#head = head;
    this.#isChunked = isChunked;
    this.#left = length;
  }

  write(chunk: Buffer): boolean {
    if (this.#isOver || chunk.length === 0) return true;
    let piece = chunk;
    if (this.#left !== undefined) {
      // More than was announced would be taken for the next answer.
      if (piece.length > this.#left) piece = piece.subarray(0, this.#left);
      this.#left -= piece.length;
      if (piece.length === 0) return true;
    }
    const head = this.#head;
    this.#head = undefined;
    if (!this.#isChunked)
      return head === undefined ? this.#connection.put(piece) : this.#connection.put(head, piece);
    const size = chunkHeader(piece.length);
    return this.#connection.put(head === undefined ? size : head + size, piece, CRLF);
  }

  /** Head, piece and end are copied into one buffer: one write costs less than three. */
  endWith(chunk: Buffer): void {
    if (this.#isOver) return;
    if (chunk.length === 0 || chunk.length > COPY_LIMIT || this.#left !== undefined) {
      this.write(chunk);
      this.end();
      return;
    }
    this.#isOver = true;
    const before = (this.#head ?? '') + (this.#isChunked ? chunkHeader(chunk.length) : '');
    const after = this.#isChunked ? CRLF + LAST : '';
    const whole = Buffer.allocUnsafe(before.length + chunk.length + after.length);
    whole.write(before, 0, 'latin1');
    chunk.copy(whole, before.length);
    whole.write(after, before.length + chunk.length, 'latin1');
    this.#head = undefined;
    this.#connection.put(whole);
    this.#connection.finishAnswer(true);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const rest = (this.#head ?? '') + (this.#isChunked ? LAST : '');
    if (rest !== '') this.#connection.put(rest);
    this.#connection.finishAnswer(this.#left === undefined || this.#left === 0);
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#head !== undefined) this.#connection.put(this.#head);
    this.#connection.finishAnswer(false);
  }
}
