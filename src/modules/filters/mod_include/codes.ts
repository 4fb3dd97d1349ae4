/** Encodings and decodings of echo and set (mod_include.c, ap_unescape_entity and ap_escape_... of APR). */
import { decodePercent, escapeHtml, escapeUri, escapeUrlEncoded } from '../../../http/escape.ts';

/** Character entities of Latin-1 that httpd knows, by name; case matters. */
const ENTITIES: ReadonlyMap<string, string> = new Map(
  (
    'lt:3c gt:3e amp:26 quot:22 ETH:d0 eth:f0 THORN:de thorn:fe szlig:df AElig:c6 aelig:e6 Aring:c5 aring:e5 Ccedil:c7 ccedil:e7 ' +
    'Oslash:d8 oslash:f8 Ntilde:d1 ntilde:f1 Atilde:c3 atilde:e3 Otilde:d5 otilde:f5 Auml:c4 auml:e4 Euml:cb euml:eb Iuml:cf iuml:ef ' +
    'Ouml:d6 ouml:f6 Uuml:dc uuml:fc yuml:ff Acirc:c2 acirc:e2 Ecirc:ca ecirc:ea Icirc:ce icirc:ee Ocirc:d4 ocirc:f4 Ucirc:db ucirc:fb ' +
    'Aacute:c1 aacute:e1 Eacute:c9 eacute:e9 Iacute:cd iacute:ed Oacute:d3 oacute:f3 Uacute:da uacute:fa Yacute:dd yacute:fd ' +
    'Agrave:c0 agrave:e0 Egrave:c8 egrave:e8 Igrave:cc igrave:ec Ograve:d2 ograve:f2 Ugrave:d9 ugrave:f9'
  )
    .split(' ')
    .map((entry) => {
      const [name, code] = entry.split(':') as [string, string];
      return [name, String.fromCharCode(Number.parseInt(code, 16))];
    }),
);

/** Decodes character entities; unknown ones stay, numbers that are no character of Latin-1 vanish. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#([^;]*)|([A-Za-z0-9]{1,6}));/g, (whole, digits: string | undefined, name) => {
    if (digits === undefined) return ENTITIES.get(name as string) ?? whole;
    if (!/^\d{1,9}$/.test(digits)) return '';
    const code = Number(digits);
    const isNone = code <= 8 || (code > 10 && code < 32) || (code > 126 && code < 161) || code > 255;
    return isNone ? '' : String.fromCharCode(code);
  });
}

/** Sequences that are none stay; a zero byte ends the text. */
function decodeUrl(text: string): string {
  const decoded = decodePercent(text);
  const end = decoded.indexOf('\0');
  return end < 0 ? decoded : decoded.slice(0, end);
}

/** Up to the first character that does not belong to it. */
function decodeBase64(text: string): string {
  const valid = /^[A-Za-z0-9+/]*/.exec(text)?.[0] ?? '';
  return Buffer.from(valid, 'base64').toString('latin1');
}

type Code = (text: string) => string;
const ENCODINGS: Readonly<Record<string, Code | undefined>> = Object.assign(Object.create(null), {
  url: escapeUri,
  urlencoded: escapeUrlEncoded,
  entity: escapeHtml,
  base64: (text: string) => Buffer.from(text, 'latin1').toString('base64'),
  none: (text: string) => text,
});
const DECODINGS: Readonly<Record<string, Code | undefined>> = Object.assign(Object.create(null), {
  url: decodeUrl,
  urlencoded: (text: string) => decodeUrl(text.replaceAll('+', ' ')),
  entity: decodeEntities,
  base64: decodeBase64,
  none: (text: string) => text,
});

/** The codes a list names, one behind the other; undefined with the first name that is none. */
function listed(table: Readonly<Record<string, Code | undefined>>, list: string): Code | string {
  const codes: Code[] = [];
  for (const word of list.split(/[, \t]+/)) {
    if (word === '') continue;
    const code = table[word.toLowerCase()];
    if (code === undefined) return word;
    codes.push(code);
  }
  return (text) => codes.reduce((result, code) => code(result), text);
}

/** `entity,url`: what applies them in order, or the name that is unknown. */
export const encodingOf = (list: string): Code | string => listed(ENCODINGS, list);
export const decodingOf = (list: string): Code | string => listed(DECODINGS, list);
