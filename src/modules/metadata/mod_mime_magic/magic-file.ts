/** The magic file: what httpd's own reader makes of file(1)'s format (apprentice, parse, getstr of modules/metadata/mod_mime_magic.c). */
import { trimSpaces } from '../../../http/bytes.ts';
import { ALL_BITS, type Long, ofInt, readLong, ZERO } from './integer.ts';

/** Sizes of httpd's struct magic: a string with its end, a description with its end. */
export const STRING_SIZE = 64;
const DESCRIPTION_SIZE = 50;
/** As much of a line as is read at once; what is longer goes on as a line of its own. */
const LINE_SIZE = 8191;

export type MagicType =
  | 'byte'
  | 'short'
  | 'long'
  | 'string'
  | 'date'
  | 'beshort'
  | 'belong'
  | 'bedate'
  | 'leshort'
  | 'lelong'
  | 'ledate';

export interface MagicRule {
  /** Number of `>`: such a rule is asked when the one above it held. */
  readonly level: number;
  readonly offset: number;
  /** `(4.l+12)`: what stands at `offset` tells where to look. */
  readonly indirect: { readonly type: 'byte' | 'short' | 'long'; readonly offset: number } | undefined;
  /** Undefined: a line that could not be read. It holds for nothing, and those below it hang on it. */
  readonly type: MagicType | undefined;
  readonly mask: Long;
  readonly relation: string;
  readonly number: Long;
  readonly text: string;
  /** MIME type and encoding, with printf's places for the value. */
  readonly description: string;
  /** Nothing between this and what the rules above it printed. */
  readonly joins: boolean;
}

/** Something wrong with a line: an AH number, and httpd's words without its module's name. */
export interface MagicProblem {
  readonly code: string;
  readonly message: string;
  /** Offset of the line in the file. */
  readonly at: number;
}
type Complaint = Omit<MagicProblem, 'at'>;

/** In the order in which httpd compares the beginning of what stands there. */
const TYPES: readonly (readonly [name: string, type: MagicType])[] = [
  ['char', 'byte'],
  ['byte', 'byte'],
  ['short', 'short'],
  ['long', 'long'],
  ['string', 'string'],
  ['date', 'date'],
  ['beshort', 'beshort'],
  ['belong', 'belong'],
  ['bedate', 'bedate'],
  ['leshort', 'leshort'],
  ['lelong', 'lelong'],
  ['ledate', 'ledate'],
];

const SPACE = ' \t\n\v\f\r';

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && SPACE.includes(text.charAt(i))) i++;
  return i;
}

/** Reads a magic file: its rules in order, and what is wrong with its lines. */
export function readMagic(content: string): { rules: MagicRule[]; problems: MagicProblem[] } {
  const rules: MagicRule[] = [];
  const problems: MagicProblem[] = [];
  let start = 0;
  for (const line of content.split('\n')) {
    for (let at = 0; at === 0 || at < line.length; at += LINE_SIZE) {
      const text = trimSpaces(line.slice(at, at + LINE_SIZE));
      if (text === '' || text.startsWith('#')) continue;
      const complaints: Complaint[] = [];
      rules.push(readRule(text, complaints));
      for (const complaint of complaints) problems.push({ ...complaint, at: start });
    }
    start += line.length + 1;
  }
  return { rules, problems };
}

/** signextend(): a value as wide as its type, made as wide as a long. */
export function extend(type: MagicType, value: Long): Long {
  switch (type) {
    case 'byte':
      return ofInt((value.lo << 24) >> 24);
    case 'short':
    case 'beshort':
    case 'leshort':
      return ofInt((value.lo << 16) >> 16);
    default:
      return value;
  }
}

