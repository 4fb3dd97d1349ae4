/**
 * The variables of mod_ssl (ssl_engine_vars.c): `SSL_*`, and the names that SSLRequire and `%{name}x` know besides. Those of a connection are
 * worked out once for it.
 */
import type { X509Certificate } from 'node:crypto';
import type { CipherNameAndProtocol } from 'node:tls';
import { RequestExprContext } from '../../../core/expression-context.ts';
import type { Request } from '../../../core/request.ts';
import { HTTPD_VERSION } from '../../../core/server-identity.ts';
import type { ClientTls } from '../../../core/tls.ts';
import { type RequestVariable, TIME_VARIABLES } from '../../../expr/index.ts';
import { certificateVariable } from './certificate-variables.ts';
import { elementsOf } from './der.ts';

type ConnectionReader = (tls: ClientTls) => string | undefined;

/** Bits by the name of a cipher: Node.js does not say. */
const KEY_SIZES: readonly (readonly [pattern: RegExp, used: number, possible: number])[] = [
  [/CHACHA20|AES_?256|CAMELLIA_?256|ARIA_?256/, 256, 256],
  [/AES_?128|CAMELLIA_?128|ARIA_?128|RC4|SEED|IDEA/, 128, 128],
  [/3DES|DES-CBC3/, 112, 168],
];

function keySizeOf({ name }: CipherNameAndProtocol): readonly [used: string, possible: string] {
  const found = KEY_SIZES.find(([pattern]) => pattern.test(name));
  return found === undefined ? ['0', '0'] : [String(found[1]), String(found[2])];
}

/** SSL_SESSION of OpenSSL: version, protocol, cipher, id, ... */
function sessionId(tls: ClientTls): string | undefined {
  const session = tls.socket.getSession();
  const [outer] = session === undefined ? [] : elementsOf(session);
  const id = outer === undefined ? undefined : elementsOf(outer.content)[3];
  return id === undefined || id.content.length === 0 ? undefined : id.content.toString('hex');
}

const OF_CONNECTION: Readonly<Record<string, ConnectionReader>> = {
  PROTOCOL: (tls) => tls.socket.getProtocol() ?? undefined,
  SESSION_ID: sessionId,
  SESSION_RESUMED: (tls) => (tls.socket.isSessionReused() ? 'Resumed' : 'Initial'),
  SECURE_RENEG: () => 'true',
  CIPHER: (tls) => tls.socket.getCipher().name,
  CIPHER_EXPORT: () => 'false',
  CIPHER_USEKEYSIZE: (tls) => keySizeOf(tls.socket.getCipher())[0],
  CIPHER_ALGKEYSIZE: (tls) => keySizeOf(tls.socket.getCipher())[1],
  COMPRESS_METHOD: () => 'NULL',
  TLS_SNI: (tls) => tls.servername,
  CLIENT_VERIFY: () => 'NONE',
};

/** Known without a connection that speaks TLS. */
const ALWAYS: Readonly<Record<string, string>> = {
  VERSION_INTERFACE: `mod_ssl/${HTTPD_VERSION}`,
  VERSION_LIBRARY: `OpenSSL/${process.versions.openssl}`,
};

function serverCertificate(tls: ClientTls): X509Certificate | undefined {
  return tls.socket.getX509Certificate();
}

function readConnection(tls: ClientTls, name: string): string | undefined {
  if (Object.hasOwn(OF_CONNECTION, name)) return OF_CONNECTION[name]?.(tls);
  if (!name.startsWith('SERVER_')) return undefined;
  const certificate = serverCertificate(tls);
  return certificate === undefined
    ? undefined
    : certificateVariable(certificate, name.slice('SERVER_'.length));
}

/** A variable without its `SSL_`. */
function connectionVariable(tls: ClientTls, name: string): string | undefined {
  // A session's id changes with the tickets that are sent after the handshake.
  if (name === 'SESSION_ID') return sessionId(tls);
  tls.variables ??= new Map();
  if (tls.variables.has(name)) return tls.variables.get(name);
  const value = readConnection(tls, name);
  // Names come of the configuration, so that they are few; of a certificate there may be many.
  if (tls.variables.size < 200) tls.variables.set(name, value);
  return value;
}

const HEADERS: Readonly<Record<string, string>> = {
  HTTP_USER_AGENT: 'user-agent',
  HTTP_REFERER: 'referer',
  HTTP_COOKIE: 'cookie',
  HTTP_FORWARDED: 'forwarded',
  HTTP_HOST: 'host',
  HTTP_PROXY_CONNECTION: 'proxy-connection',
  HTTP_ACCEPT: 'accept',
};

const OF_REQUEST: ReadonlySet<string> = new Set<RequestVariable>([
  'REQUEST_METHOD',
  'REQUEST_SCHEME',
  'REQUEST_URI',
  'REQUEST_FILENAME',
  'REMOTE_HOST',
  'REMOTE_IDENT',
  'REMOTE_USER',
  'SERVER_ADMIN',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
  'SCRIPT_FILENAME',
  'PATH_INFO',
  'QUERY_STRING',
  'IS_SUBREQ',
  'DOCUMENT_ROOT',
  'AUTH_TYPE',
  'THE_REQUEST',
  'REMOTE_ADDR',
  'HTTPS',
  'SERVER_SOFTWARE',
]);

const API_VERSION = '20120211:142';

/** A variable by its name, in whatever case (ssl_var_lookup); undefined where it has no value. */
export function sslVariable(r: Request, written: string): string | undefined {
  const name = written.toUpperCase();
  if (name.startsWith('SSL_')) {
    const rest = name.slice('SSL_'.length);
    if (Object.hasOwn(ALWAYS, rest)) return ALWAYS[rest];
    const { tls } = r.connection;
    return tls === undefined ? undefined : connectionVariable(tls, rest);
  }
  if (Object.hasOwn(HEADERS, name)) return r.headersIn.getJoined(HEADERS[name] as string);
  if (name.startsWith('HTTP:')) return r.headersIn.getJoined(written.slice('HTTP:'.length).toLowerCase());
  if (name.startsWith('ENV:')) return r.getEnv(written.slice('ENV:'.length));
  if (name === 'API_VERSION') return API_VERSION;
  if (Object.hasOwn(TIME_VARIABLES, name)) return TIME_VARIABLES[name]?.(new Date());
  if (OF_REQUEST.has(name)) return new RequestExprContext(r).variable(name as RequestVariable);
  return undefined;
}

/** `%{name}c`. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  version: 'SSL_PROTOCOL',
  cipher: 'SSL_CIPHER',
  subjectdn: 'SSL_CLIENT_S_DN',
  clientcert: 'SSL_CLIENT_S_DN',
  issuerdn: 'SSL_CLIENT_I_DN',
  cacert: 'SSL_CLIENT_I_DN',
};

export function oldVariable(r: Request, name: string): string | undefined {
  const found = Object.hasOwn(OLD_NAMES, name) ? OLD_NAMES[name] : undefined;
  return found === undefined ? undefined : sslVariable(r, found);
}
