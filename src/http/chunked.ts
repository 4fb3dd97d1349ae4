/**
 * The chunked transfer coding (RFC 9112 section 7.1): an incremental decoder with the tolerances and limits of httpd's
 * parse_chunk_size (modules/http/http_filters.c), and the framing of responses.
 */
import { type BodyDecoder, BodyEvent } from './body.ts';
import { HEX_VALUE } from './bytes.ts';
import { FieldLines } from './field-lines.ts';
import { HeaderFields } from './header-fields.ts';
import { LineOutcome, LineReader } from './line-reader.ts';
import { DEFAULT_LIMITS, failure, type RequestFailure, type RequestLimits } from './request-head.ts';

const HT = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const SEMICOLON = 0x3b;

/** Blanks tolerated after a chunk size, a legacy of RFC 2616 that httpd keeps. */
const MAX_BLANKS = 10;

const State = {
  size: 0,
  digits: 1,
  blanks: 2,
  extension: 3,
  sizeLineFeed: 4,
  data: 5,
  dataEnd: 6,
  dataLineFeed: 7,
  trailer: 8,
  done: 9,
  failed: 10,
} as const;
type State = (typeof State)[keyof typeof State];

const GOOD = 0;
const MALFORMED = 1;
const OVERFLOW = 2;

export class ChunkedDecoder implements BodyDecoder {
  offset = 0;
  dataStart = 0;
  dataEnd = 0;
  failure: RequestFailure | undefined = undefined;
  /** Fields sent after the last chunk; never mixed into the head (RFC 9110 section 6.5.1). */
  readonly trailers: HeaderFields = new HeaderFields();

  readonly #limits: RequestLimits;
  readonly #strict: boolean;
  #state: State = State.size;
  #remaining = 0;
  /** Hex digits seen, leading zeros not counted. */
  #digits = 0;
  #firstDigit = 0;
  #blanks = 0;
  #lineLength = 0;
  #lines: LineReader | undefined = undefined;
  #trailerLines: FieldLines | undefined = undefined;

  constructor(limits: RequestLimits = DEFAULT_LIMITS, strict = true) {
    this.#limits = limits;
    this.#strict = strict;
  }

