/** A set of bytes: 256 cells of 0 or 1. Sets are values: once built they are not written to. */
export type ByteSet = Uint8Array;

function setOf(accepts: (byte: number) => boolean): ByteSet {
  const set = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) if (accepts(byte)) set[byte] = 1;
  return set;
}

export const negate = (set: ByteSet): ByteSet => set.map((cell) => cell ^ 1);

export function addAll(target: ByteSet, other: ByteSet): void {
  for (let byte = 0; byte < 256; byte++) if (other[byte]) target[byte] = 1;
}

const isUpper = (b: number): boolean => b >= 0x41 && b <= 0x5a;
const isLower = (b: number): boolean => b >= 0x61 && b <= 0x7a;
const isAlpha = (b: number): boolean => isUpper(b) || isLower(b);
const isDigit = (b: number): boolean => b >= 0x30 && b <= 0x39;
const isSpace = (b: number): boolean => b === 0x20 || (b >= 9 && b <= 13);
const isGraph = (b: number): boolean => b > 0x20 && b < 0x7f;
const isWord = (b: number): boolean => isAlpha(b) || isDigit(b) || b === 0x5f;

/** Adds the other case of every ASCII letter. PCRE2's built-in tables (httpd passes none) fold nothing else. */
export function foldCase(set: ByteSet): ByteSet {
  const folded = set.slice();
  for (let byte = 0x41; byte <= 0x5a; byte++) {
    if (set[byte] || set[byte + 32]) folded[byte] = folded[byte + 32] = 1;
  }
  return folded;
}

const singles: ByteSet[] = [];
export function single(byte: number): ByteSet {
  return (singles[byte] ??= setOf((b) => b === byte));
}

export const ANY_BYTE = setOf(() => true);
export const NO_BYTE = setOf(() => false);
export const NOT_NEWLINE = setOf((b) => b !== 10);
export const WORD = setOf(isWord);
const DIGIT = setOf(isDigit);
const SPACE = setOf(isSpace);
/** `\h` and `\v` outside UTF mode: the code points below 256 of pcre2pattern(3), "Generic character types". */
const HORIZONTAL = setOf((b) => b === 9 || b === 0x20 || b === 0xa0);
const VERTICAL = setOf((b) => (b >= 10 && b <= 13) || b === 0x85);
/** What `\R` accepts besides CR LF is the same set. */
export const LINE_BREAK = VERTICAL;

/** The one-letter class escapes, valid inside and outside a bracketed class. */
export const CLASS_ESCAPES: Readonly<Record<string, ByteSet>> = {
  d: DIGIT,
  D: negate(DIGIT),
  w: WORD,
  W: negate(WORD),
  s: SPACE,
  S: negate(SPACE),
  h: HORIZONTAL,
  H: negate(HORIZONTAL),
  v: VERTICAL,
  V: negate(VERTICAL),
};

/** POSIX class names in the C locale. */
export const POSIX_CLASSES: ReadonlyMap<string, ByteSet> = new Map([
  ['alpha', setOf(isAlpha)],
  ['lower', setOf(isLower)],
  ['upper', setOf(isUpper)],
  ['alnum', setOf((b) => isAlpha(b) || isDigit(b))],
  ['ascii', setOf((b) => b < 128)],
  ['blank', setOf((b) => b === 9 || b === 0x20)],
  ['cntrl', setOf((b) => b < 32 || b === 127)],
  ['digit', DIGIT],
  ['graph', setOf(isGraph)],
  ['print', setOf((b) => isGraph(b) || b === 0x20)],
  ['punct', setOf((b) => isGraph(b) && !isAlpha(b) && !isDigit(b))],
  ['space', SPACE],
  ['word', WORD],
  ['xdigit', setOf((b) => isDigit(b) || (b >= 0x41 && b <= 0x46) || (b >= 0x61 && b <= 0x66))],
]);

/**
 * `\p{name}` for code points below 256 (PCRE2 offers properties outside UTF mode too): general categories by
 * their short names, PCRE2's X-classes, scripts (with extensions, as in PCRE2 10.40 and later) and binary
 * properties. V8's Unicode data answers. Undefined for a name that is none of these.
 */
export function propertySet(name: string): ByteSet | undefined {
  if (name === 'Any') return ANY_BYTE;
  if (name === 'L&') return unicodeSet('(?:\\p{Ll}|\\p{Lu}|\\p{Lt})');
  if (name === 'Xan') return unicodeSet('[\\p{L}\\p{N}]');
  if (name === 'Xwd') return unicodeSet('[\\p{L}\\p{N}_]');
  if (name === 'Xsp' || name === 'Xps') return unicodeSet('[\\p{Z}\\t-\\r\\x85]');
  if (name === 'Xuc') return setOf((b) => b === 0x24 || b === 0x40 || b === 0x60 || b >= 0xa0);
  if (!/^\w+$/.test(name)) return undefined;
  if (/^[A-Z][a-z]?$/.test(name)) return unicodeSet(`\\p{gc=${name}}`);
  const script = unicodeSet(`\\p{scx=${name}}`);
  // JavaScript also takes the categories' long names here, which PCRE2 does not know.
  return script ?? (unicodeSet(`\\p{gc=${name}}`) ? undefined : unicodeSet(`\\p{${name}}`));
}

function unicodeSet(source: string): ByteSet | undefined {
  try {
    const regex = new RegExp(`^${source}$`, 'u');
    return setOf((b) => regex.test(String.fromCharCode(b)));
  } catch {
    // A name V8 does not know.
    return undefined;
  }
}

/** The one byte of a set that has exactly one, else -1. */
function onlyByte(set: ByteSet): number {
  const first = set.indexOf(1);
  return first >= 0 && set.indexOf(1, first + 1) < 0 ? first : -1;
}

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;

/** One byte as JavaScript RegExp source that stands for itself in and outside a class. */
function literal(byte: number): string {
  return isAlpha(byte) || isDigit(byte) ? String.fromCharCode(byte) : hex(byte);
}

/** A set as JavaScript RegExp source (no flag but `s` is assumed; subjects hold bytes only). */
export function setSource(set: ByteSet): string {
  const byte = onlyByte(set);
  if (byte === 0x2f) return '\\/';
  if (byte >= 0) return byte === 0x2d || byte === 0x5f ? String.fromCharCode(byte) : literal(byte);
  let count = 0;
  for (let b = 0; b < 256; b++) count += set[b] ?? 0;
  if (count === 256) return '.';
  const inverted = count > 128;
  const body = ranges(inverted ? negate(set) : set);
  return inverted ? `[^${body}]` : `[${body}]`;
}

function ranges(set: ByteSet): string {
  let text = '';
  for (let from = 0; from < 256; from++) {
    if (!set[from]) continue;
    let to = from;
    while (to < 255 && set[to + 1]) to++;
    text += literal(from);
    if (to > from) text += (to > from + 1 ? '-' : '') + literal(to);
    from = to;
  }
  return text;
}
