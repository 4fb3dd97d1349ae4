/** What filters that code answers read from and write to their fields. */
import type { Request } from '../../../core/request.ts';

/** DeflateAlterETag, BrotliAlterETag. */
export type EtagRule = 'suffix' | 'keep' | 'remove';

/** Codings that change nothing. */
const PLAIN: ReadonlySet<string> = new Set(['identity', '7bit', '8bit', 'binary']);

/** The codings the answer has already, from wherever they were set, separated by commas; empty for none. */
export function contentCodings(r: Request): string {
  const found = [
    r.headersOut.get('content-encoding'),
    r.errHeadersOut.get('content-encoding'),
    r.contentEncoding,
  ];
  return found.filter((value) => value !== undefined).join(',');
}

export function isPlain(codings: string): boolean {
  return codings.split(',').every((coding) => {
    const name = coding.trim();
    return name === '' || PLAIN.has(name);
  });
}

/** Tells the ETag of the coded answer from that of the plain one (deflate_check_etag, etag_check of mod_brotli.c). */
export function markEtag(r: Request, transform: string, rule: EtagRule): void {
  if (rule === 'keep') return;
  const etag = r.headersOut.get('etag');
  if (etag === undefined) return;
  if (rule === 'remove') r.headersOut.delete('etag');
  else if (etag.length > 2 && etag.endsWith('"'))
    r.headersOut.set('ETag', `${etag.slice(0, -1)}-${transform}"`);
}

/** Adds a coding to those the answer has (`codings`): nothing that tells of its plain bytes holds any more. */
export function setCoding(r: Request, coding: string, codings: string): void {
  const { headersOut } = r;
  if (codings === '' || codings.toLowerCase() === 'identity') headersOut.set('Content-Encoding', coding);
  else headersOut.merge('Content-Encoding', coding);
  if (r.contentEncoding !== undefined) r.contentEncoding = headersOut.get('content-encoding');
  headersOut.delete('content-length');
  headersOut.delete('content-md5');
}
