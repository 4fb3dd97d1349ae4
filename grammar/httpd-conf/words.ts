/**
 * Words of an argument text, one at a time, as httpd's commands take them: the same scanners as the token patterns, without token objects,
 * since every directive of a large configuration passes through here.
 */
import { bareEnd, closingBrace, closingQuote, isQuote, isSpace } from './scan.ts';

const BACKSLASH = 92;
const OPEN_BRACE = 123;

/** A word. Offsets count into the text it was split from; `start` to `end` is the word as written, with its quotes. */
export interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The word that a token's text stands for: without quotes or braces, backslashes undone (substring_conf). */
export function wordOf(raw: string, start: number): Word {
  const first = raw.charCodeAt(0);
  const end = start + raw.length;
  if (isQuote(first)) {
    const inner = raw.slice(1, closingQuote(raw, 0));
    return { text: unescaped(inner, first), start, end };
  }
  return { text: unescaped(raw, 0), start, end };
}

/** As `wordOf`, for a `{...}` word: the braces go too. */
export function bracedWordOf(raw: string, start: number): Word {
  return { text: unescaped(raw.slice(1, closingBrace(raw, 0)), 0), start, end: start + raw.length };
}

/** substring_conf: `\\` is a backslash, and `\` in front of the word's own quote is the quote. */
function unescaped(text: string, quote: number): string {
  let backslash = text.indexOf('\\');
  if (backslash < 0) return text;
  const pieces: string[] = [];
  let done = 0;
  while (backslash >= 0) {
    const next = text.charCodeAt(backslash + 1);
    if (next === BACKSLASH || (quote !== 0 && next === quote)) {
      pieces.push(text.slice(done, backslash));
      done = backslash + 1;
      backslash = text.indexOf('\\', backslash + 2);
    } else {
      backslash = text.indexOf('\\', backslash + 1);
    }
  }
  pieces.push(text.slice(done));
  return pieces.join('');
}

/** Takes words off the front of a text. `rest` is what httpd's `*args` points to between words: white space is skipped already. */
export class WordCursor {
  readonly text: string;
  /** Offset of what is not taken yet. */
  at: number;

  constructor(text: string, at = 0) {
    this.text = text;
    this.at = at;
    this.#skipSpace();
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  get rest(): string {
    return this.text.slice(this.at);
  }

  /** The next word (ap_getword_conf); at the end the empty one, as in httpd, which cannot be told from a written `""`. */
  next(): string {
    return this.take(false).text;
  }

  /** The next word with its place; `braces` as ap_getword_conf2. */
  take(braces: boolean): Word {
    const { text, at } = this;
    if (at >= text.length) return { text: '', start: at, end: at };
    const first = text.charCodeAt(at);
    const braced = braces && first === OPEN_BRACE;
    let end: number;
    if (isQuote(first)) end = Math.min(closingQuote(text, at) + 1, text.length);
    else if (braced) end = Math.min(closingBrace(text, at) + 1, text.length);
    else end = bareEnd(text, at);
    this.at = end;
    this.#skipSpace();
    const raw = text.slice(at, end);
    return braced ? bracedWordOf(raw, at) : wordOf(raw, at);
  }

  #skipSpace(): void {
    while (this.at < this.text.length && isSpace(this.text.charCodeAt(this.at))) this.at++;
  }
}
