/**
 * One HTTP/1.x connection: bytes in, requests through the lifecycle one after the other (ap_process_http_sync_connection of
 * modules/http/http_core.c). Pipelined requests wait in the buffer; a reader that is slow stops the socket. Answers leave by http1-answer.ts.
 */
import type { Socket } from 'node:net';
import type { ProxiedClient } from '../core/connection.ts';
import { coreServer } from '../core/core-config.ts';
import { die } from '../core/errors.ts';
import type { Answer } from '../core/hooks.ts';
import { processRequest } from '../core/lifecycle.ts';
import { Level, logConnection } from '../core/log.ts';
import type { RawConnection } from '../core/raw-connection.ts';
import type { Request } from '../core/request.ts';
import type { ClientTls } from '../core/tls.ts';
import type { AddressServers } from '../core/vhosts.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { isFailure } from '../http/body.ts';
import { checkRequest } from '../http/request-checks.ts';
import type { RequestFailure, RequestHead } from '../http/request-head.ts';
import { ParseState, RequestParser } from '../http/request-parser.ts';
import { ConnectionDeadline, type DeadlineOwner } from './connection-deadlines.ts';
import type { ConnectionHome } from './connection-home.ts';
import { type AnswerHost, Http1Transport } from './http1-answer.ts';
import { keepAliveTimeout } from './http1-head.ts';
import { CUT_OFF, chooseServer, logFailures, makeRequest, plainAddress } from './http1-request.ts';
import { IncomingBody } from './incoming-body.ts';
import { PendingInput } from './pending-input.ts';
import { RequestRun, type RunHost } from './request-run.ts';
import { TakenConnection, type TakenFrom } from './taken-connection.ts';
import { dumpConnection, isDumped } from './wire-dump.ts';

/** Unread pipelined bytes kept while a request is busy; beyond it the socket is not read. */
const MAX_PENDING = 64 * 1024;
/** How long a closed connection waits for the client to close too, so that it can read the last answer (SECONDS_TO_LINGER). */
const LINGER_QUIET = 2000;
const LINGER_LONGEST = 30_000;
/** How long a connection without a request yet may keep a server that wants to end, in milliseconds. */
const FIRST_REQUEST_GRACE = 2000;

/** httpd's DEFAULT_LIMIT_BLANK_LINES. */
const MAX_BLANK_LINES = 10;

/** `taken`: a handler has it, and speaks for itself. */
type Phase = 'idle' | 'reading' | 'busy' | 'taken' | 'lingering' | 'closed';

const refuse = (r: Request): Answer => die(r, 400);

let nextId = 1;

export class Http1Connection implements DeadlineOwner, AnswerHost, RunHost {
  readonly id: number = nextId++;
  readonly remoteAddr: string;
  readonly remotePort: number;
  readonly proxiedClient: ProxiedClient | undefined;
  readonly localAddr: string;
  readonly localPort: number;
  readonly baseServer: VirtualServer;
  readonly isTls: boolean;
  readonly tls: ClientTls | undefined;
  readonly isMistakenForPlain: boolean;
  logId: string | undefined;
  keepalives = 0;
  isAborted = false;

  readonly #socket: Socket;
  readonly #home: ConnectionHome;
  readonly #servers: AddressServers | undefined;
  readonly #parser: RequestParser;
  readonly #input = new PendingInput();
  readonly #deadline: ConnectionDeadline;
  readonly #transport: Http1Transport;
  readonly #run: RequestRun;
  #phase: Phase = 'idle';
  #isFeeding = false;
  #inputEnded = false;
  /** Answered; what nobody read of its body is in the way of the next. */
  #skipping: Request | undefined;
  #lingerEnd = 0;
  #taken: TakenConnection | undefined;

