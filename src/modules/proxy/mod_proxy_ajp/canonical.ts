/** Canonical URLs of AJP containers, and what of them goes into a request (mod_proxy_ajp.c: proxy_ajp_canon). */
import type { Request } from '../../../core/request.ts';
import { OK } from '../../../core/status.ts';
import { type CanonicalScheme, canonicalUrl, refusesInvisible } from '../shared/canonical.ts';
import type { ProxyState } from '../shared/scheme.ts';

const SCHEME: CanonicalScheme = {
  scheme: 'ajp',
  module: 'proxy_ajp',
  badUrl: 'AH00867',
  badPath: 'AH10418',
};

export function canonicaliseAjp(r: Request, rest: string, state: ProxyState): number {
  const url = canonicalUrl(r, rest, state.isNocanon || state.isNoencode, SCHEME, state.isSetHandler);
  if (typeof url === 'number') return url;
  // A path as the client sent it has its query behind it.
  const query = state.isNocanon ? undefined : r.args;
  if (query !== undefined && refusesInvisible(r, query, SCHEME.module, 'AH10406', 'query string')) return 403;
  r.filename = `proxy:${url.origin}/${url.path}${query === undefined ? '' : `?${query}`}`;
  return OK;
}

/** Path and query of a canonical URL. */
export function splitTarget(url: string): { readonly path: string; readonly query: string | undefined } {
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  const rest = slash < 0 ? '/' : url.slice(slash);
  const mark = rest.indexOf('?');
  return mark < 0
    ? { path: rest, query: undefined }
    : { path: rest.slice(0, mark), query: rest.slice(mark + 1) };
}
