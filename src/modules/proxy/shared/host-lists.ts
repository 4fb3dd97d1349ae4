/** Lists of hosts: those reached without another proxy (NoProxy), and those not reached at all (ProxyBlock). */
import { isIP } from 'node:net';
import { parseIpAddress } from '../../../lib/cidr.ts';
import { addressesOf } from './addresses.ts';

const DOT = 0x2e;

/** One name of NoProxy (struct dirconn_entry of mod_proxy.h). */
export type DirectHost =
  | { readonly kind: 'subnet'; readonly network: number; readonly mask: number }
  | { readonly kind: 'domain'; readonly name: string }
  | { readonly kind: 'host'; readonly name: string }
  | { readonly kind: 'word'; readonly name: string };

/** Reads a word of NoProxy (set_proxy_dirconn): an IPv4 address or network, a domain with its dot, a host, else a part of names. */
export function directHost(text: string): DirectHost {
  const subnet = readSubnet(text);
  if (subnet !== undefined) return { kind: 'subnet', ...subnet };
  const lower = text.toLowerCase();
  if (/^\.[-a-z0-9.]*$/.test(lower)) return { kind: 'domain', name: withoutDots(lower) };
  return /^[a-z0-9][-a-z0-9.]*$/.test(lower) ? { kind: 'host', name: lower } : { kind: 'word', name: text };
}

/** `10.1`, `10.1.0.0/16`, `10.1.2.3`: without a number of bits, zeros at the end stand for anything (ap_proxy_is_ipaddr). */
function readSubnet(text: string): { network: number; mask: number } | undefined {
  const match = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?\.?(?:\/(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const quads = match
    .slice(1, 5)
    .filter((quad) => quad !== undefined)
    .map(Number);
  if (quads.some((quad) => quad > 255) || (quads.length === 4 && /\.(?:\/|$)/.test(text))) return undefined;
  let address = 0;
  quads.forEach((quad, i) => {
    address = (address | (quad << (24 - 8 * i))) >>> 0;
  });
  let bits: number;
  if (match[5] !== undefined) {
    bits = Number(match[5]);
    if (bits > 32) return undefined;
  } else {
    let meant = quads.length;
    while (meant > 0 && quads[meant - 1] === 0) meant--;
    if (meant === 0) return undefined;
    bits = 8 * meant;
  }
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return { network: (address & mask) >>> 0, mask };
}

function withoutDots(name: string): string {
  let end = name.length;
  while (name.charCodeAt(end - 1) === DOT) end--;
  return name.slice(0, end);
}

/** Whether one of them means `host`. Names are looked up only where their spelling does not tell. */
export function isDirect(list: readonly DirectHost[], host: string): boolean | Promise<boolean> {
  const name = withoutDots(host.toLowerCase());
  const open: DirectHost[] = [];
  for (const entry of list) {
    const is = isMeant(entry, host, name);
    if (is === true) return true;
    if (is === undefined) open.push(entry);
  }
  return open.length === 0 ? false : lookUp(open, host);
}

/** undefined: DNS must tell. */
function isMeant(entry: DirectHost, host: string, name: string): boolean | undefined {
  switch (entry.kind) {
    case 'subnet':
      return isIP(host) === 0 ? undefined : isInSubnet(entry, host);
    case 'domain':
      return name.length > entry.name.length && name.endsWith(entry.name);
    case 'host':
      if (name === withoutDots(entry.name)) return true;
      // For httpd what has no address is no host, but a part of names.
      return host.includes(entry.name) ? undefined : false;
    case 'word':
      return host.includes(entry.name);
  }
}

async function lookUp(entries: readonly DirectHost[], host: string): Promise<boolean> {
  let addresses: readonly string[] | undefined;
  for (const entry of entries) {
    if (entry.kind === 'host') {
      if ((await addressesOf(entry.name)) === undefined) return true;
    } else if (entry.kind === 'subnet') {
      addresses ??= (await addressesOf(host)) ?? [];
      if (addresses.some((address) => isInSubnet(entry, address))) return true;
    }
  }
  return false;
}

function isInSubnet({ network, mask }: { network: number; mask: number }, address: string): boolean {
  const bytes = parseIpAddress(address);
  if (bytes === null || bytes.length !== 4) return false;
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return (value & mask) >>> 0 === network;
}

/** Why a host is blocked. */
export interface Block {
  readonly kind: 'name' | 'IP';
  /** What of the list matched. */
  readonly matched: string;
}

/** Addresses of listed names, by list: a list is one configuration's. */
const known = new WeakMap<readonly string[], Map<string, Promise<readonly string[] | undefined>>>();

/** Once, as httpd does when it reads the configuration. */
function addressesOfListed(list: readonly string[], name: string): Promise<readonly string[] | undefined> {
  let names = known.get(list);
  if (names === undefined) {
    names = new Map();
    known.set(list, names);
  }
  let addresses = names.get(name);
  if (addresses === undefined) {
    addresses = Promise.resolve(addressesOf(name));
    names.set(name, addresses);
  }
  return addresses;
}

/**
 * Whether ProxyBlock forbids a host (ap_proxy_checkproxyblock2): by a part of its name, `*` for all, or by an address of a host that is listed.
 * @param addresses of the host; none where another proxy looks it up.
 */
export async function blockOf(
  list: readonly string[],
  host: string,
  addresses: readonly string[],
): Promise<Block | undefined> {
  for (const name of list) {
    if (host.includes(name) || name.startsWith('*')) return { kind: 'name', matched: name };
    if (addresses.length === 0) continue;
    const listed = await addressesOfListed(list, name);
    const matched = listed?.find((address) => addresses.includes(address));
    if (matched !== undefined) return { kind: 'IP', matched };
  }
  return undefined;
}
