/** The Authorization field of Digest, read as httpd reads it (get_digest_rec of modules/aaa/mod_auth_digest.c; RFC 7616 section 3.4). */

export interface DigestField {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: string | undefined;
  readonly cnonce: string | undefined;
  readonly nonceCount: string | undefined;
  readonly qop: string | undefined;
  readonly opaque: string | undefined;
}

/** Hash and time of a nonce stand behind each other; the time's base64 ends in a `=`. */
export const NONCE_TIME_LENGTH = 12;
export const NONCE_LENGTH = 52;
/** Hexadecimal digits of an MD5. */
const RESPONSE_LENGTH = 32;

const isBlank = (text: string, at: number): boolean => /[\t-\r ]/.test(text[at] ?? '');

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text, at)) at++;
  return at;
}

function endOf(text: string, from: number, stops: string): number {
  let at = from;
  while (at < text.length && !stops.includes(text[at] as string) && !isBlank(text, at)) at++;
  return at;
}

/** Between double quotes, where a backslash takes the next character as it is. */
function quotedValue(text: string, from: number): [value: string, end: number] {
  let value = '';
  let at = from;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\' && at + 1 < text.length) at++;
    value += text[at++];
  }
  return [value, at + 1];
}

/** `name=value` parts by lower-case name, the last of a name counting. What stands between a value and the next comma is passed over. */
export function parseParts(text: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const start = skipBlanks(text, at);
    at = endOf(text, start, '=,');
    const name = text.slice(start, at).toLowerCase();
    let value = '';
    at = skipBlanks(text, at);
    if (text[at] === '=') {
      at = skipBlanks(text, at + 1);
      if (text[at] === '"') {
        [value, at] = quotedValue(text, at + 1);
      } else {
        const end = endOf(text, at, ',');
        value = text.slice(at, end);
        at = end;
      }
    }
    const comma = text.indexOf(',', at);
    at = comma < 0 ? text.length : comma + 1;
    parts.set(name, value);
  }
  return parts;
}

/**
 * Reads a field's value. The scheme when it is another one; `invalid` when something that has to be there is missing, the response cannot be a
 * hash, or the nonce cannot be one of ours.
 */
export function parseDigest(field: string): DigestField | { readonly scheme: string } | 'invalid' {
  const end = endOf(field, 0, '');
  const scheme = field.slice(0, end);
  if (scheme.toLowerCase() !== 'digest') return { scheme };
  const parts = parseParts(field.slice(end));
  const username = parts.get('username');
  const realm = parts.get('realm');
  const nonce = parts.get('nonce');
  const uri = parts.get('uri');
  const response = parts.get('response');
  if (
    username === undefined ||
    realm === undefined ||
    nonce === undefined ||
    uri === undefined ||
    response === undefined
  ) {
    return 'invalid';
  }
  if (response.length !== RESPONSE_LENGTH) return 'invalid';
  const qop = parts.get('qop');
  const cnonce = parts.get('cnonce');
  const nonceCount = parts.get('nc');
  if (qop !== undefined && (cnonce === undefined || nonceCount === undefined)) return 'invalid';
  if (nonce.length !== NONCE_LENGTH || nonce[NONCE_TIME_LENGTH - 1] !== '=') return 'invalid';
  return {
    username,
    realm,
    nonce,
    uri,
    response,
    algorithm: parts.get('algorithm'),
    cnonce,
    nonceCount,
    qop,
    opaque: parts.get('opaque'),
  };
}

const MOST = (1n << 64n) - 1n;

/**
 * strtol() of a hexadecimal number, seen as unsigned: undefined where something else stands behind it, or nothing at all before. What is beyond
 * a long becomes its end.
 */
export function hexNumber(text: string): bigint | undefined {
  const parsed = /^[\t-\r ]*([+-]?)(?:0[xX](?=[0-9a-fA-F]))?([0-9a-fA-F]+)$/.exec(text);
  if (parsed === null) return undefined;
  // More than sixteen digits are beyond in any case; the client may send thousands.
  const digits = (parsed[2] as string).replace(/^0+(?=.)/, '').slice(0, 17);
  const negative = parsed[1] === '-';
  const magnitude = BigInt(`0x${digits}`);
  const limit = negative ? 1n << 63n : (1n << 63n) - 1n;
  const value = magnitude > limit ? limit : magnitude;
  return negative ? -value & MOST : value;
}
