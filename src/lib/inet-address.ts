/** Addresses as people and proxies write them: what getaddrinfo() takes for numbers, and how inet_ntop() writes them. */
import { type IpAddress, parseIpAddress } from './cidr.ts';

const PART = /^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/;

/** inet_aton(): one to four numbers, decimal, octal or hexadecimal, of which the last fills the bytes that are left. */
export function parseInetAddress(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length > 4 || !parts.every((part) => PART.test(part))) return undefined;
  const numbers = parts.map((part) => (/^0[0-7]/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const last = numbers.pop() as number;
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return undefined;
  const address = new Uint8Array(4);
  numbers.forEach((number, i) => {
    address[i] = number;
  });
  for (let i = 3, rest = last; i >= numbers.length; i--, rest = Math.floor(rest / 256))
    address[i] = rest % 256;
  return address;
}

/** Any address in numbers; undefined for what may be a name. */
export function parseNumericAddress(text: string): IpAddress | undefined {
  return parseIpAddress(text) ?? parseInetAddress(text);
}

/** As inet_ntop() writes it: IPv6 in lower case, its longest row of zeros left out. */
export function formatIpAddress(address: IpAddress): string {
  if (address.length === 4) return address.join('.');
  const words: string[] = [];
  for (let i = 0; i < 16; i += 2)
    words.push((((address[i] as number) << 8) | (address[i + 1] as number)).toString(16));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (words[end] === '0') end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
  }
  if (start < 0) return words.join(':');
  return `${words.slice(0, start).join(':')}::${words.slice(start + length).join(':')}`;
}
