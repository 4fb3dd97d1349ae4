/** The canonical file name of a request passed on by HTTP (mod_proxy_http.c: proxy_http_canon; mod_proxy_wstunnel.c: proxy_wstunnel_canon). */
import { coreDir } from '../../../core/core-config.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { OK } from '../../../core/status.ts';
import { refusesInvisible } from './canonical.ts';
import type { ProxyState } from './scheme.ts';
import { bracketHost, defaultPortOf, encodePath, splitAuthority } from './url.ts';

/** Who makes it canonical, and the numbers of its log lines. */
export interface CanonicalBy {
  readonly module: string;
  readonly badUrl: string;
  readonly badPath: string;
  readonly badQuery: string;
}

/** @param rest what stands behind `scheme:`. */
export function canonicaliseHttp(
  r: Request,
  scheme: string,
  rest: string,
  state: ProxyState,
  by: CanonicalBy,
): number {
  const split = splitAuthority(rest);
  if (typeof split === 'string') {
    logRequest(r, by.module, Level.error, by.badUrl, `error parsing URL ${rest}: ${split}`);
    return 400;
  }
  const target = targetOf(r, split.path, state, by);
  if (typeof target === 'number') return target;
  const port = split.port === undefined || split.port === defaultPortOf(scheme) ? '' : `:${split.port}`;
  r.filename = `proxy:${scheme}://${bracketHost(split.host)}${port}/${target}`;
  return OK;
}

/** Path and query as they go on, or the status that refuses them. */
function targetOf(r: Request, path: string, state: ProxyState, by: CanonicalBy): string | number {
  // As the client sent it, the query included (nocanon, forward proxies); or without it (mapping=encoded).
  const hasQuery = state.isNocanon || r.proxyRequest === 'forward';
  const isRaw = hasQuery || state.isNoencode;
  const query = hasQuery ? undefined : r.args;
  let encoded: string | undefined = path;
  if (isRaw) {
    if (refusesInvisible(r, path, by.module, by.badPath, 'path')) return 403;
  } else {
    encoded = encodePath(path, coreDir(r).allowEncodedSlashes === 'nodecode');
    if (encoded === undefined) return 400;
  }
  if (query === undefined) return encoded;
  if (refusesInvisible(r, query, by.module, by.badQuery, 'query string')) return 403;
  return `${encoded}?${query}`;
}
