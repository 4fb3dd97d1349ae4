/** Addresses as Listen and VirtualHost write them (apr_parse_addr_port, get_addresses of server/vhost.c). */
import { isIP, isIPv6 } from 'node:net';
import type { ServerAddress } from '../../core/virtual-server.ts';
import { asciiLower } from '../../lib/ascii.ts';

/** Host and port of `host:port`, `[v6]:port`, `host`, `*:port`, `:port` or a bare port; a text says what is wrong. */
export function splitHostPort(word: string): { host: string | undefined; port: string | undefined } | string {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(word);
  if (bracketed !== null) {
    const host = bracketed[1] ?? '';
    if (!isIPv6(host.replace(/%.*$/, ''))) return `Invalid address or port`;
    return { host, port: bracketed[2] };
  }
  const colon = word.lastIndexOf(':');
  if (colon < 0) return { host: word, port: undefined };
  if (isIPv6(word)) return 'Invalid address or port';
  return { host: colon === 0 ? undefined : word.slice(0, colon), port: word.slice(colon + 1) };
}

/** A port number 1 to 65535, or undefined. */
export function parsePort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}

/** A VirtualHost's address; port 0 for every port. */
export function parseAddress(word: string): ServerAddress | string {
  const lower = asciiLower(word);
  if (lower === '*' || lower === '_default_') return { text: word, name: lower, host: undefined, port: 0 };
  if (/^\d+$/.test(word))
    return parsePort(word) === undefined
      ? 'The address or port is invalid'
      : 'Missing address for VirtualHost';
  const split = splitHostPort(word);
  if (typeof split === 'string' || split.host === undefined) return 'The address or port is invalid';
  const { host, port } = split;
  let number = 0;
  if (port !== undefined && port !== '*') {
    // What is no number belongs to the name, which will not be found; a number that is no port is refused.
    if (!/^\d+$/.test(port)) return { text: word, name: lower, host: word, port: 0 };
    const parsed = parsePort(port);
    if (parsed === undefined) return 'The address or port is invalid';
    number = parsed;
  }
  const name = asciiLower(host);
  const isAny = name === '*' || name === '_default_';
  return { text: word, name, host: isAny ? undefined : host, port: number };
}

/** Whether a host is a literal IP address. */
export function isLiteralAddress(host: string): boolean {
  return isIP(host) !== 0;
}
