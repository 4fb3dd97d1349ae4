/**
 * Request heads from bytes, strictly by RFC 9112 and as httpd's ap_read_request judges them.
 *
 * The fast path takes a head that is whole in one chunk and entirely ordinary (origin form, HTTP/1.x, no folding, within
 * the limits): one pass over the bytes notes where things are, one latin1Slice makes the string that all parts are cut
 * from. At the first byte that is out of the ordinary it lets go, and the line-by-line path reads the same bytes with
 * httpd's rules and words. That path alone decides about errors, so both agree by construction.
 */
import { FIELD_CONTENT, latin1Slice, TOKEN, VISIBLE } from './bytes.ts';
import { FieldLines } from './field-lines.ts';
import { fieldNameIn } from './header-fields.ts';
import { LineOutcome, LineReader } from './line-reader.ts';
import {
  DEFAULT_OPTIONS,
  debugLog,
  failure,
  type ParserOptions,
  type RequestFailure,
  RequestHead,
} from './request-head.ts';
import { parseRequestLine } from './request-line.ts';

/** Where a parser stands after feed(). */
export const ParseState = { more: 0, complete: 1, failed: 2 } as const;
export type ParseState = (typeof ParseState)[keyof typeof ParseState];

/** Empty lines tolerated before a request line (RFC 9112 section 2.2; DEFAULT_LIMIT_BLANK_LINES). */
const MAX_BLANK_LINES = 10;

const SP = 0x20;
const HT = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SLASH = 0x2f;
const QUESTION = 0x3f;

/** Bytes of a request target the fast path takes: visible, but no fragment. */
const PLAIN_TARGET = VISIBLE.slice();
PLAIN_TARGET[0x23] = 0;

/** name start, colon, value start, value end of each field the fast path found; shared, for it never outlives a call. */
let marks = new Int32Array(4 * 128);

const METHODS = new Map(
  ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND'].map((m) => [m, m]),
);

export class RequestParser {
  /** more: feed further bytes; complete: `head` is ready; failed: `failure` says why, `head` what was read. */
  state: ParseState = ParseState.more;
  head: RequestHead = new RequestHead();
  failure: RequestFailure | undefined = undefined;

  readonly #options: ParserOptions;
  readonly #registered: ReadonlySet<string> | undefined;
  readonly #lines = new LineReader();
  #blankLines = 0;
  #fieldLines: FieldLines | undefined = undefined;
  /** Whether the parser is amid a head that the line-by-line path has begun. */
  #slow = false;

  constructor(options: ParserOptions = DEFAULT_OPTIONS) {
    this.#options = options;
    this.#registered = options.registeredMethods;
  }

  /** Makes ready for the next head of the connection. The former head stays with whoever holds it. */
  reset(): void {
    this.state = ParseState.more;
    this.head = new RequestHead();
    this.failure = undefined;
    if (this.#slow) {
      this.#lines.reset();
      this.#blankLines = 0;
      this.#fieldLines = undefined;
      this.#slow = false;
    }
  }

  /** Takes bytes of `chunk` from `offset` on; returns where the head ended, or the chunk's length when it did not. */
  feed(chunk: Buffer, offset: number): number {
    if (this.state !== ParseState.more || offset >= chunk.length) return offset;
    if (!this.#slow) {
      const end = this.#feedWhole(chunk, offset);
      if (end > 0) {
        this.state = ParseState.complete;
        return end;
      }
      this.#slow = true;
    }
    return this.#feedLines(chunk, offset);
  }

