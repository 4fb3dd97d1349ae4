/** Subnets of -ipmatch and -R: lib/cidr, and the addresses getaddrinfo() takes. */
import { CidrError, createIpSubnet, type IpAddress, type IpSubnet, parseIpAddress } from '../lib/cidr.ts';

export type Subnet = IpSubnet;

const ADDRESS_BYTES = 4;
const MAX_OCTET = 255;

/** `address`, `address/bits`, `address/netmask` or leading octets; `undefined` when it is none of them. */
export const parseSubnet = (text: string): Subnet | undefined => {
  const slash = text.indexOf('/');
  try {
    return slash < 0 ? createIpSubnet(text) : createIpSubnet(text.slice(0, slash), text.slice(slash + 1));
  } catch (error) {
    if (error instanceof CidrError) return undefined;
    throw error;
  }
};

/** inet_aton's forms: `127.1`, `0x7f.1`, `2130706433`. */
const parseLooseV4 = (text: string): IpAddress | null => {
  const parts = text.split('.');
  const isNumber = (part: string): boolean => /^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/.test(part);
  if (parts.length > ADDRESS_BYTES || !parts.every(isNumber)) return null;
  const values = parts.map((part) => (/^0[0-7]+$/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const last = values.pop() as number;
  if (values.some((value) => value > MAX_OCTET) || last >= 256 ** (ADDRESS_BYTES - values.length))
    return null;
  const bytes = new Uint8Array(ADDRESS_BYTES);
  new DataView(bytes.buffer).setUint32(0, last);
  bytes.set(values);
  return bytes;
};

/**
 * Whether the address lies in the subnet. httpd would look a host name up in the DNS here; a name never matches in
 * ours.
 */
export const isInSubnet = (subnet: Subnet, address: string): boolean => {
  const parsed = parseIpAddress(address) ?? parseLooseV4(address);
  return parsed !== null && subnet.matches(parsed);
};
