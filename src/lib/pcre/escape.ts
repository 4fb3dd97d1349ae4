import { type ByteSet, CLASS_ESCAPES, negate, propertySet } from './byte-set.ts';
import { readName, readNumber, type Scanner } from './scanner.ts';

/** What stands behind a backslash. Numbers and names of groups are resolved by the parser. */
export type Escape =
  | { readonly type: 'byte'; readonly byte: number }
  | { readonly type: 'set'; readonly set: ByteSet }
  /** A letter the parser gives meaning to: A Z z G K B b R X C N E. */
  | { readonly type: 'letter'; readonly letter: string }
  | { readonly type: 'backref'; readonly ref: GroupRef; readonly offset: number }
  | { readonly type: 'call'; readonly ref: GroupRef; readonly offset: number };

/** A group by number (already absolute) or by name. */
export type GroupRef = number | string;

const CONTROL: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };
const HEX = /[0-9A-Fa-f]*/y;
const HEX_TWO = /[0-9A-Fa-f]{0,2}/y;
const OCTAL = /[0-7]*/y;
const OCTAL_TWO = /[0-7]{0,2}/y;
const OCTAL_THREE = /[0-7]{1,3}/y;
const DECIMAL = /[0-9]+/y;
const TOO_LARGE = 'character code point value in \\x{} or \\o{} is too large';

const byte = (value: number): Escape => ({ type: 'byte', byte: value });

/**
 * Reads one escape; the cursor stands behind the backslash.
 * @param groupsSoFar groups opened to the left: decides between octal and back-reference
 */
export function readEscape(scan: Scanner, inClass: boolean, groupsSoFar: number): Escape {
  if (scan.atEnd) scan.fail('\\ at end of pattern');
  const letter = scan.peek();
  if (!/[0-9A-Za-z]/.test(letter)) {
    scan.pos++;
    return byte(letter.charCodeAt(0));
  }
  if (/[0-9]/.test(letter)) return readNumeric(scan, inClass, groupsSoFar);
  const set = CLASS_ESCAPES[letter];
  scan.pos++;
  if (set !== undefined) return { type: 'set', set };
  const control = CONTROL[letter];
  if (control !== undefined) return byte(control);
  switch (letter) {
    case 'x':
      return readHex(scan);
    case 'o':
      return readOctalBraced(scan);
    case 'c':
      return readControl(scan);
    case 'p':
    case 'P':
      return readProperty(scan, letter === 'P');
    case 'g':
      return inClass ? byte(0x67) : readG(scan, groupsSoFar);
    case 'k':
      return inClass ? invalidInClass(scan) : readK(scan);
    case 'F':
    case 'l':
    case 'L':
    case 'u':
    case 'U':
      return scan.fail('PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u');
  }
  if (letter === 'N' && inClass) scan.fail('\\N is not supported in a class');
  if (letter === 'N' && scan.startsWith('{')) readBracedN(scan);
  if (inClass && letter === 'b') return byte(8);
  if (inClass && 'BRX'.includes(letter)) return invalidInClass(scan);
  if (!'AZzGKBbRXCNE'.includes(letter)) scan.fail('unrecognized character follows \\', scan.pos - 1);
  if (inClass && letter !== 'E') return invalidInClass(scan);
  return { type: 'letter', letter };
}

function invalidInClass(scan: Scanner): never {
  return scan.fail('escape sequence is invalid in character class', scan.pos - 1);
}

/** `\N{` is a quantified `\N` when a quantifier follows, else a Unicode name or number. */
function readBracedN(scan: Scanner): void {
  if (/^\{[0-9]+(?:,[0-9]*)?\}/.test(scan.source.slice(scan.pos, scan.pos + 16))) return;
  if (scan.startsWith('{U+')) scan.fail('\\N{U+dddd} is supported only in Unicode (UTF) mode');
  scan.fail('PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u');
}

/** pcre2pattern(3), "Non-printing characters": octal or back-reference. */
function readNumeric(scan: Scanner, inClass: boolean, groupsSoFar: number): Escape {
  const first = scan.peek();
  if (first !== '0' && !inClass) {
    const start = scan.pos;
    const digits = scan.run(DECIMAL);
    const value = Number(digits);
    if (value < 10 || first >= '8' || value <= groupsSoFar) {
      if (value > 65535) scan.fail('number is too big', start);
      return { type: 'backref', ref: value, offset: scan.pos - 1 };
    }
    scan.pos = start;
  }
  if (first >= '8') {
    scan.pos++;
    return byte(first.charCodeAt(0));
  }
  if (first === '0') {
    scan.pos++;
    return byte(Number.parseInt(`0${scan.run(OCTAL_TWO)}`, 8));
  }
  const value = Number.parseInt(scan.run(OCTAL_THREE), 8);
  if (value > 255) scan.fail('octal value is greater than \\377 in 8-bit non-UTF-8 mode');
  return byte(value);
}

