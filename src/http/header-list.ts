/**
 * Field values that are lists: tokens, items between commas, parameters, quoted strings (RFC 9110 section 5.6), with the
 * lenience of server/util.c (ap_find_token, ap_get_list_item, ap_find_list_item).
 */

import { asciiLower } from '../lib/ascii.ts';
import { equalsIgnoreCase, TOKEN, trimBlanks } from './bytes.ts';

/**
 * ap_find_token: whether `token` stands in the value as a word, any byte that no token may hold being a separator. httpd compares no more than
 * the word's own length, so that the beginning of `token` is taken for it: `Connection: clo` closes. `token` is expected in lower case.
 */
export function hasToken(value: string | undefined, token: string): boolean {
  if (value === undefined) return false;
  if (value === token) return true;
  let at = 0;
  while (at < value.length) {
    while (at < value.length && TOKEN[value.charCodeAt(at)] !== 1) at++;
    const start = at;
    while (at < value.length && TOKEN[value.charCodeAt(at)] === 1) at++;
    const length = at - start;
    if (length > 0 && length <= token.length && token.startsWith(asciiLower(value.slice(start, at))))
      return true;
  }
  return false;
}

/** All words of the value in lower case: the names in a Connection field. */
export function tokens(value: string): string[] {
  const found: string[] = [];
  for (const word of value.split(/[^!#$%&'*+\-.^_`|~0-9A-Za-z]+/)) {
    if (word !== '') found.push(asciiLower(word));
  }
  return found;
}

/** Index of the first `separator` from `from` on that is outside quoted strings; the length when there is none. */
function nextSeparator(value: string, from: number, separator: number): number {
  let quoted = false;
  for (let at = from; at < value.length; at++) {
    const byte = value.charCodeAt(at);
    if (quoted) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) quoted = false;
    } else if (byte === 0x22) quoted = true;
    else if (byte === separator) return at;
  }
  return value.length;
}

function splitOutsideQuotes(value: string, separator: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at <= value.length; ) {
    const end = nextSeparator(value, at, separator);
    parts.push(trimBlanks(value.slice(at, end)));
    at = end + 1;
  }
  return parts;
}

/** The items between commas, trimmed, empty ones left out. */
export function listItems(value: string): string[] {
  return splitOutsideQuotes(value, 0x2c).filter((item) => item !== '');
}

/** ap_find_list_item: whether an item of the list equals `item`, ASCII case ignored. */
export function hasListItem(value: string | undefined, item: string): boolean {
  if (value === undefined) return false;
  if (equalsIgnoreCase(value, item)) return true;
  return listItems(value).some((candidate) => equalsIgnoreCase(candidate, item));
}

/** A quoted string's content, with its escapes undone; any other text as it is. */
function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replace(/\\([\s\S])/g, '$1');
}

/** A value with its parameters: `text/html; charset="utf-8"`. Names are in lower case, values unquoted. */
export interface Parameterized {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Splits off parameters; one without "=" has the value "". The first of several of one name counts. */
export function parseParameters(text: string): Parameterized {
  const parts = splitOutsideQuotes(text, 0x3b);
  const parameters = new Map<string, string>();
  for (const part of parts.slice(1)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = asciiLower(trimBlanks(equals < 0 ? part : part.slice(0, equals)));
    if (name === '' || parameters.has(name)) continue;
    parameters.set(name, equals < 0 ? '' : unquote(trimBlanks(part.slice(equals + 1))));
  }
  return { value: parts[0] ?? '', parameters };
}
