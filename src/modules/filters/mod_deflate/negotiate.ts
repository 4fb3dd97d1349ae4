/** What mod_deflate reads from and writes to the fields of request and answer. */
import type { Request } from '../../../core/request.ts';

/** Whether Accept-Encoding names gzip with a weight above 0. Neither `*` nor x-gzip counts. */
export function acceptsGzip(field: string | undefined): boolean {
  if (field === undefined) return false;
  for (const item of field.split(',')) {
    const [name = '', ...parameters] = item.split(';');
    if (name.trim().toLowerCase() !== 'gzip') continue;
    const weight = parameters.join(';').trim();
    return !/^q\s*=\s*0(\.0*)?\s*$/i.test(weight);
  }
  return false;
}

/** Takes gzip off the end of the answer's codings; false when it is not there (check_gzip). */
export function takeGzip(r: Request): boolean {
  const own = r.headersOut.get('content-encoding');
  const error = r.errHeadersOut.get('content-encoding');
  if (own !== undefined) {
    const rest = withoutGzip(own);
    if (rest === undefined) return false;
    if (rest === '') r.headersOut.delete('content-encoding');
    else r.headersOut.set('Content-Encoding', rest);
    r.contentEncoding = undefined;
    return true;
  }
  if (error !== undefined) {
    const rest = withoutGzip(error);
    if (rest === undefined) return false;
    if (rest === '') r.errHeadersOut.delete('content-encoding');
    else r.errHeadersOut.set('Content-Encoding', rest);
    return true;
  }
  if (r.contentEncoding === undefined) return false;
  const rest = withoutGzip(r.contentEncoding);
  if (rest === undefined) return false;
  r.contentEncoding = rest === '' ? undefined : rest;
  return true;
}

/** The same of the request body's codings. */
export function takeRequestGzip(r: Request): boolean {
  const codings = r.headersIn.get('content-encoding');
  const rest = codings === undefined ? undefined : withoutGzip(codings);
  if (rest === undefined) return false;
  // httpd has made a backend's head by then: it is told of the coding still. Of a FastCGI request's body it looks at the beginning first.
  if (r.proxyRequest !== 'none' && r.filename?.startsWith('proxy:fcgi:') !== true) return true;
  if (rest === '') r.headersIn.delete('content-encoding');
  else r.headersIn.set('Content-Encoding', rest);
  return true;
}

function withoutGzip(codings: string): string | undefined {
  const names = codings.split(',').map((name) => name.trim());
  while (names.length > 0) {
    const name = (names.pop() as string).toLowerCase();
    if (name === 'gzip' || name === 'x-gzip') return names.join(', ');
    if (name !== 'identity' && name !== '') return undefined;
  }
  return undefined;
}
