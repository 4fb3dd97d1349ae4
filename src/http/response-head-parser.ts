/**
 * Heads of answers from bytes that split anywhere, with the tolerance of httpd's proxy (mod_proxy_http.c: ap_proxy_http_process_response,
 * ap_proxy_read_headers; server/protocol.c: ap_rgetline): lines may end in a bare LF, names are not judged, what is no status line is an
 * HTTP/0.9 body.
 *
 * A head that is whole in one chunk and ordinary takes the fast path: one pass notes where things are, one string is made that all parts are cut
 * from. Everything else is read line by line, and that path alone knows errors.
 */
import { FIELD_CONTENT, isDigit, latin1Slice, TOKEN, trimSpaces } from './bytes.ts';
import { fieldKey, fieldNameIn, HeaderFields } from './header-fields.ts';
import { LineOutcome, LineReader } from './line-reader.ts';

const SP = 0x20;
const HT = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

/** Bytes of a line with its end, as httpd counts them (HUGE_STRING_LEN). */
export const DEFAULT_FIELD_SIZE = 8192;
/** httpd knows no such limit; a backend that never ends its head must not fill our memory. */
const MAX_HEAD = 1024 * 1024;
/** `HTTP/#.# ###*`: what counts as a status line. */
const STATUS_LINE = /^HTTP\/\d\.\d \d\d\d/;

/** What a line without a colon does to the head (ProxyBadHeader). */
export type BadHeaderMode = 'iserror' | 'ignore' | 'startbody';

/** What was odd about a head that was taken all the same. */
export type HeadOddity =
  /** A line without a colon was left out (AH01100). */
  | 'ignored'
  /** Such a line began the body: behind some fields (AH01098), or behind none (AH01099). */
  | 'body-after-fields'
  | 'body-at-once';

export class ResponseHead {
  /** 0 for an HTTP/0.9 answer: it has no head. */
  versionMajor = 1;
  versionMinor = 1;
  status = 200;
  /** Behind the version: `404 Nothing Here`; with a blank at its end where there is no reason. */
  statusLine = '200 OK';
  fields = new HeaderFields();
  oddities: HeadOddity[] | undefined = undefined;

  get isSimple(): boolean {
    return this.versionMajor === 0;
  }
}

export interface HeadFailure {
  /**
   * - `status`: no status line could be read; `status-line`: it is none of HTTP/1, or too long;
   * - `no-colon`, `too-long`, `unreadable`, `too-large`: a field line.
   */
  readonly kind: 'status' | 'status-line' | 'no-colon' | 'too-long' | 'unreadable' | 'too-large';
  /** The line at fault, cut to the limit. */
  readonly line: string;
}

/** Where a parser stands after feed(). */
export const HeadState = { more: 0, complete: 1, failed: 2 } as const;
export type HeadState = (typeof HeadState)[keyof typeof HeadState];

/** name start, colon, value start, value end of each field the fast path found; shared, for it never outlives a call. */
let marks = new Int32Array(4 * 64);

export class ResponseHeadParser {
  state: HeadState = HeadState.more;
  head = new ResponseHead();
  failure: HeadFailure | undefined = undefined;
  readonly #size: number;
  readonly #mode: BadHeaderMode;
  #lines: LineReader | undefined = undefined;
  #isInFields = false;
  #hasSkippedBlank = false;
  /** A field line that the next one may continue. */
  #pending: string | undefined = undefined;
  #total = 0;

  /** @param fieldSize most bytes of a line and its end (ResponseFieldSize). */
  constructor(fieldSize = DEFAULT_FIELD_SIZE, mode: BadHeaderMode = 'iserror') {
    this.#size = fieldSize;
    this.#mode = mode;
  }

  /** Makes ready for the head behind an interim one. */
  reset(): void {
    this.state = HeadState.more;
    this.head = new ResponseHead();
    this.#lines = undefined;
    this.#isInFields = this.#hasSkippedBlank = false;
    this.#pending = undefined;
    this.#total = 0;
  }

