/** A script's head put into the answer (ap_scan_script_header_err_core_ex of util_script.c, as mod_cgi uses it). */
import type { ScriptHead } from '../../../cgi/script-headers.ts';
import type { Request } from '../../../core/request.ts';
import { meetsConditions } from '../../../http/conditional.ts';
import { formatHttpDate, parseHttpDate } from '../../../http/date.ts';

/** Sets status and fields; answers 304 or 412 where the client's conditions make the body needless, else 0. */
export function applyScriptHead(r: Request, head: ScriptHead): 0 | 304 | 412 {
  if (head.status !== undefined) {
    r.status = head.status;
    r.statusLine =
      head.statusLine !== undefined && /^\d{3} ./.test(head.statusLine) ? head.statusLine : undefined;
  }
  if (head.contentType !== undefined) r.contentType = head.contentType;
  const now = Math.floor(r.requestTime / 1000);
  const modified = head.lastModified === undefined ? 0 : parseHttpDate(head.lastModified);
  if (modified > 0) r.headersOut.set('Last-Modified', formatHttpDate(Math.min(modified, now)));
  for (const [key, [name, value]] of head.single) {
    // The body is framed by what comes, not by what was announced.
    if (key !== 'content-length' && key !== 'transfer-encoding') r.headersOut.set(name, value);
  }
  const { merged, cookies } = head;
  for (let i = 0; i + 1 < merged.length; i += 2)
    r.errHeadersOut.merge(merged[i] as string, merged[i + 1] as string);
  for (const cookie of cookies) r.errHeadersOut.append('Set-Cookie', cookie);
  if (head.status !== undefined || r.noLocalCopy || (r.method !== 'GET' && r.method !== 'HEAD')) return 0;
  return meetsConditions(
    r.headersIn,
    { etag: r.headersOut.get('etag'), modified: Math.min(modified || now, now), now },
    true,
  );
}
