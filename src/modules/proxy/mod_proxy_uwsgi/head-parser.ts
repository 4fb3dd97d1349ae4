/**
 * Heads of uwsgi answers, incremental: a status line as of HTTP, fields, an empty line (mod_proxy_uwsgi.c: uwsgi_response, and for lines
 * ap_getline() with folding). Pure: chunks in, a head or a failure out. Stricter than heads of HTTP backends: every field line must be one.
 */

import { isBlank, NO_FIELD_CONTENT, trimSpaces } from '../../../http/bytes.ts';

/**
 * - `none`: nothing, or nothing but a beginning of the first line; `status-line`: it is none of HTTP;
 * - `field`: a line that is no field; `too-long`: a line, or the whole head; `cut`: the answer ended within its head.
 */
export type UwsgiHeadFailure = 'none' | 'status-line' | 'field' | 'too-long' | 'cut';

export interface UwsgiHead {
  readonly status: number;
  /** `404 Not Found`; with a blank at its end where there is no reason. */
  readonly statusLine: string;
  /** Name, value, name, value, ... in the order received. */
  readonly fields: readonly string[];
}

export type UwsgiHeadState = 'reading' | 'done' | 'failed';

/** Bytes of a line without its end (HUGE_STRING_LEN less what httpd keeps for itself). */
export const MAX_LINE = 8191;
/** httpd knows no such limit; an application that never ends its head must not fill our memory. */
const MAX_HEAD = 1024 * 1024;
const LF = 0x0a;
const SP = 0x20;
const HT = 0x09;

const STATUS_LINE = /^HTTP\/(?:\d\.\d|\d) (\d\d\d)/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*$/;

export class UwsgiHeadParser {
  state: UwsgiHeadState = 'reading';
  failure: UwsgiHeadFailure | undefined;
  /** When `done`: the body's bytes that came with the head. */
  rest: Buffer | undefined;
  #status = 0;
  #statusLine: string | undefined;
  readonly #fields: string[] = [];
  /** What of a line has come; with those before it that it continues. */
  #line = '';
  /** `line` is whole, unless the next byte says that it goes on. */
  #isLineWhole = false;
  #size = 0;

  /** Valid when `done`. */
  get head(): UwsgiHead {
    return { status: this.#status, statusLine: this.#statusLine ?? '', fields: this.#fields };
  }

  /** The first line has come whole. */
  get hasFirstLine(): boolean {
    return this.#statusLine !== undefined || this.#isLineWhole;
  }

  /** Takes a piece; only while `reading`. */
  push(chunk: Buffer): UwsgiHeadState {
    let at = 0;
    while (this.state === 'reading' && at < chunk.length) {
      const first = chunk[at];
      if (this.#isLineWhole && first !== SP && first !== HT) {
        this.#endLine();
        continue;
      }
      this.#isLineWhole = false;
      const lf = chunk.indexOf(LF, at);
      const end = lf < 0 ? chunk.length : lf;
      const taken = Math.min(end, at + MAX_LINE + 2 - this.#line.length);
      this.#line += chunk.toString('latin1', at, Math.max(at, taken));
      this.#size += end - at;
      at = end;
      if (this.#line.length > MAX_LINE + 1 || this.#size > MAX_HEAD) this.#fail('too-long');
      if (lf < 0 || this.state !== 'reading') break;
      at = lf + 1;
      if (this.#line.endsWith('\r')) this.#line = this.#line.slice(0, -1);
      if (this.#line.length > MAX_LINE) this.#fail('too-long');
      else if (this.#line === '') this.#endHead(chunk, at);
      else this.#isLineWhole = true;
    }
    return this.state;
  }

  /** The answer is over. */
  finish(): UwsgiHeadState {
    if (this.state !== 'reading') return this.state;
    if (this.#isLineWhole) this.#endLine();
    if (this.state === 'reading') this.#fail(this.#statusLine === undefined ? 'none' : 'cut');
    return this.state;
  }

  #endHead(chunk: Buffer, at: number): void {
    if (this.#statusLine === undefined) {
      this.#fail('none');
      return;
    }
    if (at < chunk.length) this.rest = chunk.subarray(at);
    this.state = 'done';
  }

  #endLine(): void {
    const line = this.#line;
    this.#line = '';
    this.#isLineWhole = false;
    if (this.#statusLine === undefined) this.#takeStatusLine(line);
    else this.#takeField(line);
  }

  #takeStatusLine(line: string): void {
    const match = STATUS_LINE.exec(line);
    if (match === null) {
      this.#fail('status-line');
      return;
    }
    this.#status = Number(match[1]);
    const start = match[0].length;
    let end = line.length;
    while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
    const rest = line.slice(start, end);
    this.#statusLine = (match[1] ?? '') + (rest === '' ? ' ' : rest);
  }

  #takeField(line: string): void {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = trimSpaces(line.slice(colon + 1));
    if (colon < 0 || !TOKEN.test(name) || NO_FIELD_CONTENT.test(value)) this.#fail('field');
    else this.#fields.push(name, value);
  }

  #fail(failure: UwsgiHeadFailure): void {
    this.failure = failure;
    this.state = 'failed';
    this.#line = '';
  }
}
