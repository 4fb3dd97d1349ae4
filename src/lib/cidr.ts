import { isIPv4, isIPv6 } from 'node:net';

/** Why an address or mask was refused, as apr_ipsubnet_create() answers. */
export class CidrError extends Error {
  override readonly name = 'CidrError';
  readonly code: 'EINVAL' | 'EBADIP' | 'EBADMASK';

  constructor(code: 'EINVAL' | 'EBADIP' | 'EBADMASK') {
    super(MESSAGES[code]);
    this.code = code;
  }
}

/** The texts of apr_strerror(). EINVAL means: this does not look like an address at all (but may be a host name). */
const MESSAGES = {
  EINVAL: 'Invalid argument',
  EBADIP: 'The specified IP address is invalid.',
  EBADMASK: 'The specified network mask is invalid.',
} as const;

/** An IP address: four bytes for IPv4 (also where it came mapped into IPv6), sixteen for IPv6. */
export type IpAddress = Uint8Array;

/** An address as sockets give it; null for anything else. A zone (`%eth0`) is dropped. */
export function parseIpAddress(text: string): IpAddress | null {
  if (isIPv4(text)) return parseDotted(text);
  const percent = text.indexOf('%');
  const plain = percent < 0 ? text : text.slice(0, percent);
  if (!isIPv6(plain)) return null;
  const bytes = parseIpv6(plain);
  return isMapped(bytes) ? bytes.subarray(12) : bytes;
}

/** Addresses under a mask. */
export class IpSubnet {
  readonly #network: Uint8Array;
  readonly #mask: Uint8Array;

  constructor(address: Uint8Array, mask: Uint8Array) {
    this.#network = address.map((byte, i) => byte & (mask[i] ?? 0));
    this.#mask = mask;
  }

  /** apr_ipsubnet_test(): an IPv4-mapped address counts as IPv4; families never match each other. */
  matches(address: IpAddress): boolean {
    const mask = this.#mask;
    if (address.length !== mask.length) return false;
    for (let i = 0; i < mask.length; i++) {
      if (((address[i] as number) & (mask[i] as number)) !== this.#network[i]) return false;
    }
    return true;
  }
}

/**
 * apr_ipsubnet_create(): a full IPv4 or IPv6 address, with or without a mask (a number of bits or, for IPv4, a
 * dotted mask), or the first bytes of an IPv4 address (`10.1`), which takes no mask.
 * @throws CidrError
 */
export function createIpSubnet(address: string, mask?: string): IpSubnet {
  const dotted = /^[0-9.]*$/.test(address);
  if (!dotted && !address.includes(':')) throw new CidrError('EINVAL');
  if (isDotted(address)) return new IpSubnet(parseDotted(address), readMask(mask, 4));
  // inet_pton() knows no zones; mapped addresses are refused as networks.
  if (isIPv6(address) && !address.includes('%')) {
    const bytes = parseIpv6(address);
    if (isMapped(bytes)) throw new CidrError('EBADIP');
    return new IpSubnet(bytes, readMask(mask, 16));
  }
  const partial = mask === undefined && dotted ? readPartial(address) : undefined;
  if (partial === undefined) throw new CidrError('EBADIP');
  return partial;
}

/**
 * `Require ip` and its like: an address and perhaps `/mask` behind it.
 * @throws CidrError with httpd's sentence: `ip address '10.1/16' appears to be invalid: ...`
 */
export function parseSubnet(text: string): IpSubnet {
  const slash = text.indexOf('/');
  try {
    return slash < 0 ? createIpSubnet(text) : createIpSubnet(text.slice(0, slash), text.slice(slash + 1));
  } catch (error) {
    if (error instanceof CidrError) {
      const detail = error.code === 'EINVAL' ? '' : `: ${error.message}`;
      error.message = `ip address '${text}' appears to be invalid${detail}`;
    }
    throw error;
  }
}

/** Four numbers; unlike node:net's isIPv4() leading zeros are fine. */
function isDotted(text: string): boolean {
  return /^[0-9]+(?:\.[0-9]+){3}$/.test(text) && parseParts(text).every((part) => part < 256);
}

const parseParts = (text: string): number[] => text.split('.').map(Number);

function parseDotted(text: string): Uint8Array {
  return Uint8Array.from(parseParts(text));
}

function parseIpv6(text: string): Uint8Array {
  const dots = /^(.*:)([0-9.]+)$/.exec(text);
  let plain = text;
  if (dots?.[2]?.includes('.')) {
    const [a = 0, b = 0, c = 0, d = 0] = parseDotted(dots[2]);
    plain = `${dots[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = plain.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]));
}

/** ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 255 && bytes[11] === 255 && bytes.subarray(0, 10).every((byte) => byte === 0);
}

function readMask(mask: string | undefined, bytes: 4 | 16): Uint8Array {
  if (mask === undefined) return new Uint8Array(bytes).fill(255);
  if (bytes === 4 && isDotted(mask)) return parseDotted(mask);
  // strtol(): blanks and a sign may stand in front.
  const bits = /^[ \t-\r]*\+?([0-9]+)$/.exec(mask)?.[1];
  const count = Number(bits ?? 0);
  if (count < 1 || count > bytes * 8) throw new CidrError('EBADMASK');
  return Uint8Array.from(
    { length: bytes },
    (_, i) => 255 & ~(255 >> Math.min(8, Math.max(0, count - 8 * i))),
  );
}

/** `10.`, `10.1`, `10.1.2.`: whole bytes from the left, as apr reads a network. */
function readPartial(text: string): IpSubnet | undefined {
  const parts = text.replace(/\.$/, '').split('.');
  if (parts.length > 4 || parts.some((part) => part === '' || Number(part) > 255)) return undefined;
  const address = new Uint8Array(4);
  const mask = new Uint8Array(4);
  parts.forEach((part, i) => {
    address[i] = Number(part);
    mask[i] = 255;
  });
  return new IpSubnet(address, mask);
}
