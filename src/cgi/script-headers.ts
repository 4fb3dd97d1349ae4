/**
 * The head of a script's answer: header lines, a blank line (RFC 3875 section 6), incremental.
 *
 * Mirrors util_script.c: ap_scan_script_header_err_core_ex() and, for where the head ends, mod_proxy_fcgi.c:
 * handle_headers(). Two ways to find the end are in use in httpd:
 * - `scan` (mod_proxy_fcgi): the head ends at LF LF or CR LF CR LF and is looked at only then. Output that ends
 *   without it, or mixes both so that neither is seen, has no head at all: it is the body, of status 200.
 * - `lines` (mod_cgi, mod_proxy_scgi): the head ends at the first empty line, and must have one.
 *
 * In both, carriage returns are dropped wherever they stand in a line, a NUL cuts its line, and the body starts behind
 * the first line that is then empty, even when that comes before the end found by `scan`.
 *
 * Differences from httpd, where it would guess: a line beyond the limit always fails, while httpd goes on reading its
 * tail as another line; and the head as a whole is bounded.
 */

/**
 * Why a head cannot be used. All but the last two end the answer inside httpd's scanner, those only when the answer
 * is written, so that mod_proxy_fcgi answers them differently (500 with an empty body against an error page):
 * - `no-colon`: a line without colon; `folded`: the same, but starting with white space;
 * - `line-too-long`: more than `maxLine` bytes without its line end;
 * - `head-too-large`: more than `maxHead` bytes without an end;
 * - `no-end`: the output ended first (`lines` only);
 * - `bad-name`, `bad-value`: characters RFC 9110 section 5 does not allow.
 */
export type ScriptHeadFailure =
  | 'no-colon'
  | 'folded'
  | 'line-too-long'
  | 'head-too-large'
  | 'no-end'
  | 'bad-name'
  | 'bad-value';

export interface ScriptHead {
  /**
   * From `Status:`; undefined without one, which means 200. A value that is no number from 100 to 999 gives 500
   * without a status line; headers and body stay, as in httpd.
   */
  readonly status: number | undefined;
  /** The start of a `Status:` that is not from 100 to 599, for the log; httpd sends some of them nevertheless. */
  readonly oddStatus: string | undefined;
  /** The value of `Status:`, e.g. `404 Nothing Here`. */
  readonly statusLine: string | undefined;
  /** Type and subtype lowercased, parameters as given. */
  readonly contentType: string | undefined;
  /** As given; how it is validated and sent is the caller's. */
  readonly lastModified: string | undefined;
  /** Location, Content-Length, Content-Range, Transfer-Encoding, ETag: the last one given, under its own spelling. */
  readonly single: ReadonlyMap<SingleHeader, readonly [name: string, value: string]>;
  /** Set-Cookie fields in order, as spelled: never joined. */
  readonly cookies: readonly (readonly [name: string, value: string])[];
  /** All others: name, value, name, value, ...; repeated names joined by ", " at the first place. */
  readonly merged: readonly string[];
}

export type SingleHeader = 'location' | 'content-length' | 'content-range' | 'transfer-encoding' | 'etag';

export interface ScriptHeadOptions {
  /** How the end is found; default `scan`. */
  readonly end?: 'scan' | 'lines';
  /** Most bytes of the head; default 64 KiB. */
  readonly maxHead?: number;
  /** Most bytes of a line, line end excluded; default 8189, what httpd's buffer of MAX_STRING_LEN takes. */
  readonly maxLine?: number;
}

export type ScriptHeadState = 'reading' | 'done' | 'failed';

const DEFAULT_MAX_HEAD = 64 * 1024;
const DEFAULT_MAX_LINE = 8189;
const CR = 13;
const LF = 10;

const EMPTY_HEAD: ScriptHead = {
  status: undefined,
  oddStatus: undefined,
  statusLine: undefined,
  contentType: undefined,
  lastModified: undefined,
  single: new Map(),
  cookies: [],
  merged: [],
};

/** What was seen of the end, as in handle_headers(): 0 nothing, then CR, CR LF, CR LF CR, and LF alone. */
const Seen = { Nothing: 0, Cr: 1, CrLf: 2, CrLfCr: 3, Lf: 4 } as const;

/**
 * Heads that came before, by their text: most answers of a script, and of its neighbours, begin with the same few lines. No longer ones, and not
 * many, so that what scripts say anew each time costs no more memory than this.
 */
const knownHeads = new Map<string, ScriptHead>();
const MAX_KNOWN = 64;
const MAX_KNOWN_LENGTH = 1024;

