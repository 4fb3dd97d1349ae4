/**
 * Host names as server/vhost.c takes them from a Host field or an absolute request target (fix_hostname and what it
 * calls): lower case, without the final dot, checked more strictly under HttpProtocolOptions Strict.
 */
import { isIPv6 } from 'node:net';
import { asciiLower } from '../lib/ascii.ts';
import { Memo } from '../lib/memo.ts';
import { isAlpha, isDigit, ownCopy } from './bytes.ts';
import { debugLog, type FailureLog } from './request-head.ts';

/** A host that may be looked up. An IPv6 literal stands without its brackets. */
export interface HostName {
  readonly hostname: string;
  readonly isV6Literal: boolean;
  /** undefined when none was given. */
  readonly port: number | undefined;
}

/** A refused host: what httpd logs about it; the answer is 400. */
export interface BadHost {
  readonly logs: readonly FailureLog[];
}

export type HostResult = HostName | BadHost;

export function isBadHost(host: HostResult): host is BadHost {
  return 'logs' in host;
}

/** Host and port apart, as apr_parse_addr_port does from the right; null when that fails. */
function splitPort(text: string): HostName | null {
  let digits = text.length;
  while (digits > 0 && isDigit(text.charCodeAt(digits - 1))) digits--;
  let rest = text;
  let port: number | undefined;
  if (digits < text.length && text.charCodeAt(digits - 1) === 0x3a) {
    port = Number(text.slice(digits));
    if (port < 1 || port > 65535) return null;
    rest = text.slice(0, digits - 1);
  }
  if (rest === '') return null;
  if (!rest.startsWith('[')) return { hostname: rest, isV6Literal: false, port };
  const inner = rest.slice(1, -1);
  // A scope id is valid to apr and refused by httpd.
  if (!rest.endsWith(']') || inner.includes('%') || !isIPv6(inner)) return null;
  return { hostname: asciiLower(inner), isV6Literal: true, port };
}

/** Lower case and without a final dot; null for ".." and slashes, which no virtual host lookup may see. */
function plainName(name: string): string | null {
  if (name.includes('..') || /[/\\]/.test(name)) return null;
  const lower = asciiLower(name);
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** Index of the first byte that strict checking refuses; -1 for none. The length stands for the name as a whole. */
function strictFlaw(name: string): number {
  let dots = 0;
  let decimal = true;
  let leadingZero = false;
  for (let at = 0; at < name.length; at++) {
    const byte = name.charCodeAt(at);
    if (isAlpha(byte) || byte === 0x2d || byte === 0x5f) decimal = false;
    else if (byte === 0x2e) {
      dots++;
      if (name[at + 1] === '0' && isDigit(name.charCodeAt(at + 2))) leadingZero = true;
    } else if (!isDigit(byte)) return at;
  }
  if (decimal) {
    if (name.startsWith('.') || (name[0] === '0' && isDigit(name.charCodeAt(1)))) leadingZero = true;
    return leadingZero || dots !== 3 ? name.length : -1;
  }
  // The top-level label starts with a letter, RFC 1123 section 2.1.
  const dot = name.lastIndexOf('.');
  return dot >= 0 && dot + 1 < name.length && !isAlpha(name.charCodeAt(dot + 1)) ? dot : -1;
}

function checkedName(name: string, strict: boolean, shown: string): { name: string } | BadHost {
  const malformed = debugLog('AH00550', `Client sent malformed Host header: ${shown}`);
  const plain = plainName(name);
  if (plain === null) return { logs: [malformed] };
  const flaw = strict ? strictFlaw(plain) : -1;
  if (flaw < 0) return { name: plain };
  const near = flaw < plain.length ? `, problem near: ${plain.slice(flaw, flaw + 6)}` : '';
  return { logs: [debugLog('AH02415', `[strict] Invalid host name '${plain}'${near}`), malformed] };
}

function readHost(value: string, strict: boolean): HostResult {
  if (/^[0-9]+$/.test(value)) {
    if (!strict) return { hostname: value, isV6Literal: false, port: undefined };
    return { logs: [debugLog('AH02416', `[strict] purely numeric host names not allowed: ${value}`)] };
  }
  const parts = splitPort(value);
  if (parts === null) return { logs: [debugLog('AH00550', `Client sent malformed Host header: ${value}`)] };
  if (parts.isV6Literal) return parts;
  const checked = checkedName(parts.hostname, strict, value);
  return 'logs' in checked ? checked : { ...parts, hostname: checked.name };
}

/** Good hosts by field value: a server sees the same few again and again. Bounded, for clients may send any. */
const KNOWN_LIMIT = 512;
const KNOWN_LENGTH = 128;
const knownStrict = new Memo<HostName>(KNOWN_LIMIT);
const knownUnsafe = new Memo<HostName>(KNOWN_LIMIT);

/** Reads the value of a Host field, which is not empty. */
export function parseHost(value: string, strict: boolean): HostResult {
  const known = strict ? knownStrict : knownUnsafe;
  const found = known.get(value);
  if (found !== undefined) return found;
  if (value.length > KNOWN_LENGTH) return readHost(value, strict);
  const own = ownCopy(value);
  const host = readHost(own, strict);
  if (!isBadHost(host)) known.set(own, host);
  return host;
}

/** Checks the host of an absolute-form target, whose port and brackets are off already. */
export function checkUriHost(hostname: string, port: number | undefined, strict: boolean): HostResult {
  if (hostname === '') return { hostname, isV6Literal: false, port };
  if (/^[0-9]+$/.test(hostname)) {
    if (!strict) return { hostname, isV6Literal: false, port };
    return { logs: [debugLog('AH02416', `[strict] purely numeric host names not allowed: ${hostname}`)] };
  }
  if (hostname.includes(':')) {
    if (/^[0-9A-Fa-f:.]+$/.test(hostname)) return { hostname: asciiLower(hostname), isV6Literal: true, port };
    return { logs: [debugLog('AH00550', `Client sent malformed Host header: ${hostname}`)] };
  }
  const checked = checkedName(hostname, strict, hostname);
  return 'logs' in checked ? checked : { hostname: checked.name, isV6Literal: false, port };
}
