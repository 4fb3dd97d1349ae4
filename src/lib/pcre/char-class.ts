import { addAll, type ByteSet, foldCase, negate, POSIX_CLASSES } from './byte-set.ts';
import { readEscape } from './escape.ts';
import type { Scanner, ScopedFlags } from './scanner.ts';

/**
 * Looks for `[:name:]`, `[.x.]` or `[=x=]` at the cursor (on the inner `[`).
 * @returns the offset of the closing mark, or -1 (pcre2_compile.c: check_posix_syntax())
 */
export function posixEnd(scan: Scanner): number {
  const mark = scan.peek(1);
  if (mark !== ':' && mark !== '.' && mark !== '=') return -1;
  const text = scan.source;
  for (let at = scan.pos + 2; at < text.length - 1; at++) {
    const c = text[at];
    if (c === '\\' && (text[at + 1] === ']' || text[at + 1] === '\\')) at++;
    else if (c === ']' || (c === '[' && text[at + 1] === mark)) return -1;
    else if (c === mark && text[at + 1] === ']') return at;
  }
  return -1;
}

/** Reads a bracketed class; the cursor stands behind `[`. */
export function readClass(scan: Scanner, flags: ScopedFlags): ByteSet {
  return new ClassReader(scan, flags).read();
}

class ClassReader {
  readonly #scan: Scanner;
  readonly #flags: ScopedFlags;
  readonly #set: ByteSet = new Uint8Array(256);
  /** The byte a following hyphen would make the start of a range; -1 when it cannot. */
  #last = -1;
  #rangeOpen = false;
  #quoted = false;

  constructor(scan: Scanner, flags: ScopedFlags) {
    this.#scan = scan;
    this.#flags = flags;
  }

  read(): ByteSet {
    const scan = this.#scan;
    const negative = scan.take('^');
    for (let first = true; ; first = false) {
      this.#skip();
      if (scan.atEnd) scan.fail('missing terminating ] for character class', scan.source.length);
      if (!this.#quoted && scan.peek() === ']' && !first) break;
      this.#item();
    }
    scan.pos++;
    if (this.#rangeOpen) this.#set[0x2d] = 1;
    const set = this.#flags.ignoreCase ? foldCase(this.#set) : this.#set;
    return negative ? negate(set) : set;
  }

  /** Passes over `\Q`, `\E` and, under `xx`, blanks. */
  #skip(): void {
    const scan = this.#scan;
    for (;;) {
      if (scan.take('\\E')) this.#quoted = false;
      else if (this.#quoted) return;
      else if (scan.take('\\Q')) this.#quoted = true;
      else if (this.#flags.extended === 2 && /[ \t]/.test(scan.peek())) scan.pos++;
      else return;
    }
  }

  #item(): void {
    const scan = this.#scan;
    const c = scan.peek();
    if (this.#quoted) {
      this.#byte(c.charCodeAt(0), scan.pos++);
      return;
    }
    if (c === '[') {
      const end = posixEnd(scan);
      if (end >= 0) {
        this.#posix(end);
        return;
      }
    }
    if (c === '-' && this.#last >= 0 && !this.#rangeOpen) {
      scan.pos++;
      this.#rangeOpen = true;
      return;
    }
    const start = scan.pos;
    scan.pos++;
    if (c !== '\\') {
      this.#byte(c.charCodeAt(0), start);
      return;
    }
    const read = readEscape(scan, true, 0);
    if (read.type === 'byte') this.#byte(read.byte, scan.pos - 1);
    if (read.type !== 'set') return;
    if (this.#rangeOpen) scan.fail('invalid range in character class');
    this.#addSet(read.set);
  }

  #byte(byte: number, offset: number): void {
    if (!this.#rangeOpen) {
      this.#set[byte] = 1;
      this.#last = byte;
      return;
    }
    if (byte < this.#last) this.#scan.fail('range out of order in character class', offset);
    this.#set.fill(1, this.#last, byte + 1);
    this.#last = -1;
    this.#rangeOpen = false;
  }

  #posix(end: number): void {
    const scan = this.#scan;
    if (this.#rangeOpen) scan.fail('invalid range in character class', scan.pos + 1);
    if (scan.peek(1) !== ':') scan.fail('POSIX collating elements are not supported');
    const negative = scan.peek(2) === '^';
    const start = scan.pos + (negative ? 3 : 2);
    let name = scan.source.slice(start, end);
    if (this.#flags.ignoreCase && (name === 'upper' || name === 'lower')) name = 'alpha';
    const set = POSIX_CLASSES.get(name) ?? scan.fail('unknown POSIX class name', start);
    scan.pos = end + 2;
    this.#addSet(negative ? negate(set) : set);
  }

  /** A hyphen behind a set is literal only as the last character (pcre2pattern(3)). */
  #addSet(set: ByteSet): void {
    const scan = this.#scan;
    addAll(this.#set, set);
    this.#last = -1;
    if (scan.peek() === '-' && scan.pos < scan.source.length - 1 && scan.peek(1) !== ']')
      scan.fail('invalid range in character class');
  }
}
