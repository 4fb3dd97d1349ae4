/**
 * How a request body is framed (RFC 9112 section 6), as ap_read_request and ap_is_chunked decide it, and the decoder for
 * bodies of known length.
 */
import { equalsIgnoreCase, trimBlanks } from './bytes.ts';
import type { HeaderFields } from './header-fields.ts';
import { debugLog, failure, type RequestFailure, type RequestHead } from './request-head.ts';

/** The framing of a request body. */
export interface BodyFraming {
  readonly kind: 'none' | 'length' | 'chunked';
  /** Bytes to come for 'length', else 0. Past 2^53 it is only roughly right: such bodies never arrive whole. */
  readonly length: number;
  /** The connection must not be kept: Content-Length was overruled. */
  readonly mustClose: boolean;
}

const NO_BODY: BodyFraming = { kind: 'none', length: 0, mustClose: false };
const CHUNKED: BodyFraming = { kind: 'chunked', length: 0, mustClose: false };
const CHUNKED_AND_CLOSE: BodyFraming = { kind: 'chunked', length: 0, mustClose: true };

const LARGEST_LENGTH = '9223372036854775807';

/** A Content-Length as httpd takes it: digits alone, within 63 bits; -1 for anything else. */
export function parseContentLength(value: string): number {
  if (!/^[0-9]+$/.test(value)) return -1;
  const digits = value.length > 18 ? value.replace(/^0+(?=.)/, '') : value;
  if (digits.length > 19 || (digits.length === 19 && digits > LARGEST_LENGTH)) return -1;
  return Number(digits);
}

/** Whether "chunked" is the last coding of a Transfer-Encoding. Earlier codings are let through, as httpd does. */
export function isChunked(transferEncoding: string): boolean {
  if (transferEncoding === 'chunked') return true;
  const last = transferEncoding.slice(transferEncoding.lastIndexOf(',') + 1);
  return equalsIgnoreCase(trimBlanks(last), 'chunked');
}

export function isFailure<T extends object>(result: T | RequestFailure): result is RequestFailure {
  return 'status' in result;
}

/**
 * Decides the framing. A Content-Length beside a Transfer-Encoding is removed from the fields: what smuggled requests
 * live on must not reach a module or a backend.
 */
export function bodyFraming(head: RequestHead): BodyFraming | RequestFailure {
  const fields: HeaderFields = head.fields;
  const lengthText = fields.get('content-length');
  let length = 0;
  if (lengthText !== undefined) {
    length = parseContentLength(lengthText);
    if (length < 0) {
      return failure(400, [
        debugLog('AH10242', `client sent invalid Content-Length (${lengthText}): ${head.path}`),
      ]);
    }
  }
  const encoding = fields.get('transfer-encoding');
  if (encoding !== undefined) {
    if (!isChunked(encoding)) {
      return failure(400, [
        debugLog('AH02539', `client sent unknown Transfer-Encoding (${encoding}): ${head.path}`),
      ]);
    }
    if (lengthText !== undefined) fields.delete('content-length');
    return lengthText !== undefined ? CHUNKED_AND_CLOSE : CHUNKED;
  }
  return lengthText === undefined ? NO_BODY : { kind: 'length', length, mustClose: false };
}

/** What a body decoder found. */
export const BodyEvent = {
  /** The chunk is used up, feed the next. */
  more: 0,
  /** Body bytes: `chunk` from `dataStart` to `dataEnd`. */
  data: 1,
  /** The body is complete; `offset` is where the next request begins. */
  end: 2,
  /** Malformed: see `failure`. */
  failed: 3,
} as const;
export type BodyEvent = (typeof BodyEvent)[keyof typeof BodyEvent];

/**
 * A decoder hands out slices of what it is fed, by positions so that nothing is allocated:
 *
 *     for (let at = 0; ; at = decoder.offset) {
 *       const event = decoder.read(chunk, at);
 *       if (event === BodyEvent.data) sink(chunk.subarray(decoder.dataStart, decoder.dataEnd));
 *       else break;
 *     }
 */
export interface BodyDecoder {
  readonly offset: number;
  readonly dataStart: number;
  readonly dataEnd: number;
  readonly failure: RequestFailure | undefined;
  read(chunk: Buffer, offset: number): BodyEvent;
}

/** Counts off a body of known length. */
export class LengthDecoder implements BodyDecoder {
  offset = 0;
  dataStart = 0;
  dataEnd = 0;
  readonly failure: undefined = undefined;
  /** Bytes still to come. */
  remaining: number;

  constructor(length: number) {
    this.remaining = length;
  }

  read(chunk: Buffer, offset: number): BodyEvent {
    this.offset = offset;
    if (this.remaining === 0) return BodyEvent.end;
    const size = Math.min(this.remaining, chunk.length - offset);
    if (size <= 0) return BodyEvent.more;
    this.remaining -= size;
    this.dataStart = offset;
    this.dataEnd = this.offset = offset + size;
    return BodyEvent.data;
  }
}