function readRule(line: string, problems: Complaint[]): MagicRule {
  let at = 0;
  while (line[at] === '>') at++;
  const level = at;
  const isIndirect = level > 0 && line[at] === '(';
  if (isIndirect) at++;
  const offset = readLong(line.slice(at));
  if (offset.length === 0) problems.push({ code: 'AH01521', message: `offset ${line.slice(at)} invalid` });
  at += offset.length;
  let indirect: MagicRule['indirect'];
  if (isIndirect) [indirect, at] = readIndirect(line, at, problems);
  while (/^[0-9]/.test(line.charAt(at))) at++;
  at = skipSpace(line, at);
  const place = { level, offset: offset.value.lo, indirect };
  const named = TYPES.find(([name]) => line.startsWith(name, at));
  if (named === undefined) {
    problems.push({ code: 'AH01524', message: `type ${line.slice(at)} invalid` });
    return {
      ...place,
      type: undefined,
      mask: ALL_BITS,
      relation: '=',
      number: ZERO,
      text: '',
      description: '',
      joins: false,
    };
  }
  const [name, type] = named;
  at += name.length;
  let mask = ALL_BITS;
  if (line[at] === '&') {
    const read = readLong(line.slice(at + 1));
    mask = extend(type, read.value);
    at += 1 + read.length;
  }
  at = skipSpace(line, at);
  return { ...place, type, mask, ...readTest(line, at, type, problems) };
}

function readIndirect(line: string, from: number, problems: Complaint[]): [MagicRule['indirect'], number] {
  let at = from;
  let type: 'byte' | 'short' | 'long' = 'long';
  if (line[at] === '.') {
    const letter = line.charAt(at + 1);
    if (letter === 's') type = 'short';
    else if (letter === 'b') type = 'byte';
    else if (letter !== 'l')
      problems.push({ code: 'AH01522', message: `indirect offset type ${letter} invalid` });
    at += 2;
  }
  let offset = 0;
  const sign = line[at];
  if (sign === '+' || sign === '-') at++;
  if (/^[0-9]/.test(line.charAt(at))) {
    const read = readLong(line.slice(at));
    offset = sign === '-' ? -read.value.lo : read.value.lo;
    at += read.length;
  }
  if (line[at] !== ')') problems.push({ code: 'AH01523', message: "missing ')' in indirect offset" });
  return [{ type, offset }, at + 1];
}

type Test = Pick<MagicRule, 'relation' | 'number' | 'text' | 'description' | 'joins'>;

/** Relation, value, description. */
function readTest(line: string, from: number, type: MagicType, problems: Complaint[]): Test {
  let at = from;
  let relation = '=';
  const first = line.charAt(at);
  if (first !== '' && ('><&^='.includes(first) || (first === '!' && type !== 'string'))) {
    relation = first;
    at++;
  } else if (first === 'x' && skipSpace(line, at + 1) > at + 1) {
    return { relation: 'x', number: ZERO, text: '', ...readDescription(line, at + 1) };
  }
  at = skipSpace(line, at);
  if (type === 'string') {
    const { text, end } = readString(line, at, problems);
    return { relation, number: ZERO, text, ...readDescription(line, end) };
  }
  const read = readLong(line.slice(at));
  return { relation, number: extend(type, read.value), text: '', ...readDescription(line, at + read.length) };
}

function readDescription(line: string, from: number): Pick<Test, 'description' | 'joins'> {
  let at = skipSpace(line, from);
  let joins = true;
  if (line[at] === '\b') at++;
  else if (line.startsWith('\\b', at)) at += 2;
  else joins = false;
  return { description: line.slice(at, at + DESCRIPTION_SIZE - 1), joins };
}

const LETTER_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  b: '\b',
  t: '\t',
  f: '\f',
  v: '\v',
};

/** A string up to white space, which it takes along (getstr). `\x` takes up to three digits, of which a byte is kept. */
function readString(line: string, from: number, problems: Complaint[]): { text: string; end: number } {
  let text = '';
  let at = from;
  while (at < line.length) {
    const c = line.charAt(at++);
    if (SPACE.includes(c)) break;
    if (text.length >= STRING_SIZE - 1) {
      problems.push({ code: 'AH01526', message: `string too long: ${line.slice(from)}` });
      break;
    }
    if (c !== '\\') {
      text += c;
      continue;
    }
    if (at >= line.length) break;
    const number = /^(?:([0-7]{1,3})|x([0-9a-fA-F]{1,3}))/.exec(line.slice(at, at + 4));
    if (number !== null) {
      const [whole, octal, hex] = number;
      text += String.fromCharCode(
        (octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? '0', 16)) & 0xff,
      );
      at += whole.length;
      continue;
    }
    const letter = line.charAt(at++);
    text += LETTER_ESCAPES[letter] ?? letter;
  }
  return { text, end: at };
}