  /** The status line was there and the end of the fields is not. */
  get isInFields(): boolean {
    return this.#isInFields;
  }

  /** Takes bytes from `offset` on; returns where the head ended, or the chunk's length when it did not. */
  feed(chunk: Buffer, offset: number): number {
    if (this.state !== HeadState.more || offset >= chunk.length) return offset;
    if (this.#lines === undefined) {
      const end = this.#feedWhole(chunk, offset);
      if (end > 0) {
        this.state = HeadState.complete;
        return end;
      }
      this.#lines = new LineReader();
    }
    return this.#feedLines(chunk, offset, this.#lines);
  }

  /** Nothing more comes: fields that have no end are an error. */
  end(): void {
    if (this.state !== HeadState.more) return;
    this.#fail(this.#isInFields ? 'unreadable' : 'status', '');
  }

  // The fast path

  /** The end of the head, or 0 with nothing changed. */
  #feedWhole(chunk: Buffer, offset: number): number {
    const minor = plainVersion(chunk, offset);
    if (minor < 0) return 0;
    const reasonStart = offset + 12;
    let at = reasonStart;
    while (at < chunk.length && FIELD_CONTENT[chunk[at] as number] === 1) at++;
    if (chunk[at] !== CR || chunk[at + 1] !== LF || at - offset >= this.#size - 1) return 0;
    const count = this.#markFields(chunk, at + 2);
    if (count < 0) return 0;
    const end = marks[count * 4] as number;
    const text = latin1Slice(chunk, offset, end);
    const { head } = this;
    head.versionMinor = minor;
    head.status = Number(text.slice(9, 12));
    head.statusLine = at === reasonStart ? `${text.slice(9, 12)} ` : text.slice(9, at - offset);
    const { fields } = head;
    for (let index = 0, mark = 0; index < count; index++, mark += 4) {
      const name = fieldNameIn(chunk, marks[mark] as number, marks[mark + 1] as number);
      const value = text.slice((marks[mark + 2] as number) - offset, (marks[mark + 3] as number) - offset);
      fields.appendParsed(name.key, name.name, value);
    }
    return end;
  }

  /** Marks the fields up to the empty line; their number, with the end of the head in the mark after them, or -1. */
  #markFields(chunk: Buffer, start: number): number {
    const length = chunk.length;
    let at = start;
    for (let count = 0, mark = 0; ; count++, mark += 4) {
      if (mark + 4 >= marks.length) growMarks();
      const lineStart = at;
      if (chunk[at] === CR && chunk[at + 1] === LF) {
        marks[mark] = at + 2;
        return count;
      }
      while (at < length && TOKEN[chunk[at] as number] === 1) at++;
      if (at === lineStart || chunk[at] !== COLON) return -1;
      marks[mark] = lineStart;
      marks[mark + 1] = at++;
      while (chunk[at] === SP || chunk[at] === HT) at++;
      marks[mark + 2] = at;
      while (at < length && FIELD_CONTENT[chunk[at] as number] === 1) at++;
      if (at + 2 >= length || chunk[at] !== CR || chunk[at + 1] !== LF) return -1;
      if (at - lineStart >= this.#size || at > start + MAX_HEAD) return -1;
      const next = chunk[at + 2];
      if (next === SP || next === HT) return -1;
      let end = at;
      while (end > (marks[mark + 2] as number) && (chunk[end - 1] === SP || chunk[end - 1] === HT)) end--;
      marks[mark + 3] = end;
      at += 2;
    }
  }

  // Line by line