  /** The fast path: the end of the head, or 0 with nothing changed. */
  #feedWhole(chunk: Buffer, offset: number): number {
    const length = chunk.length;
    let at = offset;
    while (at < length && TOKEN[chunk[at] as number] === 1) at++;
    const methodEnd = at;
    if (at === offset || at + 2 >= length || chunk[at] !== SP || chunk[at + 1] !== SLASH) return 0;
    if (chunk[at + 2] === SLASH) return 0;
    const targetStart = ++at;
    let question = 0;
    for (; at < length; at++) {
      const byte = chunk[at] as number;
      if (PLAIN_TARGET[byte] !== 1) break;
      if (byte === QUESTION && question === 0) question = at;
    }
    const targetEnd = at;
    const minor = plainVersion(chunk, at);
    // " HTTP/1.x" are nine bytes
    const lineEnd = at + 9;
    if (minor < 0 || lineEnd - offset > this.#options.limits.line + 1) return 0;

    const count = this.#markFields(chunk, lineEnd + 2);
    if (count < 0) return 0;
    const end = marks[count * 4] as number;

    const text = latin1Slice(chunk, offset, end);
    const method = this.#methodOf(chunk, text, offset, methodEnd);
    if (method === 'CONNECT' || this.#registered?.has(method) === false) return 0;
    const head = this.head;
    head.method = method;
    const target = text.slice(targetStart - offset, targetEnd - offset);
    head.target = target;
    if (question === 0) {
      head.path = target;
    } else {
      head.path = text.slice(targetStart - offset, question - offset);
      head.query = text.slice(question + 1 - offset, targetEnd - offset);
    }
    head.requestLine = text.slice(0, lineEnd - offset);
    head.protocol = minor === 1 ? 'HTTP/1.1' : 'HTTP/1.0';
    head.versionMinor = minor;
    if (!this.#cutFields(chunk, text, offset, count)) {
      this.head = new RequestHead();
      return 0;
    }
    return end;
  }

  #methodOf(chunk: Buffer, text: string, offset: number, methodEnd: number): string {
    if (
      methodEnd - offset === 3 &&
      chunk[offset] === 0x47 &&
      chunk[offset + 1] === 0x45 &&
      chunk[offset + 2] === 0x54
    ) {
      return 'GET';
    }
    const method = text.slice(0, methodEnd - offset);
    return METHODS.get(method) ?? method;
  }

