/** Backend URLs as mod_proxy reads and writes them (proxy_util.c: ap_proxy_canon_netloc, ap_proxy_canonenc_ex, ap_proxy_de_socketfy). */
import { isIPv6 } from 'node:net';
import type { BackendAddress } from '../../../backend/connect.ts';
import { ownCopy } from '../../../http/bytes.ts';
import { Memo } from '../../../lib/memo.ts';

/** Ports of schemes that name none (pscheme_defaultports, then apr_uri's). */
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  fcgi: 8000,
  ajp: 8009,
  scgi: 4000,
  uwsgi: 3031,
  http: 80,
  https: 443,
  ws: 80,
  wss: 443,
  h2: 443,
  h2c: 80,
  ftp: 21,
};

export function defaultPortOf(scheme: string): number {
  return DEFAULT_PORTS[scheme] ?? 0;
}

/** `unix:/path|scheme://...`, taken apart; `socket` undefined when the text names none. */
export interface SocketUrl {
  readonly socket: string | undefined;
  readonly url: string;
}

/** Splits off the unix socket. Undefined: nothing stands behind the `|` (ap_proxy_de_socketfy). */
export function splitSocket(text: string): SocketUrl | undefined {
  if (!/^unix:/i.test(text)) return { socket: undefined, url: text };
  const bar = text.indexOf('|', 5);
  if (bar < 0) return { socket: undefined, url: text };
  const url = text.slice(bar + 1);
  // Behind a socket only its scheme need be said: "unix:/path|http:" is "http://localhost".
  if (/^[A-Za-z][A-Za-z0-9+.-]*:$/.test(url)) return { socket: text.slice(5, bar), url: `${url}//localhost` };
  return url === '' ? undefined : { socket: text.slice(5, bar), url };
}

/** Host and port of a URL, and the path behind them without its first slash. */
export interface Netloc {
  /** Lower case, without brackets. */
  readonly host: string;
  /** undefined: not said. */
  readonly port: number | undefined;
}

const KEPT = 512;
const netlocs = new Memo<Netloc | null>(KEPT);

/** Parses `user@host:port`, `[::1]:port`; null where httpd says "Invalid host/port". Few are in use, so they are remembered. */
export function parseNetloc(authority: string): Netloc | null {
  const known = netlocs.get(authority);
  if (known !== undefined) return known;
  const own = ownCopy(authority);
  const netloc = readNetloc(own);
  netlocs.set(own, netloc);
  return netloc;
}

function readNetloc(authority: string): Netloc | null {
  const text = authority.slice(authority.lastIndexOf('@') + 1);
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(text);
  if (bracketed !== null) {
    const host = bracketed[1] ?? '';
    return isIPv6(host) ? withPort(host.toLowerCase(), bracketed[2]) : null;
  }
  // apr_parse_addr_port(): digits at the end behind the last colon are a port; whatever else is the host's name.
  const ported = /^(.*):(\d+)$/s.exec(text);
  const host = ported?.[1] ?? text;
  return host === '' ? null : withPort(host.toLowerCase(), ported?.[2]);
}

function withPort(host: string, digits: string | undefined): Netloc | null {
  if (digits === undefined) return { host, port: undefined };
  const port = Number(digits);
  return port >= 1 && port <= 65535 ? { host, port } : null;
}

/** A host as it stands in a URL. */
export function bracketHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export interface AuthorityAndPath extends Netloc {
  /** Behind the slash that ends the authority. */
  readonly path: string;
}

/** Splits what follows `scheme:`; a text instead says what is wrong with it, in httpd's words. */
export function splitAuthority(rest: string): AuthorityAndPath | string {
  if (!rest.startsWith('//')) return 'Malformed URL';
  const slash = rest.indexOf('/', 2);
  const netloc = parseNetloc(slash < 0 ? rest.slice(2) : rest.slice(2, slash));
  if (netloc === null) return 'Invalid host/port';
  return { host: netloc.host, port: netloc.port, path: slash < 0 ? '' : rest.slice(slash + 1) };
}

const addresses = new Memo<BackendAddress>(KEPT);

/** The address of an authority in canonical form; the same object for the same one, so that pools are found by identity. */
export function tcpAddress(authority: string, defaultPort: number): BackendAddress {
  const key = `${defaultPort} ${authority}`;
  return remember(key, () => {
    const text = authority.slice(authority.lastIndexOf('@') + 1);
    const match = /^(?:\[(.*)\]|(.*?))(?::(\d+))?$/s.exec(text);
    const host = match?.[1] ?? match?.[2] ?? text;
    return { kind: 'tcp', host, port: match?.[3] === undefined ? defaultPort : Number(match[3]) };
  });
}

/** The same address as the way to a server behind the proxy there. @param authority of the server. */
export function tunnelAddress(
  proxy: BackendAddress,
  authority: string,
  credentials: string | undefined,
): BackendAddress {
  if (proxy.kind === 'unix') return proxy;
  const key = `${addressKey(proxy)} ${authority} ${credentials ?? ''}`;
  return remember(key, () => ({ ...proxy, behind: { authority, credentials } }));
}

export function unixAddress(path: string): BackendAddress {
  return remember(path, () => ({ kind: 'unix', path }));
}

function remember(key: string, make: () => BackendAddress): BackendAddress {
  let address = addresses.get(key);
  if (address === undefined) {
    address = make();
    addresses.set(key, address);
  }
  return address;
}

export function addressKey(address: BackendAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const { behind } = address;
  const way = behind === undefined ? '' : ` ${behind.authority} ${behind.credentials ?? ''}`;
  return `${address.host}:${address.port}${way}`;
}

const PATH_UNSAFE = /[^A-Za-z0-9~$\-_.+!*'(),;:@&=/]/;
const PATH_UNSAFE_ALL = /[^A-Za-z0-9~$\-_.+!*'(),;:@&=/]/g;

function percentUpper(char: string): string {
  const hex = (char.charCodeAt(0) & 0xff).toString(16).toUpperCase();
  return hex.length === 1 ? `%0${hex}` : `%${hex}`;
}

/**
 * A decoded path, encoded again for a backend (ap_proxy_canonenc_ex for paths of reverse proxies).
 * @param keepsEncodedSlashes the path still holds `%2F` where the client sent it (AllowEncodedSlashes NoDecode): these stay, while any other `%`
 *   is encoded like the rest. Undefined: a `%` that begins no escape.
 */
export function encodePath(path: string, keepsEncodedSlashes: boolean): string | undefined {
  if (!PATH_UNSAFE.test(path)) return path;
  if (!keepsEncodedSlashes) return path.replace(PATH_UNSAFE_ALL, percentUpper);
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return undefined;
  return path.replace(/%2[Ff]|[^A-Za-z0-9~$\-_.+!*'(),;:@&=/]/g, (text) =>
    text.length === 3 ? text : percentUpper(text),
  );
}
