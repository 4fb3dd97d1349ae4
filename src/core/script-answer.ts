/** A script's head put into the request it answers, for all modules that run or ask scripts (util_script.c: ap_scan_script_header_err_core_ex). */
import type { ScriptHead } from '../cgi/script-headers.ts';
import { meetsConditions } from '../http/conditional.ts';
import { formatHttpDate, parseHttpDate } from '../http/date.ts';
import { DROPS_CONNECTION } from './errors.ts';
import type { Request } from './request.ts';
import { isBodyless } from './response.ts';

/** Three digits, alone or with a blank and a reason. An error page says of a code alone that its reason is unknown. */
const STATUS_LINE = /^[1-9]\d\d(?: ?$| .)/s;

/**
 * Sets status and headers. Answers 304 or 412 when the client's conditions make the body needless: asked only of answers whose script named
 * no status (ap_meets_conditions). `length`: what the script said of its body where it is trusted.
 */
export function applyScriptHead(
  r: Request,
  head: ScriptHead,
): { readonly condition: 0 | 304 | 412; readonly length: number | undefined } {
  if (head.status !== undefined) setStatus(r, head.status, head.statusLine);
  if (head.contentType !== undefined) r.contentType = head.contentType;
  if (head.lastModified !== undefined) setLastModified(r, head.lastModified);
  let length: number | undefined;
  for (const [key, [name, value]] of head.single) {
    // The body is framed by what comes, not by what was announced.
    if (key === 'content-length') length = trustedLength(r, value);
    else if (key !== 'transfer-encoding') r.headersOut.set(name, value);
  }
  let condition: 0 | 304 | 412 = 0;
  if (head.status === undefined && (r.method === 'GET' || r.method === 'HEAD')) condition = conditionOf(r);
  const { merged, cookies } = head;
  for (let i = 0; i + 1 < merged.length; i += 2) {
    const name = merged[i] as string;
    const value = merged[i + 1] as string;
    if (isSteering(name)) r.headersOut.merge(name, value);
    else r.errHeadersOut.merge(name, value);
  }
  if (condition === 304 || isBodyless(r.status)) r.contentType = undefined;
  for (const [name, value] of cookies) r.errHeadersOut.append(name, value);
  return { condition, length };
}

function setStatus(r: Request, status: number, line: string | undefined): void {
  r.status = status;
  r.statusLine = line !== undefined && STATUS_LINE.test(line) ? line : undefined;
  // Not for a value that is no status: httpd has decided on the connection before it finds that out.
  if (line !== undefined && DROPS_CONNECTION.has(status)) r.headersOut.set('Connection', 'close');
}

/** Fields that the head of the answer is made by: they stand where the server's own would. */
const STEERING: ReadonlySet<string> = new Set(['connection', 'date', 'server']);

function isSteering(name: string): boolean {
  return name.length <= 10 && STEERING.has(name.toLowerCase());
}

/** A date in the future is now (ap_rationalize_mtime); what is no date is dropped. */
function setLastModified(r: Request, value: string): void {
  const seconds = parseHttpDate(value);
  if (seconds === 0) return;
  if (seconds * 1000 > r.mtime) r.mtime = seconds * 1000;
  const now = Math.floor(r.requestTime / 1000);
  r.headersOut.set('Last-Modified', formatHttpDate(Math.min(Math.floor(r.mtime / 1000), now)));
}

function trustedLength(r: Request, value: string): number | undefined {
  if (r.getEnv('ap_trust_cgilike_cl') === undefined || !/^\d{1,15}$/.test(value)) return undefined;
  return Number(value);
}

function conditionOf(r: Request): 0 | 304 | 412 {
  if (r.noLocalCopy || r.status < 200 || r.status > 299) return 0;
  const now = Math.floor(r.requestTime / 1000);
  const modified = r.mtime === 0 ? now : Math.min(Math.floor(r.mtime / 1000), now);
  return meetsConditions(r.headersIn, { etag: r.headersOut.get('etag'), modified, now }, true);
}
