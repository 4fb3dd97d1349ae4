import { PcreError } from './error.ts';

/** The flags that may change inside a pattern. */
export interface ScopedFlags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
  /** 0 off, 1 `x`, 2 `xx` (blanks in classes are skipped too). */
  readonly extended: 0 | 1 | 2;
  readonly ungreedy: boolean;
  readonly noAutoCapture: boolean;
}

/** A cursor over the pattern's bytes. */
export class Scanner {
  readonly source: string;
  pos = 0;

  constructor(source: string) {
    this.source = source;
  }

  get atEnd(): boolean {
    return this.pos >= this.source.length;
  }

  /** The character `ahead` places on; '' past the end. */
  peek(ahead = 0): string {
    return this.source[this.pos + ahead] ?? '';
  }

  startsWith(text: string): boolean {
    return this.source.startsWith(text, this.pos);
  }

  /** Takes `text` if it comes next. */
  take(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.pos += text.length;
    return true;
  }

  /** Takes the longest run of characters that `regex` (sticky) accepts. */
  run(regex: RegExp): string {
    regex.lastIndex = this.pos;
    const found = regex.exec(this.source)?.[0] ?? '';
    this.pos += found.length;
    return found;
  }

  fail(message: string, offset = this.pos): never {
    throw new PcreError(message, Math.min(offset, this.source.length));
  }
}

const NAME = /[0-9A-Za-z_]*/y;
const DIGITS = /[0-9]*/y;

/** A group name up to its terminator, which is taken as well (pcre2pattern(3), "Named capture groups"). */
export function readName(scan: Scanner, terminator: string): string {
  if (scan.atEnd) scan.fail('subpattern name expected');
  if (/[0-9]/.test(scan.peek())) scan.fail('subpattern name must start with a non-digit');
  const start = scan.pos;
  const name = scan.run(NAME);
  if (name.length > 32) scan.fail('subpattern name is too long (maximum 32 code units)', start + 33);
  if (name === '') scan.fail('subpattern name expected');
  if (!scan.take(terminator)) scan.fail('syntax error in subpattern name (missing terminator?)');
  return name;
}

/** A decimal group number; empty text gives undefined. */
export function readNumber(scan: Scanner): number | undefined {
  const digits = scan.run(DIGITS);
  if (digits === '') return undefined;
  const value = Number(digits);
  if (value > 65535) scan.fail('subpattern number is too big');
  return value;
}
