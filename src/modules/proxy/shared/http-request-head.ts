/** The head of the request as the backend gets it (proxy_util.c: ap_proxy_create_hdrbrgd; mod_proxy_http.c: ap_proxy_http_prefetch). */
import { coreDir } from '../../../core/core-config.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { defaultPort, HTTPD_VERSION, serverPort } from '../../../core/server-identity.ts';
import { equalsIgnoreCase } from '../../../http/bytes.ts';
import { hasToken, tokens } from '../../../http/header-list.ts';
import type { ProxyTarget } from './scheme.ts';

const BASE_VERSION = `Apache/${HTTPD_VERSION}`;

/** What becomes of a field. Fields that are not here go on as they are. */
const Role = {
  /** For this hop alone, or written anew. */
  drop: 0,
  forwardedFor: 1,
  forwardedHost: 2,
  forwardedServer: 3,
  via: 4,
  expect: 5,
  proxyAuthorization: 6,
  /** Not sent for sub-requests: what they include is needed whatever the client has. */
  condition: 7,
} as const;

const ROLES: ReadonlyMap<string, number> = new Map<string, number>([
  ['host', Role.drop],
  ['connection', Role.drop],
  ['proxy-connection', Role.drop],
  ['keep-alive', Role.drop],
  ['te', Role.drop],
  ['trailer', Role.drop],
  ['upgrade', Role.drop],
  ['transfer-encoding', Role.drop],
  ['content-length', Role.drop],
  ['x-forwarded-for', Role.forwardedFor],
  ['x-forwarded-host', Role.forwardedHost],
  ['x-forwarded-server', Role.forwardedServer],
  ['via', Role.via],
  ['expect', Role.expect],
  ['proxy-authorization', Role.proxyAuthorization],
  ['if-match', Role.condition],
  ['if-modified-since', Role.condition],
  ['if-none-match', Role.condition],
  ['if-range', Role.condition],
  ['if-unmodified-since', Role.condition],
]);

/** How a request is sent. */
export interface Sending {
  /** HTTP/1.0 (force-proxy-request-1.0). */
  readonly isHttp10: boolean;
  /** The connection is to be used again. */
  readonly isKept: boolean;
  /** The backend is to say whether it wants the body. */
  readonly expects: boolean;
  /** Decimal, where a length is sent. */
  readonly length: string | undefined;
  readonly isChunked: boolean;
  /** Behind the body of a POST goes a line end that no length counts (proxy-sendextracrlf). */
  readonly hasExtraLine: boolean;
  /** The protocol the client asks for, where the worker allows it. */
  readonly upgrade: string | undefined;
}

/** The `Via` of this hop; undefined: none is added. */
export function viaOf(r: Request, target: ProxyTarget): string | undefined {
  const { via } = target.server;
  if (via !== 'on' && via !== 'full') return undefined;
  const name = coreDir(r).useCanonicalName === 'dns' ? (r.localHost ?? r.server.hostname) : r.server.hostname;
  const port = serverPort(r);
  const shown = port === defaultPort(r) ? name : `${name}:${port}`;
  const version = `${Math.floor(r.protocolNumber / 1000)}.${r.protocolNumber % 1000}`;
  return via === 'full' ? `${version} ${shown} (${BASE_VERSION})` : `${version} ${shown}`;
}