  /**
   * @param tls of a connection that speaks TLS; `mistaken`: it should, but began with plain HTTP.
   * @param client the user behind a proxy that has said so.
   */
  constructor(socket: Socket, home: ConnectionHome, tls?: ClientTls | 'mistaken', client?: ProxiedClient) {
    this.#socket = socket;
    this.#home = home;
    this.isMistakenForPlain = tls === 'mistaken';
    this.tls = tls === 'mistaken' ? undefined : tls;
    this.isTls = this.tls !== undefined;
    this.remoteAddr = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.proxiedClient = client;
    this.localAddr = plainAddress(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    this.#servers = home.configuration.vhosts.find(this.localAddr, this.localPort);
    this.baseServer = this.#servers?.first ?? home.configuration.main;
    this.#parser = new RequestParser(home.parserOptions(this.baseServer));
    this.#deadline = new ConnectionDeadline(this, home.wheel);
    this.#transport = new Http1Transport(socket, this, this.#deadline);
    this.#run = new RequestRun(this, this.#transport);
    if (isDumped(this)) dumpConnection(socket, this);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => this.#onGone());
    socket.on('close', () => this.#onClose());
    socket.on('drain', () => this.#onDrain());
    this.#deadline.expectProgress(this.baseServer);
  }

  // ---- bytes in ----

  #onData(chunk: Buffer): void {
    if (this.#phase === 'lingering') {
      this.#deadline.expect(Math.min(LINGER_QUIET, this.#lingerEnd - performance.now()));
      return;
    }
    if (this.#phase === 'closed') return;
    try {
      if (this.#phase === 'taken') {
        this.#taken?.receive(chunk);
        return;
      }
      this.#input.push(chunk);
      this.pull();
    } catch (error) {
      this.#run.onDefect(error);
    }
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
      const chunk = this.#input.first;
      if (chunk === undefined) break;
      if (!(this.#phase === 'busy' ? this.#feedBody(chunk) : this.#feedParser(chunk))) return;
    }
    // The wait for a body begins, even if nothing of it ever comes.
    if (this.#phase === 'busy' && !this.#deadline.isMeasuring && this.#wantingBody() !== undefined)
      this.#deadline.expectInput('body', this.#server);
  }

  /** False: the body, or who reads it, wants nothing now. */
  #feedBody(chunk: Buffer): boolean {
    const body = this.#wantingBody();
    if (body === undefined) return false;
    this.#deadline.expectInput('body', this.#server);
    this.#take(chunk, body.feed(chunk, this.#input.offset));
    this.#checkSkipped();
    return true;
  }

  /**
   * Blank lines that came along behind a request are no part of the next one, even without CR (check_pipeline of
   * modules/http/http_request.c). False when there are more of them than a client sends by mistake.
   */
  #skipBlankLines(chunk: Buffer): boolean {
    let at = this.#input.offset;
    for (;;) {
      if (chunk[at] === 0x0a) at++;
      else if (chunk[at] === 0x0d && chunk[at + 1] === 0x0a) at += 2;
      else break;
      if (++this.#blankLines > MAX_BLANK_LINES) return false;
    }
    this.#isBetween = at >= chunk.length && this.#input.size > at - this.#input.offset;
    if (at > this.#input.offset) this.#take(chunk, at);
    return true;
  }
  #isBetween = false;
  #blankLines = 0;

  /** False: no more requests on this connection. */
  #feedParser(chunk: Buffer): boolean {
    if (this.#phase !== 'idle' && this.#phase !== 'reading') return false;
    const parser = this.#parser;
    if (this.#isBetween) {
      if (!this.#skipBlankLines(chunk)) {
        this.#linger();
        return false;
      }
      if (this.#input.first !== chunk) return true;
    }
    this.#take(chunk, parser.feed(chunk, this.#input.offset));
    if (parser.state === ParseState.complete) this.#onHead(parser.head);
    else if (parser.state === ParseState.failed)
      this.#onBadHead(parser.head, parser.failure as RequestFailure);
    else if (this.#phase === 'idle') {
      this.#phase = 'reading';
      this.#deadline.expectInput('header', this.baseServer);
    } else if (this.baseServer.readTimeouts !== undefined) {
      this.#deadline.expectInput('header', this.baseServer);
    }
    return true;
  }

  #wantingBody(): IncomingBody | undefined {
    const { body } = this.#transport;
    return body instanceof IncomingBody && body.isWanting ? body : undefined;
  }

  #take(chunk: Buffer, end: number): void {
    const count = this.#input.take(chunk, end);
    this.#transport.bytesRead += count;
    this.#deadline.count(count);
  }

  /** Stops the socket while more than enough is pending. */
  #regulate(): void {
    const isFull = this.#input.size > MAX_PENDING;
    if (isFull !== this.#socket.isPaused() && this.#phase !== 'closed' && this.#phase !== 'taken') {
      if (isFull) this.#socket.pause();
      else this.#socket.resume();
    }
  }

  /** Whose limits hold now. */
  get #server(): VirtualServer {
    return this.#run.request?.server ?? this.baseServer;
  }

  // ---- a request ----

  #onHead(head: RequestHead): void {
    const { strictHttp, strictHostCheck } = coreServer(this.baseServer);
    const checked = checkRequest(head, strictHttp !== false, this.isTls ? 'https' : 'http');
    if (isFailure(checked)) {
      this.#onBadHead(head, checked);
      return;
    }
    const r = this.#beginRequest(head);
    logFailures(r, checked.logs);
    const { host, framing } = checked;
    const isKnown = chooseServer(r, host, this.#servers);
    if (framing.mustClose || this.#home.isDraining) r.closeConnection = true;
    if (framing.kind !== 'none') {
      const { limits, strict } = this.#home.parserOptions(r.server);
      this.#transport.body = new IncomingBody(framing, limits, strict, this.#run);
    }
    this.#transport.waitsForContinue = checked.expectsContinue;
    const isRefused = !isKnown && strictHostCheck === true && r.hostname !== undefined;
    if (isRefused) r.closeConnection = true;
    this.#run.process(r, isRefused ? refuse : processRequest);
  }

  #beginRequest(head: RequestHead): Request {
    this.#phase = 'busy';
    this.#deadline.restartInput();
    const r = makeRequest(head, this.#home.configuration, this, this.#transport);
    this.#run.begin(r);
    return r;
  }

  /** A head that cannot be served is answered by the error path, and the connection ends. */
  #onBadHead(head: RequestHead, failure: RequestFailure): void {
    const r = this.#beginRequest(head);
    r.closeConnection = true;
    r.closesSilently = failure.status === 417;
    logFailures(r, failure.logs);
    if (failure.detail !== undefined) r.notes.set('error-notes', failure.detail);
    this.#run.process(r, () => die(r, failure.status));
  }

  /** For the transport: the answer is whole, or given up. */
  onAnswered(): void {
    this.#run.finishWhenDone();
  }

  /** For the transport: what was received and nobody has read goes to who speaks now, and what comes. */
  handOver(): RawConnection | undefined {
    // While its body is being fed nobody knows yet where it ends.
    if (this.#phase !== 'busy' || (this.#isFeeding && this.#transport.body.isTaken)) return undefined;
    this.#phase = 'taken';
    this.#deadline.cancel();
    this.#taken = new TakenConnection(
      this.#socket,
      this.#takenFrom(),
      this.#input.takeAll(),
      this.#inputEnded,
    );
    return this.#taken;
  }

  #takenFrom(): TakenFrom {
    const transport = this.#transport;
    return {
      countRead(bytes) {
        transport.bytesRead += bytes;
      },
      countWritten(bytes) {
        transport.bytesWritten += bytes;
      },
      onDrain: (callback) => transport.onDrain(callback),
      release: () => transport.finish(false),
      abort: () => this.#destroy(),
    };
  }

  /** For the run: on to the next request, or to the end. */
  onDone(r: Request): void {
    if (this.#phase === 'closed') return;
    this.keepalives++;
    const { body, isKeptAlive } = this.#transport;
    if (!isKeptAlive || (this.#inputEnded && this.#input.size === 0)) this.#linger();
    else if (body instanceof IncomingBody && !body.isFinished) this.#skipBody(body, r);
    else this.#next(r);
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

  #checkSkipped(): void {
    const r = this.#skipping;
    const { body } = this.#transport;
    if (r === undefined || !(body instanceof IncomingBody)) return;
    if (body.isBroken) this.#linger();
    else if (body.isFinished) this.#next(r);
  }

  #next(r: Request): void {
    this.#skipping = undefined;
    this.#transport.shut();
    this.#parser.reset();
    this.#isBetween = this.#input.size > 0;
    this.#blankLines = 0;
    this.#phase = 'idle';
    this.#deadline.restartInput();
    this.#deadline.expect(this.#home.isDraining ? 1 : keepAliveTimeout(r));
    if (this.#input.size > 0) {
      if (!this.#isFeeding) this.pull();
    } else if (this.#home.isDraining) {
      this.#linger();
    } else {
      this.#regulate();
    }
  }

  // ---- the socket's and the clock's other words ----

  #onDrain(): void {
    if (this.#phase !== 'taken') this.#deadline.expectProgress(this.#server);
    try {
      this.#transport.drained();
    } catch (error) {
      this.#run.onDefect(error);
    }
  }

  onOverdue(): void {
    try {
      if (this.#phase === 'taken') return;
      if (this.#phase === 'busy') this.#onBusyTimeout();
      else if (this.#phase === 'reading') this.#onSlowHead();
      else this.#destroy();
    } catch (error) {
      this.#run.onDefect(error);
    }
  }

  /** A handler may take its time; a client that neither sends nor reads may not. */
  #onBusyTimeout(): void {
    const body = this.#wantingBody();
    if (body !== undefined) {
      this.#deadline.logSlow('body', this.#server);
      body.fail(408);
      this.#checkSkipped();
    } else if (this.#socket.writableLength > 0) {
      logConnection(this, 'core', Level.info, '', 'the client took no data within the time limit');
      this.#destroy();
      return;
    }
    this.#deadline.expectProgress(this.baseServer);
  }

  /** A head that does not become whole in time: 408 (ap_read_request of a client that began one). */
  #onSlowHead(): void {
    this.#deadline.logSlow('header', this.baseServer);
    if (this.#parser.head.requestLine === '') {
      this.#destroy();
      return;
    }
    const r = this.#beginRequest(this.#parser.head);
    r.closeConnection = true;
    this.#run.process(r, () => die(r, 408));
  }

  // ---- ends ----

  /** The client sends no more. A request that is being answered is answered still. */
  #onEnd(): void {
    this.#inputEnded = true;
    try {
      if (this.#phase === 'busy') this.#endBody();
      else if (this.#phase === 'taken') this.#taken?.end();
      // Half a request line is nothing; a head that was begun is a bad request.
      else if (this.#phase === 'reading' && this.#parser.head.requestLine !== '')
        this.#onBadHead(this.#parser.head, CUT_OFF);
      else this.#destroy();
    } catch (error) {
      this.#run.onDefect(error);
    }
  }

  #endBody(): void {
    const { body } = this.#transport;
    if (!(body instanceof IncomingBody) || body.isFinished || this.#input.size > 0) return;
    body.fail(0);
    this.#checkSkipped();
  }

  /** Says that no more comes, and lets the client read the last answer before the socket goes (ap_lingering_close). */
  #linger(): void {
    this.#skipping = undefined;
    this.#phase = 'lingering';
    this.#transport.shut();
    this.#input.clear();
    if (this.#socket.destroyed) {
      this.#onGone();
      return;
    }
    this.#socket.end();
    if (this.#inputEnded) {
      // Both sides have said all: gone when the last bytes are out.
      this.#deadline.expectProgress(this.baseServer);
      return;
    }
    this.#socket.resume();
    this.#lingerEnd = performance.now() + LINGER_LONGEST;
    if (this.#socket.writableLength > 0) this.#deadline.expectProgress(this.baseServer);
    else this.#deadline.expect(LINGER_QUIET);
  }

  /**
   * Ends a connection that waits for another request, and one that is busy after its answer. One that never had a request may have its first
   * one on the way: it is waited for, and answered.
   */
  close(): void {
    if (this.#phase === 'idle') {
      if (this.keepalives > 0) this.#linger();
      else this.#deadline.expect(FIRST_REQUEST_GRACE);
    } else if (this.#run.request !== undefined) this.#run.request.closeConnection = true;
  }

  #tellTaker(): void {
    try {
      this.#taken?.gone();
    } catch (error) {
      this.#run.onDefect(error);
    }
  }

  /** Cuts the connection, whatever it is at. */
  abort(): void {
    this.#destroy();
  }

  #destroy(): void {
    this.#socket.destroy();
    this.#onGone();
  }

  /** Both sides of a connection that was taken over have ended, and nothing was lost: its taker may be busy still with what the client said. */
  #onClose(): void {
    const isWhole = this.#inputEnded && this.#socket.writableFinished;
    if (this.#phase === 'taken' && isWhole && this.#taken?.isOver === false) return;
    this.#onGone();
  }

  #onGone(): void {
    if (this.#phase === 'closed') return;
    const wasBusy = this.#phase === 'busy' || this.#phase === 'taken';
    this.#phase = 'closed';
    this.#transport.markGone();
    this.#deadline.cancel();
    this.#input.clear();
    if (wasBusy && !this.#transport.isAnswered) {
      this.isAborted = true;
      this.#tellTaker();
      this.#run.abandon();
    }
    this.#socket.destroy();
    this.#home.onClosed(this);
  }
}
