/** Canonical URLs of backends that are asked for a path: what the canon handlers of mod_proxy_scgi, mod_proxy_uwsgi and mod_proxy_ajp have in common. */
import { coreDir } from '../../../core/core-config.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { bracketHost, defaultPortOf, encodePath, splitAuthority } from './url.ts';

export interface CanonicalScheme {
  readonly scheme: string;
  /** Of the log lines. */
  readonly module: string;
  /** Log number of a URL that cannot be read. */
  readonly badUrl: string;
  /** Log number of a path that must not go on as it is. */
  readonly badPath: string;
}

export interface CanonicalUrl {
  /** `scheme://host:port` without a port that goes without saying. */
  readonly origin: string;
  /** Behind the origin and a slash. */
  readonly path: string;
}

/** What no request line may hold (ap_scan_vchar_obstext). */
const INVISIBLE = /[\x00-\x20\x7f]/;

/** Whether a path or query that goes on as it came must not, which is logged then: 403. */
export function refusesInvisible(
  r: Request,
  text: string,
  module: string,
  tag: string,
  what: 'path' | 'query string',
): boolean {
  if (!INVISIBLE.test(text)) return false;
  const message = `To be forwarded ${what} contains control characters or spaces`;
  logRequest(r, module, Level.error, tag, message);
  return true;
}

/**
 * @param rest what stands behind `scheme:`.
 * @param isRaw the path goes on as it came.
 * @param isSetHandler the path is a file's name: a `%` in it is one.
 * @returns or the status to answer with.
 */
export function canonicalUrl(
  r: Request,
  rest: string,
  isRaw: boolean,
  { scheme, module, badUrl, badPath }: CanonicalScheme,
  isSetHandler: boolean,
): CanonicalUrl | number {
  const split = splitAuthority(rest);
  if (typeof split === 'string') {
    const slash = rest.indexOf('/', 2);
    const shown = slash < 0 ? rest : rest.slice(0, slash);
    logRequest(r, module, Level.error, badUrl, `error parsing URL ${shown}: ${split}`);
    return 400;
  }
  const { host, port } = split;
  const keepsSlashes = !isSetHandler && coreDir(r).allowEncodedSlashes === 'nodecode';
  const path = isRaw ? split.path : encodePath(split.path, keepsSlashes);
  if (path === undefined) return 400;
  if (isRaw && refusesInvisible(r, path, module, badPath, 'path')) return 403;
  const suffix = port === undefined || port === defaultPortOf(scheme) ? '' : `:${port}`;
  return { origin: `${scheme}://${bracketHost(host)}${suffix}`, path };
}
