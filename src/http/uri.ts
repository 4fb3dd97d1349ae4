/**
 * Request targets: apr_uri_parse with the rules of ap_parse_uri on top, and the path work of server/util.c and
 * server/request.c (ap_normalize_path, ap_unescape_url, ap_unescape_url_keep2f, ap_getparents). Byte strings throughout.
 */
import { HEX_VALUE, isAlpha, isDigit } from './bytes.ts';

/** A parsed request target. `path` is what r->uri starts as: "/" when the target names none. */
export interface TargetUri {
  readonly scheme: string | undefined;
  readonly userInfo: string | undefined;
  /** Host without brackets; undefined when there is no authority. */
  readonly hostname: string | undefined;
  /** Host and port as written, without user information; the new Host field of an absolute-form request. */
  readonly hostPort: string | undefined;
  /** undefined when absent or empty. Not checked for range, as in httpd. */
  readonly port: number | undefined;
  readonly path: string;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

interface Authority {
  userInfo: string | undefined;
  hostname: string;
  hostPort: string;
  port: number | undefined;
}

/** The number of a port as strtol reads it, of which apr_port_t keeps 16 bits; undefined for empty, null when it is none. */
function parsePort(text: string): number | undefined | null {
  if (text === '') return undefined;
  if (!/^[\t-\r ]*[+-]?[0-9]+$/.test(text)) return null;
  const digits = text.trim();
  const port = digits.length < 10 ? Number(digits) : Number(BigInt.asIntN(32, saturated(digits)));
  return port & 0xffff;
}

/** strtol's long: what is beyond it becomes its end. */
function saturated(digits: string): bigint {
  const magnitude = BigInt(digits.replace(/^[+-]/, ''));
  const value = digits.startsWith('-') ? -magnitude : magnitude;
  const most = (1n << 63n) - 1n;
  return value > most ? most : value < -most - 1n ? -most - 1n : value;
}

function parseAuthority(text: string): Authority | null {
  const at = text.lastIndexOf('@');
  const userInfo = at < 0 ? undefined : text.slice(0, at);
  const hostPort = text.slice(at + 1);
  let hostname = hostPort;
  let portText = '';
  if (hostPort.startsWith('[')) {
    const close = hostPort.lastIndexOf(']');
    if (close < 0) return null;
    if (hostPort[close + 1] === ':') {
      portText = hostPort.slice(close + 2);
      hostname = hostPort.slice(1, close);
    } else {
      // apr_uri_parse drops the first and the last byte whatever they are; "[::1]x" then fails as a host name.
      hostname = hostPort.slice(1, -1);
    }
  } else {
    const colon = hostPort.indexOf(':');
    if (colon >= 0) {
      hostname = hostPort.slice(0, colon);
      portText = hostPort.slice(colon + 1);
    }
  }
  const port = parsePort(portText);
  return port === null ? null : { userInfo, hostname, hostPort, port };
}

/** Authority form, only for CONNECT: the port is required (apr_uri_parse_hostinfo). */
function parseConnect(target: string): TargetUri | null {
  const bracketed = target.startsWith('[');
  const close = bracketed ? target.indexOf(']') : -1;
  if (bracketed && close < 0) return null;
  const colon = bracketed ? close + 1 : target.indexOf(':');
  if (colon < 0 || target[colon] !== ':') return null;
  const hostname = bracketed ? target.slice(1, close) : target.slice(0, colon);
  const port = parsePort(target.slice(colon + 1));
  if (port === null || port === undefined) return null;
  return {
    scheme: undefined,
    userInfo: undefined,
    hostname,
    hostPort: target,
    port,
    path: '/',
    query: undefined,
    fragment: undefined,
  };
}

function schemeEnd(target: string): number {
  if (target === '' || !isAlpha(target.charCodeAt(0))) return -1;
  let index = 1;
  for (; index < target.length; index++) {
    const byte = target.charCodeAt(index);
    if (!isAlpha(byte) && !isDigit(byte) && byte !== 0x2b && byte !== 0x2d && byte !== 0x2e) break;
  }
  return target.charCodeAt(index) === 0x3a ? index : -1;
}

/** Splits path, query and fragment; apr_uri_parse's deal_with_path. */
function withPath(
  scheme: string | undefined,
  authority: Authority | undefined,
  rest: string,
  method: string,
): TargetUri {
  let path = rest;
  let query: string | undefined;
  let fragment: string | undefined;
  const hash = path.indexOf('#');
  if (hash >= 0) {
    fragment = path.slice(hash + 1);
    path = path.slice(0, hash);
  }
  const mark = path.indexOf('?');
  if (mark >= 0) {
    query = path.slice(mark + 1);
    path = path.slice(0, mark);
  }
  return {
    scheme,
    userInfo: authority?.userInfo,
    hostname: authority?.hostname,
    hostPort: authority?.hostPort,
    port: authority?.port,
    // OPTIONS without a path asks about the server (RFC 9112 section 3.2.4).
    path: path !== '' ? path : method === 'OPTIONS' ? '*' : '/',
    query,
    fragment,
  };
}

/** Parses a request target as ap_parse_uri does; null where httpd answers AH03450. Relative paths are not judged here. */
export function parseTarget(target: string, method: string): TargetUri | null {
  let start = 0;
  // A path that begins with "//" is no authority: httpd drops all but one of the slashes first (PR 31875).
  while (target.charCodeAt(start) === 0x2f && target.charCodeAt(start + 1) === 0x2f) start++;
  const text = start === 0 ? target : target.slice(start);
  if (method === 'CONNECT') return parseConnect(text);
  if (text.charCodeAt(0) === 0x2f) return withPath(undefined, undefined, text, method);
  if (text.charCodeAt(0) === 0x3a) return null;
  const end = schemeEnd(text);
  if (end < 0) return withPath(undefined, undefined, text, method);
  const scheme = text.slice(0, end);
  if (!text.startsWith('//', end + 1)) return withPath(scheme, undefined, text.slice(end + 1), method);
  const rest = text.slice(end + 3);
  const authorityEnd = rest.search(/[/?#]/);
  const authority = parseAuthority(authorityEnd < 0 ? rest : rest.slice(0, authorityEnd));
  if (authority === null) return null;
  return withPath(scheme, authority, authorityEnd < 0 ? '' : rest.slice(authorityEnd), method);
}

/** Result of normalizePath: `valid` is false where httpd answers 400 (AH10244). */
export interface NormalizedPath {
  readonly path: string;
  readonly valid: boolean;
}

export interface NormalizeOptions {
  /** MergeSlashes. */
  readonly mergeSlashes: boolean;
  /** Decode %XX of unreserved characters, which also makes a bad %XX invalid (AP_NORMALIZE_DECODE_UNRESERVED). */
  readonly decodeUnreserved?: boolean;
  /** "/../x" is "/x" rather than an error (AP_NORMALIZE_NOT_ABOVE_ROOT left out; ap_getparents). */
  readonly allowAboveRoot?: boolean;
}

const SPECIAL = /%|\/\/|\/\./;

function isUnreserved(byte: number): boolean {
  return isAlpha(byte) || isDigit(byte) || byte === 0x2d || byte === 0x2e || byte === 0x5f || byte === 0x7e;
}

/** Value of the two hex digits after a percent sign at `at`, or -1. */
function hexPair(text: string, at: number): number {
  const high = HEX_VALUE[text.charCodeAt(at + 1)] ?? 255;
  const low = HEX_VALUE[text.charCodeAt(at + 2)] ?? 255;
  return high === 255 || low === 255 ? -1 : (high << 4) | low;
}

/** RFC 3986 section 6.2.2.2; null when a percent sign is not followed by two hex digits. */
function decodeUnreserved(path: string): string | null {
  let out = '';
  let copied = 0;
  for (let at = path.indexOf('%'); at >= 0; at = path.indexOf('%', at + 1)) {
    const byte = hexPair(path, at);
    if (byte < 0) return null;
    if (!isUnreserved(byte)) continue;
    out += path.slice(copied, at) + String.fromCharCode(byte);
    copied = at + 3;
  }
  return copied === 0 ? path : out + path.slice(copied);
}

/**
 * ap_normalize_path over an absolute path. A path with no "%", "//" or "/." comes back as the same string; that test is
 * all that an ordinary request pays.
 */
export function normalizePath(path: string, options: NormalizeOptions): NormalizedPath {
  if (!SPECIAL.test(path)) return { path, valid: true };
  let text = path;
  if (options.decodeUnreserved === true) {
    const decoded = decodeUnreserved(path);
    if (decoded === null) return { path, valid: false };
    text = decoded;
  }
  const segments = text.split('/');
  const last = segments.length - 1;
  const kept: string[] = [];
  let valid = true;
  for (let index = 1; index <= last; index++) {
    const segment = segments[index] as string;
    if (segment === '' && index !== last && options.mergeSlashes) continue;
    if (segment === '.') {
      if (index === last) kept.push('');
    } else if (segment === '..') {
      if (kept.length > 0) kept.pop();
      else if (options.allowAboveRoot !== true) valid = false;
      if (index === last) kept.push('');
    } else {
      kept.push(segment);
    }
  }
  return { path: `/${kept.join('/')}`, valid };
}

/** AllowEncodedSlashes: Off is 'refuse', On is 'decode', NoDecode is 'keep'. */
export type EncodedSlashes = 'refuse' | 'decode' | 'keep';

/** Outcome of decoding: 0, or the status to answer with. */
export interface DecodedPath {
  readonly path: string;
  readonly status: 0 | 400 | 404;
}

/**
 * ap_unescape_url and ap_unescape_url_keep2f: %XX become bytes; a malformed %XX is 400, an encoded NUL is 404, and so is
 * an encoded slash under 'refuse' (AH00026). The path of a refused one is decoded all the same, up to a NUL: error pages
 * and logs show it.
 */
export function decodePath(path: string, slashes: EncodedSlashes): DecodedPath {
  let at = path.indexOf('%');
  if (at < 0) return { path, status: 0 };
  let out = '';
  let copied = 0;
  let malformed = false;
  let refused = false;
  let nul = -1;
  for (; at >= 0; at = path.indexOf('%', at + 1)) {
    const byte = hexPair(path, at);
    if (byte < 0) {
      malformed = true;
      continue;
    }
    if (byte === 0x2f) {
      if (slashes === 'keep') continue;
      if (slashes === 'refuse') refused = true;
    }
    out += path.slice(copied, at);
    if (byte === 0) {
      refused = true;
      if (nul < 0) nul = out.length;
    }
    out += String.fromCharCode(byte);
    copied = at + 3;
    at += 2;
  }
  out += path.slice(copied);
  if (nul >= 0) out = out.slice(0, nul);
  return { path: out, status: malformed ? 400 : refused ? 404 : 0 };
}

/**
 * What follows decoding under AllowEncodedSlashes On: dot segments and double slashes that %2f uncovered are resolved,
 * without complaint above the root (request.c, after ap_unescape_url).
 */
export function resolveUncovered(path: string, mergeSlashes: boolean): string {
  return normalizePath(path, { mergeSlashes, allowAboveRoot: true }).path;
}

export {
  escapeErrorLogItem,
  escapeHtml,
  escapeLogItem,
  escapePath,
  escapePathSegment,
  escapeUri,
  escapeUrlEncoded,
} from './escape.ts';
