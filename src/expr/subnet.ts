/** Addresses and subnets as apr_ipsubnet_create and apr_ipsubnet_test read them, for -ipmatch and -R. */
import { isIPv6 } from 'node:net';

const V4_BITS = 32;
const V6_BITS = 128;
const WORD_BITS = 32;
const GROUP_BITS = 16;
const MAX_OCTET = 255;

/** An address as big-endian 32-bit words: one for IPv4, four for IPv6. */
type Address = readonly number[];

export interface Subnet {
  readonly words: Address;
  readonly mask: Address;
}

const OCTETS = /^\s*\d+(?:\.\d+){0,3}\.?$/;

/** `127`, `127.`, `10.1`, `10.1.2.3`: the given octets and a mask that covers them. */
const parseNetwork = (text: string): Subnet | undefined => {
  if (!OCTETS.test(text) || text !== text.trimStart()) return undefined;
  const octets = text.replace(/\.$/, '').split('.').map(Number);
  if (octets.some((octet) => octet > MAX_OCTET)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return { words: [((a << 24) | (b << 16) | (c << 8) | d) >>> 0], mask: maskOf(octets.length * 8, V4_BITS) };
};

const maskOf = (bits: number, total: number): Address => {
  const words: number[] = [];
  for (let left = bits, done = 0; done < total; done += WORD_BITS, left -= WORD_BITS) {
    if (left >= WORD_BITS) words.push(0xffffffff);
    else words.push(left <= 0 ? 0 : (0xffffffff << (WORD_BITS - left)) >>> 0);
  }
  return words;
};

const parseQuad = (text: string): Address | undefined => {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  if (octets.some((octet) => octet > MAX_OCTET)) return undefined;
  return [octets.reduce((word, octet) => ((word << 8) | octet) >>> 0, 0)];
};

const parseV6 = (text: string): Address | undefined => {
  if (text.includes('%') || !isIPv6(text)) return undefined;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const [quad = 0] = (dotted?.[2] && parseQuad(dotted[2])) || [];
  const plain = dotted
    ? `${dotted[1]}${(quad >>> GROUP_BITS).toString(16)}:${(quad & 0xffff).toString(16)}`
    : text;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  const words: number[] = [];
  for (let at = 0; at < 8; at += 2) words.push((((all[at] ?? 0) << GROUP_BITS) | (all[at + 1] ?? 0)) >>> 0);
  return words;
};

const isMapped = (words: Address): boolean => words[0] === 0 && words[1] === 0 && words[2] === 0xffff;

/** `address`, `address/bits`, `address/netmask` or leading octets; `undefined` when it is none of them. */
export const parseSubnet = (text: string): Subnet | undefined => {
  const slash = text.indexOf('/');
  if (slash < 0) {
    const network = parseNetwork(text);
    if (network !== undefined) return network;
  }
  const host = slash < 0 ? text : text.slice(0, slash);
  const words = parseQuad(host) ?? parseV6(host);
  // apr refuses IPv4-mapped IPv6 addresses here: they would never match.
  if (words === undefined || isMapped(words)) return undefined;
  const total = words.length === 1 ? V4_BITS : V6_BITS;
  const mask = slash < 0 ? maskOf(total, total) : parseMask(text.slice(slash + 1), total);
  return mask && { words: words.map((word, at) => (word & (mask[at] ?? 0)) >>> 0), mask };
};

const parseMask = (text: string, total: number): Address | undefined => {
  // strtol reads the number: blanks and a plus sign may stand before it.
  if (/^\s*\+?\d+$/.test(text)) {
    const bits = Number(text);
    if (bits > 0 && bits <= total) return maskOf(bits, total);
    return undefined;
  }
  return total === V4_BITS ? parseQuad(text) : undefined;
};

/** inet_aton's forms, since getaddrinfo takes them: `127.1`, `0x7f.1`, `2130706433`. */
const parseLooseV4 = (text: string): Address | undefined => {
  const parts = text.split('.');
  if (parts.length > 4 || !parts.every((part) => /^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/.test(part)))
    return undefined;
  const values = parts.map((part) => (/^0[0-7]+$/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const last = values.pop() as number;
  if (values.some((value) => value > MAX_OCTET) || last >= 256 ** (4 - values.length)) return undefined;
  return [values.reduce((sum, value, at) => sum + value * 256 ** (3 - at), last)];
};

/**
 * Whether the address lies in the subnet. An IPv4-mapped IPv6 address counts as its IPv4 address, a zone (`%eth0`) is
 * ignored. httpd would look up a host name in the DNS here; a name never matches in ours.
 */
export const isInSubnet = (subnet: Subnet, address: string): boolean => {
  const parsed = parseLooseV4(address) ?? parseV6(address.replace(/%.*$/s, ''));
  if (parsed === undefined) return false;
  const words =
    parsed.length === 4 && subnet.words.length === 1 && isMapped(parsed) ? parsed.slice(3) : parsed;
  if (words.length !== subnet.words.length) return false;
  return words.every((word, at) => (word & (subnet.mask[at] ?? 0)) >>> 0 === subnet.words[at]);
};
