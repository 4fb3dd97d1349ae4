/** URLs and paths that rules make (is_absolute_uri, escape_absolute_uri, reduce_uri, fully_qualify_uri, subst_prefix_path). */

import { atoi } from '../../../config/values.ts';
import type { Request } from '../../../core/request.ts';
import { constructUrl, defaultPort, requestScheme } from '../../../core/server-identity.ts';
import { isServersOwn } from '../../../core/vhosts.ts';
import { equalsIgnoreCase } from '../../../http/bytes.ts';
import { escapeUri } from '../../../http/escape.ts';
import { asciiLower } from '../../../lib/ascii.ts';

/** Schemes that make a URL absolute, with what follows them, and whether they know query strings. */
const SCHEMES: readonly (readonly [prefix: string, hasQuery: boolean])[] = [
  ['ajp://', true],
  ['balancer://', true],
  ['fcgi://', true],
  ['ftp://', false],
  ['gopher://', false],
  ['http://', true],
  ['https://', true],
  ['h2://', true],
  ['h2c://', true],
  ['ldap://', false],
  ['mailto:', true],
  ['news:', false],
  ['nntp://', false],
  ['scgi://', true],
  ['unix:', true],
  ['ws://', true],
  ['wss://', true],
];
/** Letters that one of them begins with. */
const FIRST_LETTERS = /^[abfghlmnsuw]/i;

export interface Absolute {
  /** Of the scheme and what follows it. */
  readonly length: number;
  readonly hasQuery: boolean;
}

/** Whether a result is a URL with a scheme that is known here; others are paths. */
export function absoluteUri(uri: string): Absolute | undefined {
  if (!FIRST_LETTERS.test(uri)) return undefined;
  const start = asciiLower(uri.slice(0, 11));
  for (const [prefix, hasQuery] of SCHEMES) {
    if (!start.startsWith(prefix)) continue;
    const length = prefix === 'unix:' && start.startsWith('unix://') ? 7 : prefix.length;
    return { length, hasQuery };
  }
  return undefined;
}

/** Escapes a redirect's target behind its host. The parts of an LDAP URL are separated by question marks (RFC 4516). */
export function escapeAbsolute(uri: string, { length }: Absolute): string {
  let path = length;
  if (uri[length - 1] === '/') {
    const slash = uri.indexOf('/', length);
    if (slash < 0 || slash + 1 === uri.length) return uri;
    path = slash + 1;
    if (asciiLower(uri.slice(0, 4)) === 'ldap') {
      const parts = uri.slice(path).split('?');
      const five = [...parts.slice(0, 4), ...(parts.length > 4 ? [parts.slice(4).join('?')] : [])];
      return uri.slice(0, path) + five.map(escapeUri).join('?');
    }
  }
  return uri.slice(0, path) + escapeUri(uri.slice(path));
}

/** A URL of this server for a path. */
export function qualify(r: Request, uri: string): string {
  if (r.method === 'CONNECT' || absoluteUri(uri) !== undefined) return uri;
  return constructUrl(r, uri.startsWith('/') ? uri : `/${uri}`);
}

/** The path of a URL that names this very server; undefined for any other. */
export function reduceUri(r: Request, uri: string): string | undefined {
  const start = requestScheme(r).length + '://'.length;
  if (!equalsIgnoreCase(uri.slice(0, start - 3), requestScheme(r)) || !uri.startsWith('://', start - 3))
    return undefined;
  const slash = uri.indexOf('/', start);
  const authority = uri.slice(start, slash < 0 ? uri.length : slash);
  const colon = authority.indexOf(':');
  const host = colon < 0 ? authority : authority.slice(0, colon);
  const port = colon < 0 ? defaultPort(r) : atoi(authority.slice(colon + 1)) & 0xffff;
  if (!isServersOwn(r.server, host, port)) return undefined;
  return slash < 0 ? '/' : uri.slice(slash);
}

/** Replaces the directory a path begins with; undefined when it is not below it. */
export function replacePrefix(path: string, prefix: string, replacement: string): string | undefined {
  const length = prefix.endsWith('/') ? prefix.length - 1 : prefix.length;
  if (!path.startsWith(prefix.slice(0, length)) || path[length] !== '/') return undefined;
  const rest = path.slice(length + 1);
  const slash = replacement === '' || replacement.endsWith('/') ? '' : '/';
  return replacement + slash + rest;
}