function readHex(scan: Scanner): Escape {
  if (!scan.take('{')) return byte(Number.parseInt(`0${scan.run(HEX_TWO)}`, 16));
  if (scan.startsWith('}') || scan.atEnd) scan.fail('digits missing in \\x{} or \\o{} or \\N{U+}');
  return readBraced(scan, HEX, 16, 'non-hex character in \\x{} (closing brace missing?)');
}

function readOctalBraced(scan: Scanner): Escape {
  if (!scan.take('{')) scan.fail('missing opening brace after \\o');
  if (scan.startsWith('}') || scan.atEnd) scan.fail('digits missing in \\x{} or \\o{} or \\N{U+}');
  return readBraced(scan, OCTAL, 8, 'non-octal character in \\o{} (closing brace missing?)');
}

function readBraced(scan: Scanner, digits: RegExp, radix: number, wrong: string): Escape {
  const start = scan.pos;
  const text = scan.run(digits);
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    value = value * radix + Number.parseInt(text.charAt(i), radix);
    if (value > 255) scan.fail(TOO_LARGE, start + i + 1);
  }
  if (!scan.take('}')) scan.fail(wrong);
  return byte(value);
}

/** `\cX`: bit 6 of the upper-cased character is inverted. */
function readControl(scan: Scanner): Escape {
  if (scan.atEnd) scan.fail('\\c at end of pattern');
  const code = scan.peek().toUpperCase().charCodeAt(0);
  if (code < 32 || code > 126) scan.fail('\\c must be followed by a printable ASCII character');
  scan.pos++;
  return byte(code ^ 0x40);
}

function readProperty(scan: Scanner, inverted: boolean): Escape {
  let negative = inverted;
  let name = scan.peek();
  scan.pos++;
  if (name === '{') {
    if (scan.take('^')) negative = !negative;
    const end = scan.source.indexOf('}', scan.pos);
    if (end < 0) scan.fail('malformed \\P or \\p sequence', scan.source.length);
    name = scan.source.slice(scan.pos, end);
    scan.pos = end + 1;
  } else if (!/[A-Za-z]/.test(name)) {
    scan.fail('malformed \\P or \\p sequence');
  }
  const set = propertySet(name);
  if (set === undefined) scan.fail('unknown property after \\P or \\p');
  return { type: 'set', set: negative ? negate(set) : set };
}

const MISSING = 'reference to non-existent subpattern';

/** A signed number relative to the groups opened so far, or a plain one; undefined when no number comes. */
export function readRelative(scan: Scanner, groupsSoFar: number, missingAt?: number): number | undefined {
  const sign = scan.peek();
  if (sign !== '+' && sign !== '-') return readNumber(scan);
  if (!/[0-9]/.test(scan.peek(1))) return undefined;
  scan.pos++;
  const distance = readNumber(scan) ?? 0;
  if (distance === 0) scan.fail('a relative value of zero is not allowed');
  if (sign === '+') return groupsSoFar + distance;
  if (distance > groupsSoFar) scan.fail(MISSING, missingAt);
  return groupsSoFar - distance + 1;
}

const NO_G = '\\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number';

function readG(scan: Scanner, groupsSoFar: number): Escape {
  const open = scan.peek();
  if (open === '<' || open === "'") {
    const close = open === '<' ? '>' : "'";
    scan.pos++;
    const offset = scan.pos;
    const number = readRelative(scan, groupsSoFar);
    if (number === undefined) return { type: 'call', ref: readName(scan, close), offset };
    if (!scan.take(close)) scan.fail(NO_G);
    return { type: 'call', ref: number, offset };
  }
  const behindG = scan.pos;
  const braced = scan.take('{');
  const offset = scan.pos;
  const number = readRelative(scan, groupsSoFar, behindG);
  if (number === undefined) {
    if (!braced) scan.fail(NO_G);
    return { type: 'backref', ref: readName(scan, '}'), offset };
  }
  if (braced && !scan.take('}')) scan.fail(NO_G);
  if (number === 0) scan.fail(MISSING);
  return { type: 'backref', ref: number, offset: scan.pos - 1 };
}

function readK(scan: Scanner): Escape {
  const close = { '{': '}', '<': '>', "'": "'" }[scan.peek()];
  if (close === undefined)
    return scan.fail('\\k is not followed by a braced, angle-bracketed, or quoted name');
  scan.pos++;
  const offset = scan.pos;
  return { type: 'backref', ref: readName(scan, close), offset };
}