  read(chunk: Buffer, offset: number): BodyEvent {
    let at = offset;
    while (at < chunk.length) {
      if (this.#state === State.data) return this.#readData(chunk, at);
      if (this.#state >= State.trailer) break;
      const outcome = this.#takeByte(chunk[at] as number);
      at++;
      if (outcome !== GOOD) return this.#fail(at, outcome === OVERFLOW);
    }
    if (this.#state === State.trailer && at < chunk.length) return this.#readTrailer(chunk, at);
    this.offset = at;
    if (this.#state === State.failed) return BodyEvent.failed;
    return this.#state === State.done ? BodyEvent.end : BodyEvent.more;
  }

  #readData(chunk: Buffer, offset: number): BodyEvent {
    const size = Math.min(this.#remaining, chunk.length - offset);
    this.#remaining -= size;
    if (this.#remaining === 0) this.#state = State.dataEnd;
    this.dataStart = offset;
    this.dataEnd = this.offset = offset + size;
    return BodyEvent.data;
  }

  #takeByte(byte: number): number {
    switch (this.#state) {
      case State.dataEnd:
        if (byte === CR) this.#state = State.dataLineFeed;
        else if (byte === LF && !this.#strict) this.#state = State.size;
        else return MALFORMED;
        return GOOD;
      case State.dataLineFeed:
        if (byte !== LF) return MALFORMED;
        this.#state = State.size;
        return GOOD;
      case State.size:
        if (HEX_VALUE[byte] === 255) return MALFORMED;
        this.#state = State.digits;
        this.#remaining = this.#digits = this.#blanks = this.#lineLength = 0;
        break;
      default:
    }
    // The limit of a request line holds for the size line too, line end included.
    if (++this.#lineLength > this.#limits.line) return OVERFLOW;
    return this.#takeSizeByte(byte);
  }

  #takeSizeByte(byte: number): number {
    if (byte === LF) {
      if (this.#strict && this.#state !== State.sizeLineFeed) return MALFORMED;
      this.#state = this.#remaining === 0 ? State.trailer : State.data;
      return GOOD;
    }
    if (this.#state === State.sizeLineFeed) return MALFORMED;
    if (byte === CR) this.#state = State.sizeLineFeed;
    else if (byte === SEMICOLON) this.#state = State.extension;
    else if (this.#state === State.extension) {
      if (byte !== HT && (byte < SP || byte === 0x7f)) return MALFORMED;
    } else if (byte === SP || byte === HT) {
      this.#state = State.blanks;
      if (++this.#blanks > MAX_BLANKS) return MALFORMED;
    } else if (this.#state === State.blanks) return MALFORMED;
    else return this.#takeDigit(byte);
    return GOOD;
  }

  #takeDigit(byte: number): number {
    const value = HEX_VALUE[byte] as number;
    if (value === 255) return MALFORMED;
    if (this.#digits === 0) {
      if (value === 0) return GOOD;
      this.#firstDigit = value;
    }
    // 63 bits are the limit, 16 digits of which the first is at most 7.
    if (++this.#digits > 16 || (this.#digits === 16 && this.#firstDigit > 7)) return OVERFLOW;
    this.#remaining = this.#remaining * 16 + value;
    return GOOD;
  }

  #readTrailer(chunk: Buffer, offset: number): BodyEvent {
    this.#lines ??= new LineReader();
    this.#trailerLines ??= new FieldLines(this.#limits, this.#strict, this.trailers);
    const lines = this.#lines;
    const fields = this.#trailerLines;
    let at = offset;
    while (at < chunk.length) {
      const outcome = lines.read(chunk, at, this.#limits.fieldSize, this.#strict);
      at = lines.offset;
      if (outcome === LineOutcome.more) break;
      let refused: RequestFailure | undefined;
      if (outcome === LineOutcome.tooLong) refused = fields.tooLong(lines.text);
      else if (outcome !== LineOutcome.line) refused = fields.unreadable(lines.text);
      else if (lines.text !== '') refused = fields.add(lines.text);
      else {
        refused = fields.finish();
        if (refused === undefined) {
          this.#state = State.done;
          this.offset = at;
          return BodyEvent.end;
        }
      }
      if (refused !== undefined) return this.#failTrailer(at, refused);
    }
    this.offset = at;
    return BodyEvent.more;
  }

  #fail(at: number, overflow: boolean): BodyEvent {
    this.#state = State.failed;
    this.offset = at;
    const message = `Error reading/parsing chunk ${overflow ? '(overflow)' : ''} `;
    this.failure = failure(overflow ? 413 : 400, [{ number: 'AH01590', level: 'info', message }]);
    return BodyEvent.failed;
  }

  /** The data was whole when it failed. */
  get isInTrailers(): boolean {
    return this.#trailerLines !== undefined;
  }

  #failTrailer(at: number, refused: RequestFailure): BodyEvent {
    this.#state = State.failed;
    this.offset = at;
    this.#lines?.reset();
    const reason = refused.detail === undefined ? '' : `: ${refused.detail}`;
    const message = `Error while reading HTTP trailer: ${refused.status}${reason}`;
    this.failure = failure(
      refused.status,
      [...refused.logs, { number: 'AH02656', level: 'info', message }],
      refused.detail,
    );
    return BodyEvent.failed;
  }
}

/** What goes before `size` bytes of chunk data. `size` is not 0: that would end the body. */
export function chunkHeader(size: number): string {
  return `${size.toString(16)}\r\n`;
}

/** What goes after the data of a chunk. */
export const CHUNK_END = '\r\n';

/** The end of a chunked body without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';
