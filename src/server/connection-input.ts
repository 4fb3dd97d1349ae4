/**
 * The bytes that come in on an HTTP/1.x connection, and who gets them: the parser of request heads, or the body of the request that is busy.
 * Pipelined requests wait here: for the one before to be answered, and for the client to take what it has been answered already.
 */
import type { Socket } from 'node:net';
import type { Request } from '../core/request.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import type { RequestFailure, RequestHead } from '../http/request-head.ts';
import { ParseState, RequestParser } from '../http/request-parser.ts';
import type { ConnectionDeadline } from './connection-deadlines.ts';
import type { ConnectionHome } from './connection-home.ts';
import type { Http1Transport } from './http1-answer.ts';
import { IncomingBody } from './incoming-body.ts';
import { PendingInput } from './pending-input.ts';

/** Unread pipelined bytes kept while a request is busy; beyond it the socket is not read. */
const MAX_PENDING = 64 * 1024;
/** httpd's DEFAULT_LIMIT_BLANK_LINES. */
const MAX_BLANK_LINES = 10;

/** `taken`: a handler has it, and speaks for itself. */
export type Phase = 'idle' | 'reading' | 'busy' | 'taken' | 'lingering' | 'closed';

/** What the way in needs of its connection. */
export interface InputHost {
  phase: Phase;
  readonly baseServer: VirtualServer;
  /** Whose limits hold now. */
  readonly server: VirtualServer;
  onHead(head: RequestHead): void;
  onBadHead(head: RequestHead, failure: RequestFailure): void;
  /** What nobody read of the request's body is out of the way. */
  onSkipped(r: Request): void;
  /** Nothing that comes can be a request. */
  linger(): void;
  /** The client sends no more, and all that it sent has been taken. */
  onInputOver(): void;
}

export class ConnectionInput {
  readonly parser: RequestParser;
  /** The client has ended its side. */
  hasEnded = false;
  readonly #socket: Socket;
  readonly #host: InputHost;
  readonly #transport: Http1Transport;
  readonly #deadline: ConnectionDeadline;
  readonly #pending = new PendingInput();
  #isFeeding = false;
  /** Answered; what nobody read of its body is in the way of the next. */
  #skipping: Request | undefined;
  /** Behind a request, and nothing but blank lines since. */
  #isBetween = false;
  #blankLines = 0;

  constructor(
    socket: Socket,
    host: InputHost,
    home: ConnectionHome,
    transport: Http1Transport,
    deadline: ConnectionDeadline,
  ) {
    this.#socket = socket;
    this.#host = host;
    this.#transport = transport;
    this.#deadline = deadline;
    this.parser = new RequestParser(home.parserOptions(host.baseServer));
  }

  /** Bytes received and not taken. */
  get size(): number {
    return this.#pending.size;
  }

  /** Somebody is being given bytes: nobody knows yet where those of a body end. */
  get isFeeding(): boolean {
    return this.#isFeeding;
  }

  push(chunk: Buffer): void {
    this.#pending.push(chunk);
    this.pull();
  }

