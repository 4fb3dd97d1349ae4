/** Whether the `uri` a client has hashed means the URL it asks for, though it is written in another way (RFC 7616 section 3.4.6). */

import type { Request } from '../../../core/request.ts';
import { defaultPort, serverName, serverPort } from '../../../core/server-identity.ts';
import { parseTarget } from '../../../http/uri.ts';

export type UriMatch = 'same' | 'other' | 'invalid';

interface PathAndQuery {
  /** Undefined where nothing stands between authority and query. */
  readonly path: string | undefined;
  readonly query: string | undefined;
}

export function splitUri(uri: string): PathAndQuery {
  const rest = uri.replace(/^(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/[^/?#]*/, '').replace(/#.*$/s, '');
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return { path: path === '' ? undefined : path, query: mark < 0 ? undefined : rest.slice(mark + 1) };
}

/** Escapes decoded; what is none stays. */
export function decoded(text: string | undefined): string | undefined {
  return text?.replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** `r`: the request the client sent. */
export function matchUri(r: Request, uri: string): UriMatch {
  if (uri === r.unparsedUri) return 'same';
  const target = parseTarget(uri, 'GET');
  if (target === null) return 'invalid';
  const { hostname } = target;
  if (r.method === 'CONNECT') return 'other';
  const port = serverPort(r);
  if (hostname !== undefined && hostname !== '') {
    if (decoded(hostname)?.toLowerCase() !== (r.absoluteAuthority ?? serverName(r)).toLowerCase())
      return 'other';
    if (target.port === undefined && port !== defaultPort(r)) return 'other';
  }
  if (target.port !== undefined && target.port !== port) return 'other';
  const sent = splitUri(uri);
  return isSamePath(r, decoded(sent.path)) && isSameQuery(r, sent.query) ? 'same' : 'other';
}

function isSamePath(r: Request, path: string | undefined): boolean {
  const own = r.unparsedUri.includes('/', r.unparsedUri.indexOf('//') + 2) ? r.rawPath : undefined;
  // `*` stands for what has no path: OPTIONS of the whole server by an absolute URL.
  if (r.absoluteAuthority !== undefined && own === undefined) return path === undefined || path === '*';
  return path === decoded(r.rawPath);
}

function isSameQuery(r: Request, query: string | undefined): boolean {
  // Old clients leave the query out; BrowserMatch tells them by this variable.
  if (query === undefined && r.getEnv('AuthDigestEnableQueryStringHack') !== undefined) return true;
  return decoded(query) === decoded(r.args);
}
