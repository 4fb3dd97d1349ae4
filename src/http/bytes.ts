/**
 * Byte classes of RFC 9110/9112, as tables indexed by byte. httpd generates the same classes in server/gen_test_char.c.
 */

function table(accepts: (byte: number) => boolean): Uint8Array {
  const flags = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) flags[byte] = accepts(byte) ? 1 : 0;
  return flags;
}

const TOKEN_MARKS = "!#$%&'*+-.^_`|~";

export function isAlpha(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** tchar, RFC 9110 section 5.6.2. */
export const TOKEN: Uint8Array = table(
  (byte) =>
    isAlpha(byte) || isDigit(byte) || (byte < 0x80 && TOKEN_MARKS.includes(String.fromCharCode(byte))),
);

/** What may stand inside a field value: everything but control characters, tab allowed (ap_scan_http_field_content). */
export const FIELD_CONTENT: Uint8Array = table((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));

/** The rest: what makes a field value none. */
export const NO_FIELD_CONTENT = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Visible characters and obs-text: what may stand in a request target (ap_scan_vchar_obstext). */
export const VISIBLE: Uint8Array = table((byte) => byte > 0x20 && byte !== 0x7f);

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX_VALUE: Uint8Array = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  HEX_VALUE[text.charCodeAt(0)] = digit;
  HEX_VALUE[text.toUpperCase().charCodeAt(0)] = digit;
}

/** isspace() of the C locale: space, tab, LF, VT, FF, CR. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** Space or tab: optional white space, RFC 9110 section 5.6.3. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** `text` without spaces and tabs at both ends. Linear, where a regular expression for the end tries every run of blanks. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** The same for isspace() of the C locale; String.trim() would also take the byte 0xA0. */
export function trimSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Index of the first byte of `text` from `from` on that `classTable` does not accept; the length when all do. */
export function scanClass(classTable: Uint8Array, text: string, from: number): number {
  let index = from;
  while (index < text.length && classTable[text.charCodeAt(index)] === 1) index++;
  return index;
}

/** Equality without regard to ASCII case. */
export function equalsIgnoreCase(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (loweredAt(a, at) !== loweredAt(b, at)) return false;
  return true;
}

function loweredAt(text: string, at: number): number {
  const char = text.charCodeAt(at);
  return char >= 0x41 && char <= 0x5a ? char + 0x20 : char;
}

/** Node's own ways between bytes and latin1; the typed toString('latin1') spends twice the time of a short slice on its arguments. */
interface Latin1Bytes {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number): number;
}

/** The bytes from `start` to `end` as a byte string. */
export function latin1Slice(chunk: Buffer, start: number, end: number): string {
  return (chunk as unknown as Latin1Bytes).latin1Slice(start, end);
}

/** Byte strings around bytes, copied into one buffer: one write costs less than three. */
export function joinBytes(before: string, bytes: Buffer | undefined, after = ''): Buffer {
  const length = bytes?.length ?? 0;
  const whole = Buffer.allocUnsafe(before.length + length + after.length);
  const target = whole as unknown as Latin1Bytes;
  target.latin1Write(before, 0);
  if (bytes !== undefined) whole.set(bytes, before.length);
  if (after !== '') target.latin1Write(after, before.length + length);
  return whole;
}

/** The same bytes in a string of their own. What is cut from a longer string keeps all of that alive, which is no way to keep a name for long. */
export function ownCopy(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  return latin1Slice(bytes, 0, bytes.length);
}
