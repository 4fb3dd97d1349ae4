/** HTTP/1.x as a protocol of the pump: one request, one answer with what comes before it (mod_proxy_http.c). */
import type { Driver, DriverEvents } from '../../../backend/driver.ts';
import { joinBytes } from '../../../http/bytes.ts';
import { CHUNK_END, chunkHeader, LAST_CHUNK } from '../../../http/chunked.ts';
import type { HeaderFields } from '../../../http/header-fields.ts';
import type { ResponseHead } from '../../../http/response-head-parser.ts';
import {
  type ResponseFailure,
  type ResponseHandler,
  type ResponseOptions,
  ResponseParser,
} from '../../../http/response-parser.ts';
import type { Sending } from '../shared/http-request-head.ts';

/** Interim answers of one request that are passed on (AP_MAX_INTERIM_RESPONSES). */
export const MAX_INTERIM = 10;

/** What the pump does not ask for. */
export interface HttpEvents {
  onInterim(head: ResponseHead): void;
  onTrailers(trailers: HeaderFields): void;
  /** 101: the head, and the bytes that came behind it in the other protocol. Answers false when it was not asked for. */
  onSwitch(head: ResponseHead, rest: Buffer): boolean;
}

export interface HttpHead {
  readonly head: ResponseHead;
  /** Bytes of the body, where a Content-Length says so. */
  readonly length: number | undefined;
}

const LAST = Buffer.from(LAST_CHUNK, 'latin1');
const EXTRA_LINE = Buffer.from('\r\n', 'latin1');
const NOTHING: Buffer = Buffer.alloc(0);

export class HttpDriver implements Driver<HttpHead>, ResponseHandler {
  /** Why the answer could not be read. */
  failure: ResponseFailure | undefined;
  readonly #head: string;
  readonly #isChunked: boolean;
  readonly #isKept: boolean;
  readonly #hasExtraLine: boolean;
  readonly #options: ResponseOptions;
  readonly #extra: HttpEvents;
  #events: DriverEvents<HttpHead> | undefined;
  #parser: ResponseParser | undefined;
  #interim = 0;

  /**
   * @param head of the request, with its empty line.
   * @param sending how it says that it is sent.
   */
  constructor(head: string, sending: Sending, options: ResponseOptions, extra: HttpEvents) {
    this.#head = head;
    this.#isChunked = sending.isChunked;
    this.#isKept = sending.isKept;
    this.#hasExtraLine = sending.hasExtraLine;
    this.#options = options;
    this.#extra = extra;
  }

  get isReusable(): boolean {
    return this.#isKept && this.#parser?.isReusable === true;
  }

  open(events: DriverEvents<HttpHead>, first: Buffer | undefined, isWhole: boolean): Buffer | string {
    this.#events = events;
    this.#parser = new ResponseParser(this.#options, this);
    this.#interim = 0;
    const head = this.#head;
    if (first === undefined && !(isWhole && this.#isChunked)) return head;
    if (!this.#isChunked) return joinBytes(head, first, isWhole && this.#hasExtraLine ? '\r\n' : '');
    const before = first === undefined ? head : head + chunkHeader(first.length);
    const after = (first === undefined ? '' : CHUNK_END) + (isWhole ? LAST_CHUNK : '');
    return joinBytes(before, first, after);
  }

  encodeBody(chunk: Buffer): Buffer {
    return this.#isChunked ? joinBytes(chunkHeader(chunk.length), chunk, CHUNK_END) : Buffer.from(chunk);
  }

  encodeBodyEnd(): Buffer | undefined {
    if (this.#hasExtraLine && !this.#isChunked) return EXTRA_LINE;
    return this.#isChunked ? LAST : undefined;
  }

  /** HTTP has no other way to say it than the end of the connection. */
  encodeAbort(): undefined {
    return undefined;
  }

  receive(chunk: Buffer): void {
    this.#parser?.push(chunk);
  }

  socketEnd(): void {
    this.#parser?.end();
  }

  /** Amid the fields of a head. */
  get isInFields(): boolean {
    return this.#parser?.isInFields === true;
  }

  // ResponseHandler

  onInterim(head: ResponseHead): void {
    this.#extra.onInterim(head);
    if (++this.#interim === MAX_INTERIM) this.#refuse('interim');
  }

  onHead(head: ResponseHead, length: number | undefined): void {
    if (head.status !== 101) {
      this.#events?.onHead({ head, length });
      return;
    }
    if (!this.#extra.onSwitch(head, this.#parser?.rest ?? NOTHING)) this.#refuse('upgrade');
  }

  onBody(slice: Buffer): void {
    this.#events?.onBodyPart(slice);
  }

  onTrailers(trailers: HeaderFields): void {
    this.#extra.onTrailers(trailers);
  }

  onEnd(): void {
    this.#events?.onEnd();
  }

  onFailure(failure: ResponseFailure): void {
    this.failure = failure;
    this.#events?.onProtocolFailure(
      failure.kind === 'cut' || failure.kind === 'status' ? 'closed' : 'protocol',
      failure.kind,
    );
  }

  #refuse(detail: string): void {
    this.#parser?.stop();
    this.#events?.onProtocolFailure('protocol', detail);
  }
}
