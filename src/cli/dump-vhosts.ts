/** `-D DUMP_VHOSTS`: the virtual hosts by address (dump_vhost_config of server/vhost.c). */
import { isIPv4 } from 'node:net';
import type { Configuration } from '../core/configuration.ts';
import type { AddressServers } from '../core/vhosts.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { httpdLine } from '../diagnostics/render.ts';

export function vhostsText(configuration: Configuration): string {
  const place = new Map(configuration.virtualServers.map((server, index) => [server, index]));
  const entries = [...configuration.vhosts.all].map(([address, servers]) => ({
    address,
    servers,
    bucket: bucketOf(address),
    // httpd adds servers in reverse and puts a new address in front.
    last: Math.max(...servers.servers.map((server) => place.get(server) ?? 0)),
  }));
  entries.sort((a, b) => a.bucket - b.bucket || a.last - b.last);
  return `VirtualHost configuration:\n${entries.map(({ address, servers }) => addressText(address, servers)).join('')}`;
}

function addressText(address: string, { first, servers }: AddressServers): string {
  const head = address.padEnd(22);
  if (servers.length === 1) return `${head} ${named(first)}\n`;
  const port = address.slice(address.lastIndexOf(':') + 1);
  const indent = ' '.repeat(8);
  let text = `${head} is a NameVirtualHost\n${indent} default server ${named(first)}\n`;
  for (const server of servers) {
    text += `${indent} port ${port} namevhost ${named(server)}\n`;
    for (const alias of server.aliases) text += `${indent}${indent} alias ${alias}\n`;
    for (const alias of server.wildAliases) text += `${indent}${indent} wild alias ${alias}\n`;
  }
  return text;
}

function named({ hostname, definedAt }: VirtualServer): string {
  const place = definedAt === undefined ? '' : ` (${definedAt.source.name}:${httpdLine(definedAt)})`;
  return hostname + place;
}

/** Wildcards come behind all single addresses. */
const LAST_BUCKET = 256;

/** The place of an address in httpd's table, which is printed from end to end (hash_addr of server/vhost.c, on a little-endian machine). */
function bucketOf(address: string): number {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  if (host === '*') return LAST_BUCKET;
  const [a = 0, b = 0, c = 0, d = 0] = lastFourBytes(host);
  return a ^ b ^ c ^ d;
}

function lastFourBytes(host: string): readonly number[] {
  const dotted = /[\d.]+$/.exec(host)?.[0] ?? '';
  if (isIPv4(dotted)) return dotted.split('.').map(Number);
  const groups = host.split(':').slice(-2);
  return groups.flatMap((group) => {
    const value = Number.parseInt(group === '' ? '0' : group, 16);
    return [value >> 8, value & 0xff];
  });
}
