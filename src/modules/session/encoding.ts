/** Sessions as text: `key=value&...` in the encoding of forms, the expiry among them (session_identity_encode of modules/session/mod_session.c). */
import type { Session } from '../../core/session.ts';
import { Table } from '../../core/table.ts';
import { escapeUrlEncoded } from '../../http/escape.ts';
import { decodePath } from '../../http/uri.ts';

const EXPIRY = 'expiry';

export function newSession(encoded?: string): Session {
  return { entries: new Table(), expiry: 0n, maxAge: 0, encoded, isDirty: false, isWritten: false };
}

export function encodeSession(session: Session): string {
  const { entries, expiry } = session;
  if (expiry !== 0n) entries.set(EXPIRY, expiry.toString());
  let text = '';
  for (const [key, value] of entries) {
    text += `${text === '' ? '' : '&'}${escapeUrlEncoded(key)}=${escapeUrlEncoded(value)}`;
  }
  return text;
}

/** ap_unescape_urlencoded(); undefined for a bad escape or a NUL. */
function unescapeUrlEncoded(text: string): string | undefined {
  const { path, status } = decodePath(text.replaceAll('+', ' '), 'decode');
  return status === 0 ? path : undefined;
}

/** Reads text into the session's table. A key without a value removes; what is badly escaped is left out. */
export function decodeInto(session: Session, text: string): void {
  for (const pair of text.split('&')) {
    // strtok() skips signs of equality before the key and between it and its value.
    const [, rawKey = '', rawValue = ''] = /^=*([^=]*)=*(.*)$/s.exec(pair) ?? [];
    if (rawKey === '') continue;
    if (rawValue === '') {
      session.entries.delete(rawKey);
      continue;
    }
    const key = unescapeUrlEncoded(rawKey);
    const value = unescapeUrlEncoded(rawValue);
    if (key === undefined || value === undefined) continue;
    if (key === EXPIRY) session.expiry = leadingNumber(value);
    else session.entries.set(key, value);
  }
}

/** apr_atoi64(), within 64 bits. */
function leadingNumber(text: string): bigint {
  const digits = /^[\t-\r ]*([+-]?\d{1,20})/.exec(text)?.[1];
  return digits === undefined ? 0n : BigInt.asIntN(64, BigInt(digits.replace('+', '')));
}
