/**
 * One answer from a backend's bytes, split anywhere: interim heads, the head, its body by the framing that httpd's proxy takes it to have
 * (mod_proxy_http.c: ap_proxy_http_process_response; http_filters.c: ap_http_filter; RFC 9112 section 6.3), and the end or what is wrong. Pure:
 * bytes in, events out.
 */
import { type BodyDecoder, BodyEvent, isChunked, LengthDecoder, parseContentLength } from './body.ts';
import { equalsIgnoreCase } from './bytes.ts';
import { ChunkedDecoder } from './chunked.ts';
import type { HeaderFields } from './header-fields.ts';
import { tokens } from './header-list.ts';
import {
  type BadHeaderMode,
  type HeadFailure,
  HeadState,
  type ResponseHead,
  ResponseHeadParser,
} from './response-head-parser.ts';

export interface ResponseFailure {
  /**
   * Those of a head; `length`: a Content-Length that is none; `chunk`: the chunked coding is broken; `cut`: the connection ended before the framing
   * said so.
   */
  readonly kind: HeadFailure['kind'] | 'length' | 'chunk' | 'cut';
  /** The line at fault. */
  readonly line: string;
}

export interface ResponseHandler {
  /** An answer with status 1xx; more follows it. Not 101. */
  onInterim(head: ResponseHead): void;
  /** The answer's head, once. Fields named by Connection are gone from it. With status 101 it is all of the answer. */
  onHead(head: ResponseHead, length: number | undefined): void;
  /** A slice of what was pushed, or a buffer of its own; never empty. */
  onBody(slice: Buffer): void;
  /** Fields behind a chunked body, before the end. */
  onTrailers(trailers: HeaderFields): void;
  onEnd(): void;
  /** Nothing comes after it. */
  onFailure(failure: ResponseFailure): void;
}

export interface ResponseOptions {
  /** It answers a HEAD request: no body, whatever the head says. */
  readonly isHead: boolean;
  readonly fieldSize?: number | undefined;
  readonly badHeader?: BadHeaderMode | undefined;
}

/** What says how to read the answer is not to be hidden by Connection. */
const KEPT_WHEN_NAMED: ReadonlySet<string> = new Set(['transfer-encoding', 'connection', 'upgrade']);
const LINE_CUT: ResponseFailure = { kind: 'cut', line: '' };
const NO_BYTES: Buffer = Buffer.alloc(0);

type Phase = 'head' | 'length' | 'chunked' | 'close' | 'over';

export class ResponseParser {
  readonly #handler: ResponseHandler;
  readonly #isHead: boolean;
  readonly #head: ResponseHeadParser;
  #phase: Phase = 'head';
  #decoder: BodyDecoder | undefined = undefined;
  #isPersistent = false;
  /** What came behind a 101. */
  #rest: Buffer = NO_BYTES;

  constructor(options: ResponseOptions, handler: ResponseHandler) {
    this.#handler = handler;
    this.#isHead = options.isHead;
    this.#head = new ResponseHeadParser(options.fieldSize, options.badHeader);
  }

  /** Amid the fields of a head: its status line was there. */
  get isInFields(): boolean {
    return this.#phase === 'head' && this.#head.isInFields;
  }

  /** After the end: whether the connection may carry another request. */
  get isReusable(): boolean {
    return this.#phase === 'over' && this.#isPersistent;
  }

  /** Bytes that belong to the protocol switched to (101). */
  get rest(): Buffer {
    return this.#rest;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let at = 0;
    while (this.#phase === 'head') {
      at = this.#head.feed(chunk, at);
      if (this.#head.state === HeadState.more) return;
      at = this.#headRead(chunk, at);
    }
    switch (this.#phase) {
      case 'length':
      case 'chunked':
        this.#pushFramed(chunk, at);
        return;
      case 'close':
        if (at < chunk.length) this.#handler.onBody(at === 0 ? chunk : chunk.subarray(at));
        return;
      case 'over':
        // Bytes that nobody asked for: what follows could be an answer to a request not sent yet.
        if (at < chunk.length) this.#isPersistent = false;
    }
  }

  /** The connection ended. */
  end(): void {
    switch (this.#phase) {
      case 'head':
        this.#head.end();
        this.#fail(this.#head.failure ?? LINE_CUT);
        return;
      case 'close':
        this.#finish();
        return;
      case 'length':
      case 'chunked':
        this.#fail(LINE_CUT);
        return;
      case 'over':
        this.#isPersistent = false;
    }
  }

  /** The answer is of no more interest. */
  stop(): void {
    this.#phase = 'over';
    this.#isPersistent = false;
  }

  /** Acts on a head; answers where the next one or the body begins. */
  #headRead(chunk: Buffer, at: number): number {
    const parser = this.#head;
    if (parser.state === HeadState.failed) {
      this.#fail(parser.failure ?? LINE_CUT);
      return at;
    }
    const { head } = parser;
    if (head.status >= 200 || head.status < 100) {
      this.#begin(head);
      return at;
    }
    this.#isPersistent = head.versionMinor >= 1;
    this.#dropNamed(head.fields);
    if (head.status === 101) {
      this.#phase = 'over';
      this.#isPersistent = false;
      this.#rest = chunk.subarray(at);
      this.#handler.onHead(head, undefined);
      return chunk.length;
    }
    parser.reset();
    this.#handler.onInterim(head);
    return at;
  }