export class ScriptHeadParser {
  readonly #isLines: boolean;
  readonly #maxHead: number;
  readonly #maxLine: number;
  #state: ScriptHeadState = 'reading';
  #seen: number = Seen.Nothing;
  /** `lines`: the current line has nothing but CR so far. */
  #isLineStart = true;
  #chunks: Buffer[] = [];
  #size = 0;
  #head: ScriptHead = EMPTY_HEAD;
  #failure: ScriptHeadFailure | undefined;
  #failedLine = '';
  #rest: Buffer | undefined;

  constructor(options: ScriptHeadOptions = {}) {
    this.#isLines = options.end === 'lines';
    this.#maxHead = options.maxHead ?? DEFAULT_MAX_HEAD;
    this.#maxLine = options.maxLine ?? DEFAULT_MAX_LINE;
  }

  get state(): ScriptHeadState {
    return this.#state;
  }

  /** Valid when `done`. */
  get head(): ScriptHead {
    return this.#head;
  }

  /** Set when `failed`. */
  get failure(): ScriptHeadFailure | undefined {
    return this.#failure;
  }

  /** The start of the line that failed, at most 30 bytes, for the log. */
  get failedLine(): string {
    return this.#failedLine;
  }

  /** When `done`: the body's bytes that came with the head; undefined when none. */
  get rest(): Buffer | undefined {
    return this.#rest;
  }

  /** Takes a piece of output; it is kept, not copied, until the head is whole. Only while `reading`. */
  push(chunk: Buffer): ScriptHeadState {
    const end = this.#isLines ? this.#findEmptyLine(chunk) : this.#findEnd(chunk);
    if (this.#size + (end < 0 ? chunk.length : end) > this.#maxHead) {
      this.#chunks = [];
      return this.#fail('head-too-large', '');
    }
    if (end < 0) {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      return 'reading';
    }
    const isFirst = this.#chunks.length === 0;
    const last = chunk.toString('latin1', 0, end);
    const text = isFirst ? last : Buffer.concat(this.#chunks).toString('latin1') + last;
    this.#chunks = [];
    if (end < chunk.length) this.#rest = chunk.subarray(end);
    return this.#parse(text);
  }

  /** The output is over. With `scan`, what came is the body of an empty head. */
  finish(): ScriptHeadState {
    if (this.#state !== 'reading') return this.#state;
    if (this.#isLines) return this.#fail('no-end', '');
    if (this.#size > 0) this.#rest = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#state = 'done';
    return 'done';
  }

  /** The offset behind the end of the head, or -1. The states follow handle_headers() exactly. */
  #findEnd(chunk: Buffer): number {
    let seen = this.#seen;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte === LF) {
        if (seen === Seen.Lf || seen === Seen.CrLfCr) return i + 1;
        seen = seen === Seen.Cr ? Seen.CrLf : Seen.Lf;
      } else if (byte === CR) {
        seen = seen === Seen.CrLf ? Seen.CrLfCr : Seen.Cr;
      } else {
        seen = Seen.Nothing;
      }
    }
    this.#seen = seen;
    return -1;
  }

  /** The offset behind the first line of nothing but CR, or -1. */
  #findEmptyLine(chunk: Buffer): number {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte === LF) {
        if (this.#isLineStart) return i + 1;
        this.#isLineStart = true;
      } else if (byte !== CR) {
        this.#isLineStart = false;
      }
    }
    return -1;
  }

  #parse(text: string): ScriptHeadState {
    // What is known has no line longer than itself.
    const known = text.length <= this.#maxLine ? knownHeads.get(text) : undefined;
    if (known !== undefined) return this.#finishWith(known);
    const collector = new HeadCollector();
    let start = 0;
    while (start < text.length) {
      const end = text.indexOf('\n', start);
      const line = cleanLine(text, start, end);
      start = end + 1;
      if (line === '') break;
      const failure = line.length > this.#maxLine ? 'line-too-long' : collector.add(line);
      if (failure !== undefined) return this.#fail(failure, line);
    }
    const head = collector.head();
    if (start < text.length) {
      const early = Buffer.from(text.slice(start), 'latin1');
      this.#rest = this.#rest === undefined ? early : Buffer.concat([early, this.#rest]);
    } else if (text.length <= MAX_KNOWN_LENGTH) {
      if (knownHeads.size >= MAX_KNOWN) knownHeads.clear();
      knownHeads.set(text, head);
    }
    return this.#finishWith(head);
  }

  #finishWith(head: ScriptHead): ScriptHeadState {
    this.#head = head;
    this.#state = 'done';
    return 'done';
  }

  #fail(kind: ScriptHeadFailure, line: string): ScriptHeadState {
    this.#failure = kind;
    this.#failedLine = line.slice(0, 30);
    this.#rest = undefined;
    this.#state = 'failed';
    return 'failed';
  }
}

