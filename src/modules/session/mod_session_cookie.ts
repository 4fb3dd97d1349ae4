/** mod_session_cookie: sessions kept by the browser (modules/session/mod_session_cookie.c; the cookie functions of server/util_cookies.c). */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_AUTHCFG,
  RSRC_CONF,
} from '../../config/directive.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { SESSION_STORE_GROUP, type Session, type SessionStore } from '../../core/session.ts';
import { newSession } from './encoding.ts';

interface CookieConf {
  readonly name: string;
  readonly attributes: string;
}
interface DirConf {
  /** A cookie of RFC 6265 (httpd calls it RFC 2109), and one of RFC 2965. */
  cookie?: CookieConf;
  cookie2?: CookieConf;
  remove?: boolean;
}
type Cmd = Command<object, DirConf>;

const DEFAULT_ATTRIBUTES = 'HttpOnly;Secure;Version=1';
const CLEAR_ATTRIBUTES = 'Version=1';

function setCookie(field: 'cookie' | 'cookie2'): (cmd: Cmd, text: string) => ApplyResult {
  return (cmd, text) => {
    // Words as they stand, quotes and all; the attributes are the rest of the line.
    const [, name = '', attributes = ''] = /^[ \t]*([^ \t]*)[ \t]*(.*)$/s.exec(text) ?? [];
    if (name === '' || /[=&]/.test(name)) return `${cmd.node.name} cannot be empty, or contain '=' or '&'.`;
    cmd.dir[field] = { name, attributes };
    return undefined;
  };
}

const where = RSRC_CONF | OR_AUTHCFG;
const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'SessionCookieName',
    shape: 'RAW_ARGS',
    where,
    usage: 'The name of the RFC2109 cookie carrying the session',
    apply: setCookie('cookie'),
  },
  {
    name: 'SessionCookieName2',
    shape: 'RAW_ARGS',
    where,
    usage: 'The name of the RFC2965 cookie carrying the session',
    apply: setCookie('cookie2'),
  },
  {
    name: 'SessionCookieRemove',
    shape: 'FLAG',
    where,
    usage:
      "Set to 'On' to remove the session cookie from the headers and hide the cookie from a backend server or process",
    apply: (cmd, on) => void (cmd.dir.remove = on),
  },
];

/** A cookie in the value of a Cookie field, as extract_cookie_line() finds it. */
export interface FoundCookie {
  readonly value: string | undefined;
  /** It is there more than once, with different values: which one is meant cannot be known. */
  readonly isAmbiguous: boolean;
  /** The field without it. */
  readonly rest: string;
}

export function findCookie(fields: readonly string[], name: string): FoundCookie {
  const start = `${name}=`;
  let value: string | undefined;
  let isAmbiguous = false;
  let rest = '';
  let separator = '';
  for (const field of fields) {
    for (const group of field.split(',')) {
      for (const part of group.split(';')) {
        const trimmed = part.replace(/^[\t-\r ]+/, '');
        if (trimmed.startsWith(start)) {
          const found = trimmed.slice(start.length);
          if (value !== undefined && value !== found) isAmbiguous = true;
          value = found;
        } else if (part !== '') {
          rest += rest === '' ? part : separator + part;
          separator = ';';
        }
      }
      separator = ',';
    }
  }
  return { value, isAmbiguous, rest };
}

/** ap_cookie_read(). */
function readCookie(r: Request, name: string, removes: boolean): string | undefined {
  const fields = [...r.headersIn.getAll('cookie'), ...r.headersIn.getAll('cookie2')];
  if (fields.length === 0) return undefined;
  const { value, isAmbiguous, rest } = findCookie(fields, name);
  if (isAmbiguous) {
    const message = `client submitted cookie '${name}' more than once: ${r.uri}`;
    logRequest(r, 'core', Level.error, 'AH00011', message);
    return undefined;
  }
  if (removes) {
    r.headersIn.delete('cookie');
    r.headersIn.delete('cookie2');
    if (rest !== '') r.headersIn.append('Cookie', rest);
  }
  return value;
}

interface Loaded {
  readonly name: string;
  readonly session: Session;
}

const cookieStore: SessionStore = {
  load(r) {
    const conf = modSessionCookie.dir(r);
    const name = (conf.cookie2 ?? conf.cookie)?.name;
    if (name === undefined) return undefined;
    const { initial } = r;
    const removes = conf.remove === true;
    // Where cookies are removed httpd reads again what is left, and finds nothing.
    const known = removes ? undefined : (initial.getState(modSessionCookie.index) as Loaded | undefined);
    if (known?.name === name) return known.session;
    const session = newSession(readCookie(r, name, removes));
    initial.setState(modSessionCookie.index, { name, session } satisfies Loaded);
    r.headersOut.append('Cache-Control', 'no-cache, private');
    return session;
  },
  save(r, session, encoded) {
    const { cookie, cookie2 } = modSessionCookie.dir(r);
    if (cookie !== undefined) writeCookie(r, 'Set-Cookie', cookie, encoded, session.maxAge);
    if (cookie2 !== undefined) writeCookie(r, 'Set-Cookie2', cookie2, encoded, session.maxAge);
    return cookie !== undefined || cookie2 !== undefined;
  },
};

/** ap_cookie_write() and, for an empty value, ap_cookie_remove(). The value has been encoded: nothing in it can end it. */
function writeCookie(
  r: Request,
  field: 'Set-Cookie' | 'Set-Cookie2',
  { name, attributes }: CookieConf,
  value: string,
  maxAge: number,
): void {
  if (value === '') {
    const text = `${name}=;Max-Age=0;${attributes === '' ? CLEAR_ATTRIBUTES : attributes}`;
    // Into both tables, and so twice into the answer.
    r.headersOut.append(field, text);
    r.errHeadersOut.append(field, text);
    return;
  }
  const age = maxAge === 0 ? '' : `Max-Age=${maxAge};`;
  r.errHeadersOut.append(
    field,
    `${name}=${value};${age}${attributes === '' ? DEFAULT_ATTRIBUTES : attributes}`,
  );
}

export const modSessionCookie = defineModule<object, DirConf>({
  name: 'session_cookie_module',
  file: 'mod_session_cookie.c',
  directives: rows,
  mergeDir: (base, add) => ({ ...base, ...add }),
  providers: { [SESSION_STORE_GROUP]: { cookie: cookieStore } },
});