  #begin(head: ResponseHead): void {
    if (head.isSimple) {
      this.#phase = 'close';
      const line = Buffer.from(head.statusLine, 'latin1');
      head.statusLine = '200 OK';
      this.#handler.onHead(head, undefined);
      if (this.#isOver()) return;
      if (this.#isHead) this.#finish();
      else this.#handler.onBody(line);
      return;
    }
    const { fields, status } = head;
    this.#isPersistent = head.versionMinor >= 1;
    const encoding = fields.getJoined('transfer-encoding');
    // Both: the request that follows could be part of this answer (RFC 9112 section 6.3).
    if (encoding !== undefined && fields.delete('content-length')) this.#isPersistent = false;
    this.#dropNamed(fields);
    const lengthText = encoding === undefined ? fields.get('content-length') : undefined;
    const length = lengthText === undefined ? -1 : parseContentLength(lengthText);
    if (this.#isHead || status === 204 || status === 304) {
      this.#phase = 'over';
      this.#handler.onHead(head, length < 0 ? undefined : length);
      this.#handler.onEnd();
      return;
    }
    if (encoding !== undefined) {
      this.#phase = isChunked(encoding) ? 'chunked' : 'close';
      if (this.#phase === 'chunked') this.#decoder = new ChunkedDecoder();
    } else if (lengthText !== undefined) {
      this.#phase = 'length';
      if (length > 0) this.#decoder = new LengthDecoder(length);
    } else {
      this.#phase = 'close';
    }
    if (this.#phase === 'close') this.#isPersistent = false;
    this.#handler.onHead(head, length < 0 ? undefined : length);
    if (this.#isOver()) return;
    if (lengthText !== undefined && length < 0) this.#fail({ kind: 'length', line: lengthText });
    else if (length === 0) this.#finish();
  }

  /** What Connection names holds for this hop alone (RFC 9110 section 7.6.1); the framing is not its to change. */
  #dropNamed(fields: HeaderFields): void {
    const connection = fields.getJoined('connection');
    if (connection === undefined || equalsIgnoreCase(connection, 'keep-alive')) return;
    for (const name of tokens(connection)) {
      if (name === 'close') this.#isPersistent = false;
      else if (!KEPT_WHEN_NAMED.has(name)) fields.delete(name);
    }
  }

  #pushFramed(chunk: Buffer, offset: number): void {
    const decoder = this.#decoder as BodyDecoder;
    for (let at = offset; at < chunk.length; at = decoder.offset) {
      const event = decoder.read(chunk, at);
      if (event === BodyEvent.data) {
        const { dataStart, dataEnd } = decoder;
        this.#handler.onBody(
          dataStart === 0 && dataEnd === chunk.length ? chunk : chunk.subarray(dataStart, dataEnd),
        );
        if (this.#isOver()) return;
        if (!(decoder instanceof LengthDecoder) || decoder.remaining > 0) continue;
      } else if (event === BodyEvent.failed) {
        this.#fail({ kind: 'chunk', line: '' });
        return;
      } else if (event === BodyEvent.more) {
        return;
      }
      if (decoder.offset < chunk.length) this.#isPersistent = false;
      if (decoder instanceof ChunkedDecoder && decoder.trailers.size > 0)
        this.#handler.onTrailers(decoder.trailers);
      this.#finish();
      return;
    }
  }

  /** Handlers may stop the parser. */
  #isOver(): boolean {
    return this.#phase === 'over';
  }

  #finish(): void {
    this.#phase = 'over';
    this.#handler.onEnd();
  }

  #fail(failure: ResponseFailure): void {
    this.#phase = 'over';
    this.#isPersistent = false;
    this.#handler.onFailure(failure);
  }
}

/** Whether a status line's reason can go out again; httpd puts its own in place of one that cannot. */
export function isGoodStatusLine(line: string): boolean {
  return GOOD_LINE.test(line);
}
const GOOD_LINE = /^\d{3} [\t\x20-\x7e\x80-\xff]*$/;
