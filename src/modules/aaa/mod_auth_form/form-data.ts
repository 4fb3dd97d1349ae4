/** Bodies of HTML forms, application/x-www-form-urlencoded, read whole within a bound (ap_parse_form_data of server/util.c). */

import type { Request } from '../../../core/request.ts';
import { readBody } from '../../../core/request-body.ts';

const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Pairs in the order they were sent, or a status: 413 for more than may be, 400 for a body that never came whole. */
export type FormFields = ReadonlyMap<string, string> | number;

/** httpd's x2c(): two characters of which any are taken for digits, so that what is no escape becomes some byte all the same. */
function escapedByte(high: number, low: number): number {
  const digit = (code: number): number => (code >= 0x41 ? (code & 0xdf) - 0x41 + 10 : code - 0x30);
  return (digit(high) * 16 + digit(low)) & 0xff;
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  let decoded = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '%') {
      // One that is cut off by the end says nothing.
      if (at + 2 < text.length)
        decoded += String.fromCharCode(escapedByte(text.charCodeAt(at + 1), text.charCodeAt(at + 2)));
      at += 2;
    } else {
      decoded += char === '+' ? ' ' : char;
    }
  }
  return decoded;
}

/** Reads a form's text. `size`: characters of names and values, decoded, that it may have. The first of a name counts. */
export function parseForm(text: string, size: number): FormFields {
  const pairs = new Map<string, string>();
  let counted = 0;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    counted += name.length + value.length;
    if (counted > size) return 413;
    if (!pairs.has(name)) pairs.set(name, value);
  }
  return pairs;
}

/** Every character as an escape, and separators: more than that is no form of the size. */
function longestFor(size: number): number {
  return Math.min(4 * size + 4096, 64 * 1024 * 1024);
}

/** Takes the request's body off the wire. Answers the form, empty for a body of another type, or a status. */
export function readForm(r: Request, size: number): FormFields | Promise<FormFields> {
  const [type = ''] = (r.headersIn.get('content-type') ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== FORM_TYPE) return new Map();
  const { body } = r.transport;
  if (!body.isPresent) return new Map();
  if (body.isTaken) return new Map();
  let outcome: FormFields | undefined;
  let settle: ((data: FormFields) => void) | undefined;
  const finish = (data: FormFields): void => {
    if (outcome !== undefined) return;
    outcome = data;
    settle?.(data);
  };
  const chunks: Buffer[] = [];
  let length = 0;
  const longest = longestFor(size);
  readBody(r, {
    onBody(chunk) {
      length += chunk.length;
      if (length > longest) chunks.length = 0;
      else chunks.push(Buffer.from(chunk));
      return true;
    },
    onBodyEnd() {
      finish(length > longest ? 413 : parseForm(Buffer.concat(chunks).toString('latin1'), size));
    },
    onBodyError(status) {
      r.closeConnection = true;
      finish(status === 0 ? 400 : status);
    },
  });
  if (outcome !== undefined) return outcome;
  return new Promise((resolve) => {
    settle = resolve;
  });
}
