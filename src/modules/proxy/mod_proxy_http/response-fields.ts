/** The fields of a backend's answer, made those of ours (proxy_util.c: process_proxy_header, ap_proxy_clean_warnings; mod_proxy_http.c). */
import { DROPS_CONNECTION } from '../../../core/errors.ts';
import type { Request } from '../../../core/request.ts';
import { isBodyless } from '../../../core/response.ts';
import { ownCopy } from '../../../http/bytes.ts';
import { formatHttpDate, parseHttpDate } from '../../../http/date.ts';
import type { HeaderFields } from '../../../http/header-fields.ts';
import { statusLine } from '../../../http/reason-phrases.ts';
import type { ResponseHead } from '../../../http/response-head-parser.ts';
import { isGoodStatusLine } from '../../../http/response-parser.ts';
import { Memo } from '../../../lib/memo.ts';
import type { ProxyDirConf } from '../shared/config.ts';
import { viaOf } from '../shared/http-request-head.ts';
import { mapCookie, mapLocation } from '../shared/reverse-map.ts';
import type { ProxyTarget } from '../shared/scheme.ts';

/** What becomes of a field. Fields that are not here stay as they are. */
const Role = {
  /** Holds for one hop. */
  drop: 0,
  /** Of an answer to HEAD it is passed on. */
  framing: 1,
  date: 2,
  url: 3,
  cookie: 4,
  type: 5,
  warning: 6,
  /** Not of an answer that has no body by its status. */
  length: 7,
} as const;

const ROLES: ReadonlyMap<string, number> = new Map<string, number>([
  ['connection', Role.drop],
  ['keep-alive', Role.drop],
  ['proxy-authenticate', Role.drop],
  ['proxy-connection', Role.drop],
  ['te', Role.drop],
  ['trailer', Role.drop],
  ['upgrade', Role.drop],
  ['transfer-encoding', Role.framing],
  ['date', Role.date],
  ['expires', Role.date],
  ['last-modified', Role.date],
  ['location', Role.url],
  ['content-location', Role.url],
  ['uri', Role.url],
  ['destination', Role.url],
  ['set-cookie', Role.cookie],
  ['content-type', Role.type],
  ['warning', Role.warning],
  ['content-length', Role.length],
]);

const DATES_KEPT = 256;
const dates = new Memo<string>(DATES_KEPT);

/** A date in the one format of today; what is none stays as it is (ap_proxy_date_canon). Backends send the same few again and again. */
export function canonicalDate(text: string): string {
  const known = dates.get(text);
  if (known !== undefined) return known;
  const own = ownCopy(text);
  const seconds = parseHttpDate(own);
  const date = seconds === 0 ? own : formatHttpDate(seconds);
  dates.set(own, date);
  return date;
}

function hasCookieMaps(dir: Readonly<ProxyDirConf>): boolean {
  return dir.cookiePaths !== undefined || dir.cookieDomains !== undefined;
}

/** Sets status and fields of the answer by its head. What was there of fields goes, cookies apart. */
export function takeHead(r: Request, target: ProxyTarget, head: ResponseHead): void {
  r.status = head.status;
  const { statusLine: line } = head;
  r.statusLine = line === statusLine(head.status) || !isGoodStatusLine(line) ? undefined : line;
  takeFields(r, target, head.fields);
  const via = viaOf(r, target);
  if (via !== undefined && !head.isSimple) r.headersOut.append('Via', via);
  // Chunked where its length is not known, yet closed.
  if (DROPS_CONNECTION.has(head.status)) r.headersOut.set('Connection', 'close');
}

function takeFields(r: Request, target: ProxyTarget, fields: HeaderFields): void {
  const { headersOut } = r;
  const { dir } = target;
  const cookies = headersOut.size === 0 ? undefined : headersOut.getAll('set-cookie');
  headersOut.clear();
  const isWithout = isBodyless(r.status);
  let hasWarning = false;
  let hasCookies = false;
  let hasType = false;
  for (let index = 0; index < fields.size; index++) {
    const key = fields.keyAt(index);
    const name = fields.nameAt(index);
    let value = fields.valueAt(index);
    const role = ROLES.get(key);
    if (role !== undefined) {
      if (role === Role.drop || (role === Role.framing && (isWithout || !r.headerOnly))) continue;
      if (role === Role.length && isWithout) continue;
      if (role === Role.cookie) {
        hasCookies = true;
        continue;
      }
      if (role === Role.date) value = canonicalDate(value);
      else if (role === Role.type) {
        // The first one counts; without any, what the configuration says of the resource (ForceType).
        if (!hasType) r.contentType = value;
        hasType = true;
      } else if (role === Role.url) {
        if (dir.reverseAliases !== undefined) value = mapLocation(r, dir, value, target.server.balancers);
      } else if (role === Role.warning) {
        hasWarning = true;
      }
    }
    headersOut.appendParsed(key, name, value);
  }
  if (hasWarning) cleanWarnings(headersOut);
  if (cookies !== undefined) for (const cookie of cookies) headersOut.append('Set-Cookie', cookie);
  if (hasCookies) takeCookies(dir, r, fields);
}

function takeCookies(dir: Readonly<ProxyDirConf>, r: Request, fields: HeaderFields): void {
  const isMapped = hasCookieMaps(dir);
  for (let index = 0; index < fields.size; index++) {
    if (fields.keyAt(index) !== 'set-cookie') continue;
    const value = fields.valueAt(index);
    r.headersOut.append(fields.nameAt(index), isMapped ? mapCookie(r, dir, value) : value);
  }
}

/** Code, agent, text in quotes, and perhaps a date in quotes. Nothing escapes a quote here. */
const WARNING = /^[ \t,]*(\d{3}[ \t]+[^ \t"]+[ \t]+"[^"]*"(?:[ \t]+"([^"]+)")?)/;
const BEFORE_NEXT = /^[^,]*(?:,|$)/;

/**
 * A warning that names another date than the answer's is dropped, and so is what is no warning; the others stand in fields of their own
 * (RFC 2616 section 14.46; ap_proxy_clean_warnings).
 */
function cleanWarnings(fields: HeaderFields): void {
  const values = fields.getAll('warning');
  const date = fields.get('date');
  fields.delete('warning');
  const own = date === undefined ? 0 : parseHttpDate(date);
  for (const value of values) {
    for (let rest = value; rest !== ''; ) {
      const match = WARNING.exec(rest);
      const [whole = '', warning, dated] = match ?? [];
      const named = dated === undefined ? 0 : parseHttpDate(dated);
      if (warning !== undefined && (named === 0 || named === own)) fields.append('Warning', warning);
      rest = rest.slice(whole.length).replace(BEFORE_NEXT, '');
    }
  }
}