/** A line as getsfunc_BRIGADE() and C strings leave it: without any CR, up to a NUL. */
function cleanLine(text: string, start: number, end: number): string {
  let line = text.slice(start, text.charCodeAt(end - 1) === CR && end > start ? end - 1 : end);
  if (line.includes('\r')) line = line.replaceAll('\r', '');
  const nul = line.indexOf('\0');
  return nul < 0 ? line : line.slice(0, nul);
}

/** RFC 9110 section 5.6.2: token. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 section 5.5: control characters other than HTAB are not part of a value. */
const BAD_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

class HeadCollector {
  #status: number | undefined;
  #oddStatus: string | undefined;
  #statusLine: string | undefined;
  #contentType: string | undefined;
  #lastModified: string | undefined;
  #single: Map<SingleHeader, readonly [string, string]> | undefined;
  readonly #cookies: (readonly [string, string])[] = [];
  readonly #merged: string[] = [];
  /** The names in `#merged` in lower case, and, when they have become many, where they stand. */
  readonly #keys: string[] = [];
  #places: Map<string, number> | undefined;

  add(line: string): ScriptHeadFailure | undefined {
    const colon = line.indexOf(':');
    const first = line.charCodeAt(0);
    if (colon < 0) return first === 32 || first === 9 ? 'folded' : 'no-colon';
    const name = line.slice(0, colon);
    if (!TOKEN.test(name)) return 'bad-name';
    const value = trimStart(line, colon + 1);
    if (BAD_VALUE.test(value)) return 'bad-value';
    const lower = name.toLowerCase();
    switch (lower) {
      case 'status':
        this.#setStatus(value);
        break;
      case 'content-type':
        this.#contentType = lowercaseType(trimEnd(value));
        break;
      case 'last-modified':
        this.#lastModified = value;
        break;
      case 'set-cookie':
        this.#cookies.push([name, value]);
        break;
      case 'location':
      case 'content-length':
      case 'content-range':
      case 'transfer-encoding':
      case 'etag':
        this.#single ??= new Map();
        this.#single.set(lower, [this.#single.get(lower)?.[0] ?? name, value]);
        break;
      default:
        this.#merge(lower, name, value);
    }
    return undefined;
  }

  head(): ScriptHead {
    return {
      status: this.#status,
      oddStatus: this.#oddStatus,
      statusLine: this.#statusLine,
      contentType: this.#contentType,
      lastModified: this.#lastModified,
      single: this.#single ?? EMPTY_HEAD.single,
      cookies: this.#cookies,
      merged: this.#merged,
    };
  }

  #setStatus(value: string): void {
    const status = Number.parseInt(value, 10);
    const isValid = status >= 100 && status <= 999;
    if (!isValid || status > 599) this.#oddStatus = value.slice(0, 30);
    this.#status = isValid ? status : 500;
    this.#statusLine = isValid ? value : undefined;
  }

  #merge(lower: string, name: string, value: string): void {
    const place = this.#places === undefined ? this.#keys.indexOf(lower) : (this.#places.get(lower) ?? -1);
    if (place >= 0) {
      this.#merged[2 * place + 1] += `, ${value}`;
      return;
    }
    this.#places?.set(lower, this.#keys.length);
    this.#keys.push(lower);
    this.#merged.push(name, value);
    if (this.#keys.length === MOST_UNINDEXED) this.#places = new Map(this.#keys.map((key, at) => [key, at]));
  }
}

/** Up to this many names are looked through: scripts send a handful. */
const MOST_UNINDEXED = 12;

/** Without leading white space. */
function trimStart(line: string, from: number): string {
  let start = from;
  while (isSpace(line.charCodeAt(start))) start++;
  return line.slice(start);
}

/** Without white space at its end; a regular expression for that tries every run of blanks. */
function trimEnd(value: string): string {
  let end = value.length;
  while (end > 0 && isSpace(value.charCodeAt(end - 1))) end--;
  return value.slice(0, end);
}

/** C's isspace(). */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** Up to the first `;` (ap_content_type_tolower). */
function lowercaseType(value: string): string {
  const semicolon = value.indexOf(';');
  const type = semicolon < 0 ? value : value.slice(0, semicolon);
  const lower = type.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return semicolon < 0 ? lower : lower + value.slice(semicolon);
}
