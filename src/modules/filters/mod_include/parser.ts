/**
 * Finds elements in a page: `<!--#name argument="value" ... -->`. Incremental: it takes the page in pieces, and how it was cut shows in nothing
 * (send_parsed_content and its helpers in mod_include.c). Pure: bytes in, events out.
 */
import type { IncludeArgument } from '../../../core/include-element.ts';
import { asciiLower } from '../../../lib/ascii.ts';

/** What is wrong with the way an element is written. */
export type ElementProblem = 'no-name' | 'value-without-name' | 'empty-name' | 'too-long';

export type PageEvent =
  | { readonly kind: 'text'; readonly bytes: Buffer }
  /** The start of an element: what is before it can go. */
  | { readonly kind: 'start' }
  | {
      readonly kind: 'element';
      readonly name: string;
      readonly args: readonly IncludeArgument[];
      readonly problems: readonly ElementProblem[];
    };

/** An element longer than this is one too many (bytes between its start and its end). */
export const MAX_ELEMENT = 1024 * 1024;

/** States are named as httpd's. */
type State =
  | 'text'
  | 'name'
  | 'name-tail'
  | 'pre-arg'
  | 'tail'
  | 'arg-name'
  | 'arg-eq'
  | 'arg-preval'
  | 'arg-val'
  | 'overlong';

const isSpace = (c: string): boolean => c === ' ' || (c >= '\t' && c <= '\r');
const isQuote = (c: string): boolean => c === '"' || c === "'" || c === '`';

export class PageParser {
  readonly #start: Buffer;
  readonly #end: string;
  #state: State = 'text';
  /** What is being looked at, and where in it. */
  #piece: Buffer | undefined;
  #at = 0;
  /** The beginning of a start tag at the end of the piece before: as many bytes of it. */
  #partial = 0;
  #name = '';
  #args: { name: string; value: string | undefined }[] = [];
  #problems: ElementProblem[] = [];
  /** Bytes of the end tag seen. */
  #matched = 0;
  #argName = '';
  #value = '';
  #quote = '';
  #isEscaped = false;
  #size = 0;
  #isDone = false;

  constructor(start: string, end: string) {
    this.#start = Buffer.from(start, 'latin1');
    this.#end = end;
  }

  /** Takes a piece; the one before must have been read to its end with next(). */
  push(piece: Buffer): void {
    this.#piece = piece;
    this.#at = 0;
  }

