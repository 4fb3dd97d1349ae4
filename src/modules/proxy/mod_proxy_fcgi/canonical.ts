/** The canonical file name of a FastCGI request, and its PATH_INFO (mod_proxy_fcgi.c: proxy_fcgi_canon). */
import { coreDir } from '../../../core/core-config.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { OK } from '../../../core/status.ts';
import { decodePath } from '../../../http/uri.ts';
import type { ProxyState } from '../shared/scheme.ts';
import { bracketHost, defaultPortOf, encodePath, splitAuthority } from '../shared/url.ts';

const DEFAULT_PORT = defaultPortOf('fcgi');
const PATHINFO = 'proxy-fcgi-pathinfo';

/** What must not be in a path that goes on unescaped: PHP-FPM would take `?` for the start of a query. */
const FORBIDDEN_FPM = /[\x00-\x1f\x7f?]/;
const FORBIDDEN_GENERIC = /[\x00-\x1f\x7f]/;

/** @param rest what stands behind `fcgi:`. */
export function canonicaliseFcgi(r: Request, rest: string, state: ProxyState, isFpm: boolean): number {
  const split = splitAuthority(rest);
  if (typeof split === 'string') {
    logRequest(r, 'proxy_fcgi', Level.error, 'AH01059', `error parsing URL ${rest}: ${split}`);
    return 400;
  }
  const path = pathOf(r, split.path, state, isFpm);
  if (typeof path === 'number') return path;
  const port = split.port === undefined || split.port === DEFAULT_PORT ? '' : `:${split.port}`;
  r.filename = `proxy:fcgi://${bracketHost(split.host)}${port}/${path}`;
  const mode = r.getEnv(PATHINFO);
  if (mode !== undefined) r.pathInfo = pathInfoOf(path, mode) ?? r.pathInfo;
  return OK;
}

/** The path as it goes on, or the status that refuses it. */
function pathOf(r: Request, path: string, state: ProxyState, isFpm: boolean): string | number {
  if (state.isSetHandler || state.isNocanon || state.isNoencode) {
    if (!(isFpm ? FORBIDDEN_FPM : FORBIDDEN_GENERIC).test(path)) return path;
    const also = isFpm ? " or '?'" : '';
    const message = `To be forwarded path contains control characters${also} (${path})`;
    logRequest(r, 'proxy_fcgi', Level.error, 'AH10414', message);
    return 403;
  }
  return encodePath(path, coreDir(r).allowEncodedSlashes === 'nodecode') ?? 400;
}

/** PATH_INFO by proxy-fcgi-pathinfo; undefined: the variable does not change it. */
export function pathInfoOf(path: string, mode: string): string | undefined {
  switch (mode.toLowerCase()) {
    case 'full':
      // The path is looked for on the disk when the request is sent, see `walkForPathInfo`.
      return undefined;
    case 'first-dot':
      return behindDot(path, path.indexOf('.'));
    case 'last-dot':
      return behindDot(path, path.lastIndexOf('.'));
    case 'unescape':
      return `/${unescapePath(path)}`;
    default:
      return `/${path}`;
  }
}

/** What stands behind the path component with the dot. */
function behindDot(path: string, dot: number): string | undefined {
  const slash = dot < 0 ? -1 : path.indexOf('/', dot);
  return slash < 0 ? undefined : unescapePath(path.slice(slash));
}

function unescapePath(path: string): string {
  return decodePath(path, 'keep').path;
}

/** Whether PATH_INFO is what the disk does not know of the URL's path (`full`). */
export function wantsDirectoryWalk(r: Request): boolean {
  return r.getEnv(PATHINFO)?.toLowerCase() === 'full';
}
