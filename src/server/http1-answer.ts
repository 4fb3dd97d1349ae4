/**
 * Answers on their way out of an HTTP/1.x connection: the head is made, the body framed (ap_http_header_filter and ap_http_chunk_filter of
 * modules/http), and both leave in as few writes as can be.
 */
import type { Socket } from 'node:net';
import type { BodyWriter, RequestBody } from '../core/body.ts';
import type { RawConnection } from '../core/raw-connection.ts';
import type { Request, Transport } from '../core/request.ts';
import { joinBytes } from '../http/bytes.ts';
import { CHUNK_END, chunkHeader, LAST_CHUNK } from '../http/chunked.ts';
import type { HeaderFields } from '../http/header-fields.ts';
import { CONTINUE, responseHead } from '../http/response-head.ts';
import { TurnBatch } from '../lib/turn-batch.ts';
import type { ConnectionDeadline } from './connection-deadlines.ts';
import { type AnswerFraming, buildHead, decideFraming } from './http1-head.ts';
import { NO_BODY } from './incoming-body.ts';
import type { SendProgress } from './send-progress.ts';

/** What the way out needs of its connection. */
export interface AnswerHost {
  /** Requests answered on it before. */
  readonly keepalives: number;
  /** The answer under way has been given whole, or given up. Comes once for each. */
  onAnswered(): void;
  /** The request's handler speaks for itself from here on. Undefined when the connection cannot be had now. */
  handOver(): RawConnection | undefined;
}

/** Bodies up to this size are copied behind their head, so that both leave in one buffer. */
const COPY_LIMIT = 32 * 1024;
const corked = new TurnBatch<Socket>((socket) => socket.uncork());
const UNFRAMED: AnswerFraming = { isChunked: false, isKeptAlive: false };

/** The way out of one connection, for the request it is busy with. */
export class Http1Transport implements Transport {
  body: RequestBody = NO_BODY;
  /** Of the request under way: bytes taken off the wire, bytes put on it. */
  bytesRead = 0;
  bytesWritten = 0;
  /** The client holds its body back until it is told to send it. */
  waitsForContinue = false;
  /** The answer has been given whole, or nobody is there to take it. */
  isAnswered = false;
  readonly #socket: Socket;
  readonly #host: AnswerHost;
  readonly #deadline: ConnectionDeadline;
  readonly #progress: SendProgress;
  #framing = UNFRAMED;
  /** The request that may send; what others still send is dropped. */
  #request: Request | undefined;
  #isGone = false;
  #drain: (() => void) | undefined;
  #abort: (() => void) | undefined;

  constructor(socket: Socket, host: AnswerHost, deadline: ConnectionDeadline, progress: SendProgress) {
    this.#socket = socket;
    this.#host = host;
    this.#deadline = deadline;
    this.#progress = progress;
  }

  // ---- for the connection ----

  open(r: Request): void {
    this.#request = r;
    this.isAnswered = this.waitsForContinue = false;
    this.body = NO_BODY;
  }

  /** Nothing more may be sent: the request is over. */
  shut(): void {
    this.#request = undefined;
  }

  /** Its last byte has been counted: the next request counts anew. */
  forgetRequest(): void {
    this.#drain = this.#abort = undefined;
    this.bytesRead = this.bytesWritten = 0;
  }

  /** There is no client any more. */
  markGone(): void {
    this.#request = undefined;
    this.#isGone = true;
  }

  /** Tells whoever answers that there is no use in it. */
  giveUp(): void {
    const abort = this.#abort;
    this.#drain = this.#abort = undefined;
    abort?.();
  }

  /** The socket has taken everything. */
  drained(): void {
    const drain = this.#drain;
    this.#drain = undefined;
    drain?.();
  }

  /** The answer said that the connection is good for another request. */
  get isKeptAlive(): boolean {
    return this.#framing.isKeptAlive;
  }