  /** The next event; undefined when the piece is used up. */
  next(): PageEvent | undefined {
    const piece = this.#piece;
    if (piece === undefined) return undefined;
    if (this.#state === 'text') {
      const event = this.#text(piece);
      if (event !== undefined) return event;
    }
    while (this.#at < piece.length && this.#state !== 'text') {
      this.#step(String.fromCharCode(piece[this.#at++] as number));
      if (this.#isDone) return this.#element();
    }
    if (this.#at >= piece.length) this.#piece = undefined;
    return undefined;
  }

  /** The page has ended: text that was held back because an element could have begun with it, and whether one is open. */
  finish(): { readonly held: Buffer; readonly isOpen: boolean } {
    const held = this.#start.subarray(0, this.#partial);
    this.#partial = 0;
    return { held, isOpen: this.#state !== 'text' };
  }

  #text(piece: Buffer): PageEvent | undefined {
    if (this.#at >= piece.length) {
      this.#piece = undefined;
      return undefined;
    }
    if (this.#partial > 0) return this.#resumePartial(piece);
    const found = piece.indexOf(this.#start, this.#at);
    if (found === this.#at) {
      this.#at += this.#start.length;
      return this.#begin();
    }
    const from = this.#at;
    let until = found;
    if (found < 0) {
      this.#partial = this.#suffixLength(piece, from);
      until = piece.length - this.#partial;
    }
    this.#at = found < 0 ? piece.length : until;
    if (until > from) return { kind: 'text', bytes: piece.subarray(from, until) };
    this.#piece = undefined;
    return undefined;
  }

  /** A start tag that may lie across two pieces: what was held back is text up to where a tag can begin. */
  #resumePartial(piece: Buffer): PageEvent | undefined {
    const head = this.#start.subarray(0, this.#partial);
    let skip = 0;
    while (skip < head.length && !this.#mayBegin(head.subarray(skip), piece)) skip++;
    if (skip > 0) {
      this.#partial -= skip;
      return { kind: 'text', bytes: head.subarray(0, skip) };
    }
    if (head.length + piece.length < this.#start.length) {
      this.#partial += piece.length;
      this.#at = piece.length;
      this.#piece = undefined;
      return undefined;
    }
    this.#at = this.#start.length - head.length;
    this.#partial = 0;
    return this.#begin();
  }

  #mayBegin(held: Buffer, piece: Buffer): boolean {
    const rest = this.#start.length - held.length;
    const seen = Buffer.concat([held, piece.subarray(0, rest)]);
    return seen.equals(this.#start.subarray(0, seen.length));
  }

  /** How many bytes at the end of the piece may begin a tag. */
  #suffixLength(piece: Buffer, from: number): number {
    let length = Math.min(this.#start.length - 1, piece.length - from);
    while (length > 0 && !piece.subarray(piece.length - length).equals(this.#start.subarray(0, length)))
      length--;
    return length;
  }

  #begin(): PageEvent {
    this.#state = 'name';
    this.#name = '';
    this.#args = [];
    this.#problems = [];
    this.#size = 0;
    return { kind: 'start' };
  }

  #element(): PageEvent {
    this.#isDone = false;
    this.#state = 'text';
    return { kind: 'element', name: asciiLower(this.#name), args: this.#args, problems: this.#problems };
  }

  #step(c: string): void {
    if (++this.#size > MAX_ELEMENT && this.#state !== 'overlong') this.#giveUp();
    switch (this.#state) {
      case 'name':
        if (isSpace(c)) this.#endName();
        else if (c === this.#end[0]) this.#startTail('name-tail');
        else this.#name += c;
        return;
      case 'name-tail':
        this.#nameTail(c);
        return;
      case 'pre-arg':
        if (isSpace(c)) return;
        if (c === this.#end[0]) this.#startTail('tail');
        else this.#startArgument(c);
        return;
      case 'tail':
        this.#tail(c);
        return;
      case 'arg-name':
        if (isSpace(c) || c === '=') this.#endArgumentName(c);
        else this.#argName += c;
        return;
      case 'arg-eq':
        if (isSpace(c)) return;
        if (c === '=') this.#state = 'arg-preval';
        else this.#endArgument(undefined, c);
        return;
      case 'arg-preval':
        if (isSpace(c)) return;
        this.#startValue(isQuote(c) ? c : '');
        if (this.#quote === '') this.#step(c);
        return;
      case 'arg-val':
        this.#inValue(c);
        return;
      case 'overlong':
        this.#skip(c);
        return;
      case 'text':
        return;
    }
  }

  #startTail(state: 'name-tail' | 'tail'): void {
    this.#state = state;
    this.#matched = 1;
    this.#isDone = this.#matched === this.#end.length;
    if (this.#isDone && state === 'name-tail') this.#checkName();
  }

  /** An end tag right behind the name; what turns out to be none is part of the name. */
  #nameTail(c: string): void {
    if (c === this.#end[this.#matched]) {
      if (++this.#matched < this.#end.length) return;
      this.#checkName();
      this.#isDone = true;
      return;
    }
    this.#name += this.#end.slice(0, this.#matched);
    this.#state = 'name';
    this.#step(c);
  }

  #endName(): void {
    this.#checkName();
    this.#state = 'pre-arg';
  }

  #checkName(): void {
    if (this.#name === '') this.#problems.push('no-name');
  }

  /** What looked like the end tag is an argument after all. */
  #tail(c: string): void {
    if (c === this.#end[this.#matched]) {
      if (++this.#matched === this.#end.length) this.#isDone = true;
      return;
    }
    const again = this.#end.slice(0, this.#matched) + c;
    this.#startArgument(again[0] as string);
    for (const next of again.slice(1)) this.#step(next);
  }

  #startArgument(c: string): void {
    this.#argName = '';
    if (isQuote(c)) {
      this.#problems.push('value-without-name');
      this.#startValue(c);
      return;
    }
    this.#state = 'arg-name';
    this.#step(c);
  }

  #endArgumentName(c: string): void {
    if (this.#argName === '') this.#problems.push('empty-name');
    this.#argName = asciiLower(this.#argName);
    this.#state = 'arg-eq';
    this.#step(c);
  }

  #startValue(quote: string): void {
    this.#state = 'arg-val';
    this.#quote = quote;
    this.#value = '';
    this.#isEscaped = false;
  }

  #inValue(c: string): void {
    if (this.#isEscaped) {
      this.#isEscaped = false;
      // A backslash before anything but the quote is a backslash, and what follows it is looked at as usual.
      if (c === this.#quote) {
        this.#value += c;
        return;
      }
      this.#value += '\\';
    }
    if (this.#quote === '' ? isSpace(c) : c === this.#quote) this.#endArgument(this.#value);
    else if (this.#quote !== '' && c === '\\') this.#isEscaped = true;
    else this.#value += c;
  }

  #endArgument(value: string | undefined, again?: string): void {
    this.#args.push({ name: this.#argName, value });
    this.#state = 'pre-arg';
    if (again !== undefined) this.#step(again);
  }

  #giveUp(): void {
    this.#problems = ['too-long'];
    this.#args = [];
    this.#value = this.#argName = '';
    this.#matched = 0;
    this.#state = 'overlong';
  }

  #skip(c: string): void {
    if (c === this.#end[this.#matched]) this.#matched++;
    else this.#matched = c === this.#end[0] ? 1 : 0;
    if (this.#matched === this.#end.length) this.#isDone = true;
  }
}
