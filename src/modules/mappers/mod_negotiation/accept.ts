/** What the client says it takes: Accept and its kin, and Negotiate (get_entry, do_header_line, parse_negotiate_header of mod_negotiation.c). */
import { trimSpaces } from '../../../http/bytes.ts';
import type { HeaderFields } from '../../../http/header-fields.ts';
import { asciiLower } from '../../../lib/ascii.ts';

/** One item of an Accept field, or a Content-Type of a type map; `qs` and `q` are both its quality. */
export interface AcceptItem {
  /** Lower case. */
  readonly name: string;
  readonly quality: number;
  readonly level: number;
  readonly charset: string | undefined;
}

export interface ClientSide {
  readonly types: readonly AcceptItem[];
  /** Some type has a quality: the client knows what it says, wildcards stay as they are. */
  readonly hasTypeQuality: boolean;
  readonly languages: readonly AcceptItem[] | undefined;
  readonly encodings: readonly AcceptItem[] | undefined;
  readonly charsets: readonly AcceptItem[] | undefined;
}

/** How a choice is to be made (RFC 2295 as httpd has it). */
export interface Mode {
  isTransparent: boolean;
  /** The client knows lists of variants: 300 rather than 406. */
  knowsLists: boolean;
  sendsAlternates: boolean;
  mayChoose: boolean;
  usesRvsa: boolean;
  /** Fields are taken literally, without help for clients that say little. */
  isStrict: boolean;
}

const LARGEST_QUALITY = 1000;

/** atoq(): 0, 1 and up to three decimals; what is no number is 1. */
export function parseQuality(text: string): number {
  const match = /^[\t-\r ]*(\d*)(?:\.(\d{0,3}))?/.exec(text);
  if (match === null || (match[1] === '' && (match[2] ?? '') === '')) return 1;
  const thousandths = Number(match[1] || '0') * 1000 + Number((match[2] ?? '').padEnd(3, '0'));
  return Math.min(thousandths, LARGEST_QUALITY) / 1000;
}

/** An item with its parameters; those behind q belong to somebody else. */
export function parseItem(text: string): AcceptItem {
  const [name = '', ...parameters] = text.split(';');
  let quality = 1;
  let level = 0;
  let charset: string | undefined;
  const type = asciiLower(trimSpaces(name));
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=');
    if (equals < 0) continue;
    const key = asciiLower(trimSpaces(parameter.slice(0, equals)));
    const value = trimSpaces(parameter.slice(equals + 1)).replace(/^"(.*)"$/, '$1');
    if (key === 'q' || key === 'qs') quality = parseQuality(value);
    else if (key === 'level') level = Number.parseInt(value, 10) || 0;
    else if (key === 'charset') charset = asciiLower(value);
  }
  return { name: type, quality, level, charset };
}

function parseList(field: string | undefined): AcceptItem[] | undefined {
  if (field === undefined) return undefined;
  return field
    .split(',')
    .filter((item) => trimSpaces(item) !== '')
    .map(parseItem);
}

/** Marks scripts, which a listing in Accept never names: httpd's own type for them. */
export const SCRIPT_TYPE = 'application/x-httpd-cgi';

export function readClient(fields: HeaderFields, mode: Mode, prefersScripts: boolean): ClientSide {
  const accept = fields.getJoined('accept');
  const types = parseList(accept) ?? [];
  const hasTypeQuality = accept !== undefined && types.some(({ quality }) => quality < 1);
  if (types.length === 0) types.push({ name: '*', quality: 1, level: 0, charset: undefined });
  const quality = mode.usesRvsa ? 0 : prefersScripts ? 2 : 0.001;
  types.push({ name: SCRIPT_TYPE, quality, level: 0, charset: undefined });
  return {
    types,
    hasTypeQuality,
    languages: parseList(fields.getJoined('accept-language')),
    encodings: parseList(fields.getJoined('accept-encoding')),
    charsets: parseList(fields.getJoined('accept-charset')),
  };
}

export function readMode(fields: HeaderFields, isTransparent: boolean): Mode {
  const mode: Mode = {
    isTransparent,
    knowsLists: false,
    sendsAlternates: false,
    mayChoose: true,
    usesRvsa: false,
    isStrict: false,
  };
  const field = isTransparent ? fields.getJoined('negotiate') : undefined;
  if (field === undefined) return mode;
  // Old Lynx says so without knowing what it means.
  if (field === 'trans' && fields.get('user-agent')?.startsWith('Lynx') === true) return mode;
  mode.mayChoose = false;
  for (const item of field.toLowerCase().split(',')) {
    const word = trimSpaces(item);
    if (!/^(?:trans|vlist|guess-small|\*|\d.*)$/.test(word)) continue;
    mode.knowsLists = mode.sendsAlternates = true;
    if (word === '1.0') mode.mayChoose = mode.usesRvsa = mode.isStrict = true;
    else if (word === '*') mode.mayChoose = mode.isStrict = true;
  }
  return mode;
}