/** Names that the client's Connection field makes this hop's own. */
function namedByConnection(connection: string | undefined): readonly string[] | undefined {
  if (connection === undefined || connection === '') return undefined;
  if (equalsIgnoreCase(connection, 'keep-alive') || equalsIgnoreCase(connection, 'close')) return undefined;
  // What is quoted is no name.
  return tokens(connection.includes('"') ? connection.replace(/"[^"]*"?/g, ' ') : connection);
}

/** The whole head, with its empty line. */
export function requestHead(r: Request, target: ProxyTarget, sending: Sending): string {
  return requestFields(r, target, sending) + framingLines(sending);
}

/** The request line and the fields that do not speak of this connection or of how the body is framed. */
export function requestFields(
  r: Request,
  target: ProxyTarget,
  sending: Pick<Sending, 'isHttp10' | 'expects'>,
): string {
  const { headersIn } = r;
  const { dir } = target;
  const named = namedByConnection(headersIn.get('connection'));
  const via = viaOf(r, target);
  const addsForwarded = dir.addsHeaders !== false && r.proxyRequest === 'reverse';
  const host = headersIn.get('host');
  let head = requestLineAndHost(r, target, sending, host);
  const credentials = target.remote?.credentials;
  let isAuthorized = credentials === undefined;
  let hasVia = false;
  let hasExpect = false;
  let forwarded = 0;
  for (let index = 0; index < headersIn.size; index++) {
    const key = headersIn.keyAt(index);
    if (named?.includes(key) === true) continue;
    const name = headersIn.nameAt(index);
    let value = headersIn.valueAt(index);
    const role = ROLES.get(key);
    if (role !== undefined) {
      if (role === Role.drop) continue;
      if (role === Role.condition) {
        if (r.main !== undefined) continue;
      } else if (role === Role.proxyAuthorization) {
        if (r.user !== undefined && r.getEnv('Proxy-Chain-Auth') === undefined) continue;
        if (!isAuthorized) value += `, Basic ${credentials}`;
        isAuthorized = true;
      } else if (role === Role.via) {
        if (target.server.via === 'block') continue;
        if (via !== undefined && !hasVia) value += `, ${via}`;
        hasVia = true;
      } else if (role === Role.expect) {
        if (!sending.expects) continue;
        if (!hasExpect && !hasToken(value, '100-continue')) value += ', 100-Continue';
        hasExpect = true;
      } else if (addsForwarded && (forwarded & (1 << role)) === 0) {
        forwarded |= 1 << role;
        const own = forwardedValue(r, role, host);
        if (own !== undefined) value += `, ${own}`;
      }
    }
    head += `${name}: ${value}\r\n`;
  }
  if (via !== undefined && !hasVia) head += `Via: ${via}\r\n`;
  if (sending.expects && !hasExpect) head += 'Expect: 100-Continue\r\n';
  if (addsForwarded) {
    if ((forwarded & (1 << Role.forwardedFor)) === 0) head += `X-Forwarded-For: ${r.clientAddr}\r\n`;
    if ((forwarded & (1 << Role.forwardedHost)) === 0 && host !== undefined)
      head += `X-Forwarded-Host: ${host}\r\n`;
    if ((forwarded & (1 << Role.forwardedServer)) === 0)
      head += `X-Forwarded-Server: ${r.server.hostname}\r\n`;
  }
  if (!isAuthorized) head += `Proxy-Authorization: Basic ${credentials}\r\n`;
  return head;
}

function forwardedValue(r: Request, role: number, host: string | undefined): string | undefined {
  if (role === Role.forwardedFor) return r.clientAddr;
  return role === Role.forwardedHost ? host : r.server.hostname;
}

/** The request line, and Host before all other fields. */
function requestLineAndHost(
  r: Request,
  target: ProxyTarget,
  sending: Pick<Sending, 'isHttp10'>,
  host: string | undefined,
): string {
  const { url } = target;
  const start = url.indexOf(':') + 3;
  const slash = url.indexOf('/', start);
  const authority = slash < 0 ? url.slice(start) : url.slice(start, slash);
  const path = target.remote !== undefined ? url : slash < 0 ? '/' : url.slice(slash);
  const version = sending.isHttp10 ? '1.0' : '1.1';
  let shown: string | undefined = authority;
  if (target.dir.preservesHost === true) {
    shown = host;
    if (shown === undefined) {
      shown = r.server.hostname;
      const message =
        'no HTTP 0.9 request (with no host line) on incoming request and preserve host set forcing hostname to be ' +
        `${shown} for uri ${r.uri}`;
      logRequest(r, 'proxy', Level.warn, 'AH01092', message);
    }
  }
  return `${r.method} ${path} HTTP/${version}\r\nHost: ${shown}\r\n`;
}

/** How the body is framed and what becomes of the connection: what the request said of either is not repeated. */
function framingLines({ length, isChunked, isHttp10, isKept, upgrade }: Sending): string {
  let lines = isChunked ? 'Transfer-Encoding: chunked\r\n' : '';
  if (length !== undefined) lines = `Content-Length: ${length}\r\n`;
  if (isHttp10) return `${lines}\r\n`;
  if (upgrade !== undefined) return `${lines}Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`;
  return isKept ? `${lines}Connection: Keep-Alive\r\n\r\n` : `${lines}Connection: close\r\n\r\n`;
}