  sendContinue(): void {
    if (!this.waitsForContinue) return;
    this.waitsForContinue = false;
    if (this.#request !== undefined) this.#send(CONTINUE);
  }

  // ---- Transport ----

  sendInterim(status: number, fields: HeaderFields, line?: string): void {
    if (status === 100) this.waitsForContinue = false;
    if (this.#request !== undefined && this.#request.protocolNumber >= 1001)
      this.#send(responseHead(status, '', fields, line));
  }

  sendWhole(r: Request, body: Buffer): void {
    const head = this.#makeHead(r, true);
    if (this.#request !== undefined) {
      this.bytesWritten += head.length + body.length;
      if (body.length <= COPY_LIMIT) {
        this.#corkForTurn();
        if (body.length === 0) this.#socket.write(head, 'latin1');
        else this.#socket.write(joinBytes(head, body));
      } else {
        // One that fills the socket's buffers gains nothing by waiting.
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
    this.#deadline.expectProgress(r.server);
    return new AnswerWriter(this, head, this.#framing.isChunked, length);
  }

  onDrain(callback: () => void): void {
    if (!this.#isGone) this.#drain = callback;
  }

  onAbort(callback: () => void): void {
    if (this.#isGone) callback();
    else this.#abort = callback;
  }

  get abortCallback(): (() => void) | undefined {
    return this.#abort;
  }

  takeConnection(r: Request): RawConnection | undefined {
    const { body } = this;
    if (
      this.#request === undefined ||
      this.isAnswered ||
      r.final.isHeadSent ||
      (body.isTaken && !body.isFinished)
    )
      return undefined;
    const taken = this.#host.handOver();
    if (taken === undefined) return undefined;
    r.isHeadSent = r.isBodyBegun = r.closeConnection = true;
    this.#framing = UNFRAMED;
    this.waitsForContinue = false;
    return taken;
  }

  // ---- for AnswerWriter ----

  /** Passes bytes on; false when the socket is full. */
  put(...pieces: readonly (string | Buffer)[]): boolean {
    const r = this.#request;
    if (r === undefined) return true;
    this.#deadline.expectProgress(r.server);
    const socket = this.#socket;
    for (const piece of pieces) this.bytesWritten += piece.length;
    let flows = true;
    if (pieces.length === 1) flows = write(socket, pieces[0] as string | Buffer);
    else {
      socket.cork();
      for (const piece of pieces) flows = write(socket, piece);
      socket.uncork();
    }
    if (!flows) this.#progress.note();
    return flows;
  }

  /** Passes an answer's last bytes on. */
  putLast(piece: string | Buffer): void {
    this.#corkForTurn();
    this.put(piece);
  }

  /** The answer is whole, or (not kept alive) given up. */
  finish(isWhole: boolean): void {
    if (!isWhole) {
      this.#framing = UNFRAMED;
      const r = this.#request;
      if (r !== undefined) r.isKeepAlive = r.final.isKeepAlive = false;
    }
    this.#answered();
  }

  #makeHead(r: Request, hasLength: boolean): string {
    if (r.protocolNumber < 1000) {
      this.#framing = UNFRAMED;
      return '';
    }
    this.#framing = decideFraming(r, hasLength, this.#host.keepalives, this.waitsForContinue);
    r.initial.isKeepAlive = r.isKeepAlive = this.#framing.isKeptAlive;
    return buildHead(r, this.#framing, Date.now());
  }

  /** What is written from here on leaves at the end of the turn, in a row with the answers to other clients. `end()` does not wait for it. */
  #corkForTurn(): void {
    const socket = this.#socket;
    if (socket.writableCorked > 0) return;
    socket.cork();
    corked.add(socket);
  }

  #send(text: string): void {
    this.bytesWritten += text.length;
    this.#socket.write(text, 'latin1');
  }

  #answered(): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    this.#host.onAnswered();
  }
}

function write(socket: Socket, piece: string | Buffer): boolean {
  return typeof piece === 'string' ? socket.write(piece, 'latin1') : socket.write(piece);
}

/** Writes an answer's body: the head goes with the first piece, chunks are framed in the same write. */
class AnswerWriter implements BodyWriter {
  readonly #transport: Http1Transport;
  readonly #isChunked: boolean;
  #head: string | undefined;
  #left: number | undefined;
  #isOver = false;

  constructor(transport: Http1Transport, head: string, isChunked: boolean, length: number | undefined) {
    this.#transport = transport;
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
      return head === undefined ? this.#transport.put(piece) : this.#transport.put(head, piece);
    const size = chunkHeader(piece.length);
    return this.#transport.put(head === undefined ? size : head + size, piece, CHUNK_END);
  }

  /** Head, piece and end are copied into one buffer: one write costs less than three. */
  endWith(chunk: Buffer): void {
    if (this.#isOver) return;
    const isWhole = this.#left === undefined || this.#left === chunk.length;
    if (chunk.length === 0 || chunk.length > COPY_LIMIT || !isWhole) {
      this.write(chunk);
      this.end();
      return;
    }
    this.#isOver = true;
    const before = (this.#head ?? '') + (this.#isChunked ? chunkHeader(chunk.length) : '');
    const after = this.#isChunked ? CHUNK_END + LAST_CHUNK : '';
    this.#head = undefined;
    this.#transport.putLast(joinBytes(before, chunk, after));
    this.#transport.finish(true);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const rest = (this.#head ?? '') + (this.#isChunked ? LAST_CHUNK : '');
    if (rest !== '') this.#transport.putLast(rest);
    this.#transport.finish(this.#left === undefined || this.#left === 0);
  }

  /** The head need not wait for the body. */
  flush(): void {
    const head = this.#head;
    if (this.#isOver || head === undefined) return;
    this.#head = undefined;
    this.#transport.put(head);
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#head !== undefined) this.#transport.put(this.#head);
    this.#transport.finish(false);
  }
}
