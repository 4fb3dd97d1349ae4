/** What mod_ssl puts into the environment of a request (ssl_hook_Fixup of ssl_engine_kernel.c). */
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED } from '../../../core/status.ts';
import type { ClientTls } from '../../../core/tls.ts';
import { exportedNames } from './certificate-variables.ts';
import type { SslDirConf } from './config.ts';
import { sslVariable } from './variables.ts';

const STANDARD: readonly string[] = [
  'SSL_VERSION_INTERFACE',
  'SSL_VERSION_LIBRARY',
  'SSL_PROTOCOL',
  'SSL_SECURE_RENEG',
  'SSL_COMPRESS_METHOD',
  'SSL_CIPHER',
  'SSL_CIPHER_EXPORT',
  'SSL_CIPHER_USEKEYSIZE',
  'SSL_CIPHER_ALGKEYSIZE',
  'SSL_CLIENT_VERIFY',
  'SSL_SERVER_M_VERSION',
  'SSL_SERVER_M_SERIAL',
  'SSL_SERVER_V_START',
  'SSL_SERVER_V_END',
  'SSL_SERVER_S_DN',
  'SSL_SERVER_I_DN',
  'SSL_SERVER_A_KEY',
  'SSL_SERVER_A_SIG',
  'SSL_SESSION_RESUMED',
];

/** Names and values, the same for all requests of a connection. */
const exported = new WeakMap<ClientTls, readonly (readonly [name: string, value: string])[]>();

function standardVariables(r: Request, tls: ClientTls): readonly (readonly [string, string])[] {
  let pairs = exported.get(tls);
  if (pairs === undefined) {
    const certificate = tls.socket.getX509Certificate();
    const standard = STANDARD.flatMap((name): [string, string][] => {
      const value = sslVariable(r, name);
      return value === undefined ? [] : [[name, value]];
    });
    pairs = [...standard, ...(certificate === undefined ? [] : exportedNames(certificate))];
    exported.set(tls, pairs);
  }
  return pairs;
}

/** The client's name by SSLUserName. */
function setUser(r: Request, variable: string): void {
  const value = sslVariable(r, variable);
  if (value !== undefined && value !== '') r.user = value;
  else logRequest(r, 'ssl', Level.warn, 'AH02227', `Failed to set r->user to '${variable}'`);
}

export function exportVariables(r: Request, dir: Readonly<SslDirConf>): Answer {
  const { tls } = r.connection;
  if (tls === undefined) return DECLINED;
  const { env } = r;
  if (dir.userName !== undefined) setUser(r, dir.userName);
  env.set('HTTPS', 'on');
  if (tls.servername !== undefined) env.set('SSL_TLS_SNI', tls.servername);
  const { options } = dir;
  if (options?.stdEnvVars === true) {
    for (const [name, value] of standardVariables(r, tls)) env.set(name, value);
    // Changes with the tickets that are sent after the handshake.
    const sessionId = sslVariable(r, 'SSL_SESSION_ID');
    if (sessionId !== undefined) env.set('SSL_SESSION_ID', sessionId);
  }
  if (options?.exportCertData === true) {
    const certificate = sslVariable(r, 'SSL_SERVER_CERT');
    if (certificate !== undefined) env.set('SSL_SERVER_CERT', certificate);
    env.set('SSL_CLIENT_CERT', '');
  }
  return DECLINED;
}