  /** Marks the fields up to the empty line; their number, with the end of the head in the mark after them, or -1. */
  #markFields(chunk: Buffer, start: number): number {
    const length = chunk.length;
    const { fields: mostFields, fieldSize } = this.#options.limits;
    let at = start;
    let mark = 0;
    for (let count = 0; ; count++) {
      if (at + 1 >= length) return -1;
      const first = chunk[at] as number;
      if (first === CR) {
        if (chunk[at + 1] !== LF) return -1;
        marks[mark] = at + 2;
        return count;
      }
      if (count === mostFields && mostFields > 0) return -1;
      const lineStart = at;
      while (at < length && TOKEN[chunk[at] as number] === 1) at++;
      if (at === lineStart || chunk[at] !== COLON) return -1;
      const colon = at++;
      while (at < length && (chunk[at] === SP || chunk[at] === HT)) at++;
      const valueStart = at;
      while (at < length && FIELD_CONTENT[chunk[at] as number] === 1) at++;
      if (at + 2 >= length || chunk[at] !== CR || chunk[at + 1] !== LF || at - lineStart > fieldSize + 1)
        return -1;
      const next = chunk[at + 2];
      if (next === SP || next === HT) return -1;
      let valueEnd = at;
      while (valueEnd > valueStart && (chunk[valueEnd - 1] === SP || chunk[valueEnd - 1] === HT)) valueEnd--;
      if (mark + 8 > marks.length) growMarks();
      marks[mark] = lineStart;
      marks[mark + 1] = colon;
      marks[mark + 2] = valueStart;
      marks[mark + 3] = valueEnd;
      mark += 4;
      at += 2;
    }
  }

  /** False: fields were joined to more than the limit. */
  #cutFields(chunk: Buffer, text: string, offset: number, count: number): boolean {
    const fields = this.head.fields;
    for (let index = 0, mark = 0; index < count; index++, mark += 4) {
      const name = fieldNameIn(chunk, marks[mark] as number, marks[mark + 1] as number);
      const value = text.slice((marks[mark + 2] as number) - offset, (marks[mark + 3] as number) - offset);
      fields.appendParsed(name.key, name.name, value);
    }
    fields.mergeRepeated();
    if (fields.size === count) return true;
    for (let index = 0; index < fields.size; index++) {
      if (fields.valueAt(index).length > this.#options.limits.fieldSize) return false;
    }
    return true;
  }

  #feedLines(chunk: Buffer, offset: number): number {
    const { limits, strict } = this.#options;
    const lines = this.#lines;
    let at = offset;
    while (this.state === ParseState.more && at < chunk.length) {
      const fieldLines = this.#fieldLines;
      const outcome = lines.read(
        chunk,
        at,
        fieldLines === undefined ? limits.line : limits.fieldSize,
        strict,
      );
      at = lines.offset;
      if (outcome === LineOutcome.more) break;
      if (fieldLines === undefined) this.#takeRequestLine(outcome, lines.text);
      else this.#takeFieldLine(fieldLines, outcome, lines.text);
    }
    return at;
  }

  #takeRequestLine(outcome: LineOutcome, text: string): void {
    const { limits, strict } = this.#options;
    if (outcome === LineOutcome.tooLong) {
      this.head.requestLine = text;
      const message = `request failed: client's request-line exceeds LimitRequestLine (longer than ${limits.line})`;
      this.#fail(failure(414, [{ number: 'AH00565', level: 'info', message }]));
      return;
    }
    if (outcome !== LineOutcome.line) {
      this.head.requestLine = text;
      this.#fail(failure(400, [debugLog('AH00566', 'request failed: malformed request line')]));
      return;
    }
    if (text === '' && this.#blankLines < MAX_BLANK_LINES) {
      this.#blankLines++;
      return;
    }
    const refused = parseRequestLine(text, this.#options, this.head);
    if (refused !== undefined) this.#fail(refused);
    else if (this.head.isSimple) this.state = ParseState.complete;
    else this.#fieldLines = new FieldLines(limits, strict, this.head.fields);
  }

  #takeFieldLine(fieldLines: FieldLines, outcome: LineOutcome, text: string): void {
    let refused: RequestFailure | undefined;
    if (outcome === LineOutcome.tooLong) refused = fieldLines.tooLong(text);
    else if (outcome !== LineOutcome.line) refused = fieldLines.unreadable(text);
    else if (text !== '') refused = fieldLines.add(text);
    else {
      refused = fieldLines.finish();
      if (refused === undefined) this.state = ParseState.complete;
    }
    if (refused !== undefined) {
      const closing = debugLog('AH00567', 'request failed: error reading the headers');
      this.#fail(failure(refused.status, [...refused.logs, closing], refused.detail));
    }
  }

  #fail(refused: RequestFailure): void {
    this.state = ParseState.failed;
    this.failure = refused;
    this.#lines.reset();
  }
}

/** x of " HTTP/1.x" and CRLF at `at`, with at least a CRLF to follow; -1 for anything else. */
function plainVersion(chunk: Buffer, at: number): number {
  if (at + 13 > chunk.length || chunk[at] !== SP) return -1;
  if (chunk[at + 1] !== 0x48 || chunk[at + 2] !== 0x54 || chunk[at + 3] !== 0x54 || chunk[at + 4] !== 0x50) {
    return -1;
  }
  if (chunk[at + 5] !== SLASH || chunk[at + 6] !== 0x31 || chunk[at + 7] !== 0x2e) return -1;
  if (chunk[at + 9] !== CR || chunk[at + 10] !== LF) return -1;
  const minor = (chunk[at + 8] as number) - 0x30;
  return minor === 0 || minor === 1 ? minor : -1;
}

function growMarks(): void {
  const grown = new Int32Array(marks.length * 2);
  grown.set(marks);
  marks = grown;
}