  /** Nothing comes behind what is here. */
  end(): void {
    this.hasEnded = true;
    if (this.#pending.size === 0) this.#host.onInputOver();
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
    // The end was heard of while something was in its way.
    if (this.hasEnded && this.#pending.size === 0) this.#host.onInputOver();
    this.#regulate();
  }

  /** Makes ready for the head of another request. */
  next(): void {
    this.#skipping = undefined;
    this.parser.reset();
    this.#isBetween = this.#pending.size > 0;
    this.#blankLines = 0;
    if (this.#pending.size === 0) this.#regulate();
    else if (!this.#isFeeding) this.pull();
  }

  /** What is left of a body nobody read is thrown away before the next request. */
  skip(body: IncomingBody, r: Request): void {
    if (body.isBroken) {
      this.#host.linger();
      return;
    }
    body.forget();
    this.#skipping = r;
    this.pull();
    this.checkSkipped();
  }

  checkSkipped(): void {
    const r = this.#skipping;
    const { body } = this.#transport;
    if (r === undefined || !(body instanceof IncomingBody)) return;
    if (body.isBroken) this.#host.linger();
    else if (body.isFinished) this.#host.onSkipped(r);
  }

  /** The body that wants bytes now. */
  get wantingBody(): IncomingBody | undefined {
    const { body } = this.#transport;
    return body instanceof IncomingBody && body.isWanting ? body : undefined;
  }

  /** All that is left, in order; nothing is pending afterwards. */
  takeAll(): Buffer[] {
    return this.#pending.takeAll();
  }

  /** What is pending is of no use any more. */
  clear(): void {
    this.#skipping = undefined;
    this.#pending.clear();
  }

  #feed(): void {
    const host = this.#host;
    for (;;) {
      const chunk = this.#pending.first;
      if (chunk === undefined) break;
      if (!(host.phase === 'busy' ? this.#feedBody(chunk) : this.#feedParser(chunk))) return;
    }
    // The wait for a body begins, even if nothing of it ever comes.
    if (host.phase === 'busy' && !this.#deadline.isMeasuring && this.wantingBody !== undefined)
      this.#deadline.expectInput('body', host.server);
  }

  /** False: the body, or who reads it, wants nothing now. */
  #feedBody(chunk: Buffer): boolean {
    const body = this.wantingBody;
    if (body === undefined) return false;
    this.#deadline.expectInput('body', this.#host.server);
    this.#take(chunk, body.feed(chunk, this.#pending.offset));
    this.checkSkipped();
    return true;
  }

  /** False: no request can begin on this connection now. */
  #feedParser(chunk: Buffer): boolean {
    const { parser } = this;
    const host = this.#host;
    if (host.phase !== 'idle' && host.phase !== 'reading') return false;
    // A client that asks and does not read would have all its answers kept here: `drain` goes on.
    if (this.#socket.writableNeedDrain) return false;
    if (this.#isBetween) {
      if (!this.#skipBlankLines(chunk)) {
        host.linger();
        return false;
      }
      if (this.#pending.first !== chunk) return true;
    }
    this.#take(chunk, parser.feed(chunk, this.#pending.offset));
    if (parser.state === ParseState.complete) host.onHead(parser.head);
    else if (parser.state === ParseState.failed)
      host.onBadHead(parser.head, parser.failure as RequestFailure);
    else if (host.phase === 'idle') {
      host.phase = 'reading';
      this.#deadline.expectInput('header', host.baseServer);
    } else if (host.baseServer.readTimeouts !== undefined) {
      this.#deadline.expectInput('header', host.baseServer);
    }
    return true;
  }

  /**
   * Blank lines that came along behind a request are no part of the next one, even without CR (check_pipeline of
   * modules/http/http_request.c). False when there are more of them than a client sends by mistake.
   */
  #skipBlankLines(chunk: Buffer): boolean {
    let at = this.#pending.offset;
    for (;;) {
      if (chunk[at] === 0x0a) at++;
      else if (chunk[at] === 0x0d && chunk[at + 1] === 0x0a) at += 2;
      else break;
      if (++this.#blankLines > MAX_BLANK_LINES) return false;
    }
    this.#isBetween = at >= chunk.length && this.#pending.size > at - this.#pending.offset;
    if (at > this.#pending.offset) this.#take(chunk, at);
    return true;
  }

  #take(chunk: Buffer, end: number): void {
    const count = this.#pending.take(chunk, end);
    this.#transport.bytesRead += count;
    this.#deadline.count(count);
  }

  /** Stops the socket while more than enough is pending. */
  #regulate(): void {
    const isFull = this.#pending.size > MAX_PENDING;
    const { phase } = this.#host;
    if (isFull !== this.#socket.isPaused() && phase !== 'closed' && phase !== 'taken') {
      if (isFull) this.#socket.pause();
      else this.#socket.resume();
    }
  }
}
