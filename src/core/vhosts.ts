/**
 * Which server answers: by the connection's local address, then by name, then the first (server/vhost.c). Names are looked up in one map per
 * address, so that ten thousand virtual hosts cost what one does.
 */
import { asciiLower } from '../lib/ascii.ts';
import { strcmpMatch } from '../lib/fnmatch/index.ts';
import type { VirtualServer } from './virtual-server.ts';

/** The servers of one address and port, in the order of the text. */
export interface AddressServers {
  readonly first: VirtualServer;
  /** All of them: for ServerPath and for -S. */
  readonly servers: readonly VirtualServer[];
  /** Exact names, lower case: the first server that has the name, and its place in the order. */
  readonly names: ReadonlyMap<string, { readonly server: VirtualServer; readonly order: number }>;
  /** Names with wildcards, in order. */
  readonly wildcards: readonly {
    readonly pattern: string;
    readonly server: VirtualServer;
    readonly order: number;
  }[];
}

export interface VhostTable {
  /** Servers of exactly `ip:port` or `ip:*`, before those of `*:port` and `*:*`; undefined: only the main server. */
  find(localAddress: string, port: number): AddressServers | undefined;
  /** Every address in use with its servers, for -S; wildcards as `*`. */
  readonly all: ReadonlyMap<string, AddressServers>;
}

/** A virtual server with the textual IP addresses it is for; `ip` undefined: any, port 0: any. */
export interface AddressedServer {
  readonly server: VirtualServer;
  readonly hosts: readonly { readonly ip: string | undefined; readonly port: number }[];
}

/** Builds the table of virtual servers, in the order of the text. */
export function buildVhostTable(servers: readonly AddressedServer[]): VhostTable {
  const lists = new Map<string, VirtualServer[]>();
  for (const { server, hosts } of servers) {
    for (const { ip, port } of hosts) {
      const key = keyOf(ip, port);
      const list = lists.get(key);
      if (list === undefined) lists.set(key, [server]);
      else if (list[list.length - 1] !== server) list.push(server);
    }
  }
  const all = new Map<string, AddressServers>();
  for (const [key, list] of lists) all.set(key, indexNames(list));
  return {
    all,
    find: (address, port) =>
      all.get(keyOf(address, port)) ??
      all.get(keyOf(address, 0)) ??
      all.get(keyOf(undefined, port)) ??
      all.get(keyOf(undefined, 0)),
  };
}

function keyOf(ip: string | undefined, port: number): string {
  const host = ip === undefined ? '*' : ip.includes(':') ? `[${ip}]` : ip;
  return `${host}:${port === 0 ? '*' : port}`;
}

function indexNames(servers: readonly VirtualServer[]): AddressServers {
  const names = new Map<string, { server: VirtualServer; order: number }>();
  const wildcards: { pattern: string; server: VirtualServer; order: number }[] = [];
  servers.forEach((server, order) => {
    for (const name of [server.hostname.toLowerCase(), ...server.aliases]) {
      if (name !== '' && !names.has(name)) names.set(name, { server, order });
    }
    for (const pattern of server.wildAliases) wildcards.push({ pattern, server, order });
  });
  return { first: servers[0] as VirtualServer, servers, names, wildcards };
}

/** The server of a name, without a dot at its end and in lower case; the first one when none has it. */
export function serverByName(address: AddressServers, name: string): VirtualServer | undefined {
  const exact = address.names.get(name);
  for (const wildcard of address.wildcards) {
    if (exact !== undefined && exact.order <= wildcard.order) break;
    if (strcmpMatch(name, wildcard.pattern)) return wildcard.server;
  }
  return exact?.server;
}

/**
 * Whether host and port of a URL are those of a server: one of its addresses as written, or one of its names when ServerName has that port
 * (ap_matches_request_vhost). A port that ServerName does not say is none.
 */
export function isServersOwn(server: VirtualServer, host: string, port: number): boolean {
  const name = asciiLower(host);
  // The main server's address has no name, and any port.
  if (name === '' && !server.isVirtual) return true;
  for (const address of server.addresses) {
    if ((address.port === 0 || address.port === port) && address.name === name) return true;
  }
  if (port !== server.port) return false;
  return (
    asciiLower(server.hostname) === name ||
    server.aliases.includes(name) ||
    server.wildAliases.some((pattern) => strcmpMatch(name, pattern))
  );
}

/** The server whose ServerPath a request without a Host begins with (check_serverpath). */
export function serverByPath(address: AddressServers, uri: string): VirtualServer | undefined {
  return address.servers.find(({ legacyPath }) => {
    if (legacyPath === undefined || !uri.startsWith(legacyPath)) return false;
    const next = uri.charCodeAt(legacyPath.length);
    return legacyPath.endsWith('/') || next === 0x2f || Number.isNaN(next);
  });
}
