/** What a text is by the words in it, and whether it is a tar archive (ascmagic, is_tar of mod_mime_magic.c). */
import { latin1Slice } from '../../../http/bytes.ts';

const WORDS: ReadonlyMap<string, string> = new Map([
  ...each('text/html', '<html> <HTML> <head> <HEAD> <title> <TITLE> <h1> <H1> <!--'),
  ...each('text/plain', '/* #include char The the double extern float real struct union'),
  ...each('text/plain', 'CFLAGS LDFLAGS all: .PRECIOUS .ascii .asciiz .byte .even .globl clr (input, dcl'),
  ...each('message/rfc822', 'Received: >From Return-Path: Cc:'),
  ...each('message/news', 'Newsgroups: Path: Organization:'),
]);

function each(type: string, words: string): [string, string][] {
  return words.split(' ').map((word) => [word, type]);
}

/** Words are looked for in so many bytes. */
const WORDS_WITHIN = 1024;
const ESCAPE = 0x1b;

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13);
const isAlnum = (byte: number | undefined): boolean =>
  byte !== undefined && /[0-9A-Za-z]/.test(String.fromCharCode(byte));

/** `bytes`: with a NUL behind them. Undefined: no telling. */
export function describeText(bytes: Buffer): string | undefined {
  if (isTroff(bytes)) return 'application/x-troff';
  // A comment of Fortran.
  if ((bytes[0] === 0x63 || bytes[0] === 0x43) && isSpace(bytes[1])) return 'text/plain';
  const start = bytes.subarray(0, WORDS_WITHIN);
  const type = typeByWord(start);
  if (type !== undefined) return start.includes(ESCAPE) ? `${type} (with escape sequences)` : type;
  return isTar(bytes) ? 'application/x-tar' : undefined;
}

/** A dot with the name of a request. Measured: a comment (`.\"`) is none. */
function isTroff(bytes: Buffer): boolean {
  if (bytes[0] !== 0x2e) return false;
  let at = 1;
  while (isSpace(bytes[at])) at++;
  return (isAlnum(bytes[at]) || bytes[at] === 0x5c) && isAlnum(bytes[at + 1]);
}

function typeByWord(start: Buffer): string | undefined {
  const text = latin1Slice(start, 0, start.length);
  const end = text.indexOf('\0');
  for (const word of (end < 0 ? text : text.slice(0, end)).split(/[ \t\n\r\f]+/)) {
    const type = WORDS.get(word);
    if (type !== undefined) return type;
  }
  return undefined;
}

const RECORD = 512;
const CHECKSUM_AT = 148;
const CHECKSUM_SIZE = 8;

/** Whether the sum of the first record is what it says; the sum counts as blanks in it. */
function isTar(bytes: Buffer): boolean {
  if (bytes.length < RECORD) return false;
  const said = /^[ \t\n\v\f\r]*([0-7]*)(?:$|[\0 \t\n\v\f\r])/.exec(
    latin1Slice(bytes, CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_SIZE),
  );
  if (said === null) return false;
  let sum = 0x20 * CHECKSUM_SIZE;
  for (let i = 0; i < RECORD; i++) {
    if (i < CHECKSUM_AT || i >= CHECKSUM_AT + CHECKSUM_SIZE) sum += bytes[i] as number;
  }
  return sum === Number.parseInt(said[1] || '0', 8);
}