  #feedLines(chunk: Buffer, offset: number, lines: LineReader): number {
    let at = offset;
    while (this.state === HeadState.more && at < chunk.length) {
      // A line is judged when the byte behind it is known not to continue it; that byte is not taken.
      if (this.#pending !== undefined && !lines.holds && chunk[at] !== SP && chunk[at] !== HT) {
        const line = this.#pending;
        this.#pending = undefined;
        this.#takeField(line);
        continue;
      }
      const outcome = lines.read(chunk, at, this.#size - 2, false);
      this.#total += lines.offset - at;
      at = lines.offset;
      if (outcome === LineOutcome.more) {
        if (this.#total > MAX_HEAD) this.#fail('too-large', '');
        break;
      }
      this.#takeLine(outcome, lines.text);
    }
    return at;
  }

  #takeLine(outcome: LineOutcome, text: string): void {
    if (!this.#isInFields) {
      this.#takeStatusLine(outcome, text);
      return;
    }
    if (outcome !== LineOutcome.line) {
      this.#fail(outcome === LineOutcome.tooLong ? 'too-long' : 'unreadable', (this.#pending ?? '') + text);
      return;
    }
    if (this.#pending === undefined && text === '') {
      this.state = HeadState.complete;
      return;
    }
    const line = this.#pending === undefined ? text : this.#pending + text;
    if (line.length >= this.#size) this.#fail('too-long', line.slice(0, this.#size - 1));
    else if (this.#total > MAX_HEAD) this.#fail('too-large', '');
    else this.#pending = line;
  }

  #takeStatusLine(outcome: LineOutcome, text: string): void {
    if (text === '' && outcome === LineOutcome.line && !this.#hasSkippedBlank) {
      // One stray line end, left by an answer before (RFC 9112 section 2.2 knows it of requests).
      this.#hasSkippedBlank = true;
      return;
    }
    if (text === '' || outcome === LineOutcome.nul) {
      this.#fail('status', text);
      return;
    }
    const { head } = this;
    if (!STATUS_LINE.test(text)) {
      head.versionMajor = head.versionMinor = 0;
      head.statusLine = text;
      this.state = HeadState.complete;
      return;
    }
    if (text.charCodeAt(5) !== 0x31 || text.length >= this.#size - 1) {
      this.#fail('status-line', text);
      return;
    }
    head.versionMinor = text.charCodeAt(7) - 0x30;
    head.status = Number(text.slice(9, 12));
    head.statusLine = text.length === 12 ? `${text.slice(9)} ` : text.slice(9);
    this.#isInFields = true;
  }

  #takeField(line: string): void {
    const colon = line.indexOf(':');
    if (colon >= 0) {
      const name = line.slice(0, colon);
      const value = trimSpaces(line.slice(colon + 1));
      this.head.fields.appendParsed(fieldKey(name), name, value);
      return;
    }
    if (this.#mode === 'ignore' || STATUS_LINE.test(line)) this.#note('ignored');
    else if (this.#mode === 'iserror') this.#fail('no-colon', line);
    else {
      this.#note(this.head.fields.size > 0 ? 'body-after-fields' : 'body-at-once');
      this.state = HeadState.complete;
    }
  }

  #note(oddity: HeadOddity): void {
    this.head.oddities ??= [];
    this.head.oddities.push(oddity);
  }

  #fail(kind: HeadFailure['kind'], line: string): void {
    this.state = HeadState.failed;
    this.failure = { kind, line };
    this.#lines?.reset();
  }
}

/** x of "HTTP/1.x ddd" followed by a blank or the line's end; -1 for anything else. */
function plainVersion(chunk: Buffer, at: number): number {
  if (at + 16 > chunk.length) return -1;
  if (chunk[at] !== 0x48 || chunk[at + 1] !== 0x54 || chunk[at + 2] !== 0x54 || chunk[at + 3] !== 0x50)
    return -1;
  if (chunk[at + 4] !== 0x2f || chunk[at + 5] !== 0x31 || chunk[at + 6] !== 0x2e || chunk[at + 8] !== SP)
    return -1;
  if (!isDigit(chunk[at + 9] as number) || !isDigit(chunk[at + 10] as number)) return -1;
  if (!isDigit(chunk[at + 11] as number) || (chunk[at + 12] !== SP && chunk[at + 12] !== CR)) return -1;
  const minor = (chunk[at + 7] as number) - 0x30;
  return minor === 0 || minor === 1 ? minor : -1;
}

function growMarks(): void {
  const grown = new Int32Array(marks.length * 2);
  grown.set(marks);
  marks = grown;
}
