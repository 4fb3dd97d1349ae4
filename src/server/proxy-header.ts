/**
 * The header by which a proxy tells, before anything else, who the user is: the PROXY protocol of HAProxy, version 1 in text and version 2 in
 * bytes, as mod_remoteip reads it. Pure: bytes in, an outcome out. Where httpd and the protocol's text part, httpd counts.
 */
import { isIPv6 } from 'node:net';
import type { ProxiedClient } from '../core/connection.ts';
import { formatIpAddress, parseInetAddress } from '../lib/inet-address.ts';

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  /** `client` undefined: the proxy speaks for itself. */
  | { readonly kind: 'whole'; readonly length: number; readonly client: ProxiedClient | undefined }
  | { readonly kind: 'bad'; readonly code: string; readonly message: string };

/** What both versions have at least, and what is read before one is told from the other. */
const MIN_LENGTH = 16;
/** Version 1, its line end included. */
const LONGEST_LINE = 108;
/** Version 2: behind the first 16 bytes. */
const LONGEST_V2 = 216;
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const TEXT_START = Buffer.from('PROXY ', 'latin1');
const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };

function bad(code: string, message: string): ProxyHeader {
  return { kind: 'bad', code, message: `RemoteIPProxyProtocol: ${message}` };
}

/** Reads the header that `bytes` begin with. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length < MIN_LENGTH) return couldBegin(bytes) ? INCOMPLETE : noHeader();
  if (bytes.indexOf(SIGNATURE) === 0) return readBinary(bytes);
  if (bytes.indexOf(TEXT_START) === 0) return readText(bytes);
  return noHeader();
}

function couldBegin(bytes: Buffer): boolean {
  return [SIGNATURE, TEXT_START].some((start) => {
    const common = Math.min(start.length, bytes.length);
    return bytes.compare(start, 0, common, 0, common) === 0;
  });
}

function noHeader(): ProxyHeader {
  return bad('', 'no header');
}

function readText(bytes: Buffer): ProxyHeader {
  // A line that ends within what is read at first goes on with the next one.
  const end = bytes.indexOf('\r\n', MIN_LENGTH - 2, 'latin1');
  if (end < 0) return bytes.length >= LONGEST_LINE ? tooLong(bytes.length) : INCOMPLETE;
  if (end + 2 > LONGEST_LINE) return tooLong(end + 2);
  const line = bytes.toString('latin1', 0, end);
  const length = end + 2;
  const [, family, address, destination, port] = line.split(' ').filter((word) => word !== '');
  if (family === undefined) return bad('AH03497', `no family found in header '${line}'`);
  if (family === 'UNKNOWN') return { kind: 'whole', length, client: undefined };
  if (family !== 'TCP4' && family !== 'TCP6')
    return bad('AH03499', `unknown family '${family}' in header '${line}'`);
  if (address === undefined) return bad('AH03497', `no client-address found in header '${line}'`);
  const isValid = family === 'TCP4' ? parseInetAddress(address) !== undefined : isIPv6(address);
  if (!isValid) return bad('AH03500', `invalid client-address '${address}' found in header '${line}'`);
  if (destination === undefined) return bad('AH03497', `no destination-address found in header '${line}'`);
  if (port === undefined) return bad('AH03497', `no client-port found in header '${line}'`);
  const number = /^[-+]?\d{1,9}/.exec(port);
  if (number === null) return bad('AH03501', `error parsing port '${port}' in header '${line}'`);
  return { kind: 'whole', length, client: { address, port: Number(number[0]) & 0xffff } };
}

function tooLong(length: number): ProxyHeader {
  return {
    kind: 'bad',
    code: 'AH10185',
    message: `RemoteIPProxyProtocol header too long, got ${length} expected ${LONGEST_LINE}`,
  };
}

const LOCAL = 0x20;
const PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const START = 16;

function readBinary(bytes: Buffer): ProxyHeader {
  const command = bytes[12] as number;
  const family = bytes[13] as number;
  const size = bytes.readUInt16BE(14);
  if (size > LONGEST_V2) return bad('AH10186', 'protocol header length too long');
  const length = START + size;
  if (command !== LOCAL && command !== PROXY) {
    if (command >> 4 !== 2) return noHeader();
    return bad('AH03507', `unsupported command ${command.toString(16).padStart(2, '0')}`);
  }
  if (bytes.length < length) return INCOMPLETE;
  if (command === LOCAL) return { kind: 'whole', length, client: undefined };
  if (family === TCP_OVER_IPV4) {
    if (size < 12) return bad('AH10597', `address length ${size} too short for TCPv4`);
    const address = [...bytes.subarray(START, START + 4)].join('.');
    return { kind: 'whole', length, client: { address, port: bytes.readUInt16BE(START + 8) } };
  }
  if (family === TCP_OVER_IPV6) {
    if (size < 36) return bad('AH10598', `address length ${size} too short for TCPv6`);
    const address = formatIpAddress(bytes.subarray(START, START + 16));
    return { kind: 'whole', length, client: { address, port: bytes.readUInt16BE(START + 32) } };
  }
  return bad('AH10183', `unsupported protocol ${family.toString(16).padStart(2, '0')}`);
}
