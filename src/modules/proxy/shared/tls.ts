/**
 * The seam by which schemes over TLS (https, wss, h2) get what they need to speak it: mod_ssl offers it under this group (httpd's
 * ap_ssl_bind_outgoing). A scheme's handler asks `backendTls` once a request and puts the answer into its target; `makePump` and `Worker.pool`
 * do the rest. Without it the answer is 500.
 *
 * A handshake that fails, a peer that is refused among them, is a BackendFailure of kind `tls` when a connection is acquired; httpd then
 * answers 500 with the page `Error during SSL Handshake with remote server`. What TLS says of a connection in use (a
 * backend that wanted a certificate of ours) is one of kind `reset`.
 */
import type { BackendTls } from '../../../backend/connect.ts';
import { Level, logRequest, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { hostAndPort } from './errors.ts';
import type { ProxyTarget } from './scheme.ts';

/** Group of providers; the one name in it is PROXY_TLS_NAME. */
export const PROXY_TLS = 'proxy-tls';
export const PROXY_TLS_NAME = 'outgoing';

export interface ProxyTlsProvider {
  /**
   * What a request's connection to a backend is opened with: the same object for the same server, `<Proxy>` sections and host.
   * @param host whom the backend's certificate must name; a name and no address is sent as SNI too. undefined: not known, not checked.
   * @returns undefined when SSLProxyEngine is off where the request is.
   */
  outgoing(r: Pick<Request, 'server' | 'perDir'>, host: string | undefined): BackendTls | undefined;
}

/** TLS for a request's connection to its backend; undefined: there is none, which has been logged, and the answer is 500. */
export function backendTls(r: Request, target: ProxyTarget): BackendTls | undefined {
  const { host, port } = hostAndPort(target);
  const provider = r.configuration.providers.find(PROXY_TLS, PROXY_TLS_NAME) as ProxyTlsProvider | undefined;
  const named = target.dir.preservesHost === true ? r.hostname : host;
  const tls = provider?.outgoing(r, named);
  if (tls === undefined) {
    const hint = ' failed to enable ssl support [Hint: if using mod_ssl, see SSLProxyEngine]';
    logRequest(r, 'core', Level.error, 'AH01961', hint);
    const scheme = target.url.slice(0, target.url.indexOf(':'));
    const message = `${scheme}: failed to enable ssl support for ${host}:${port} (${host})`;
    logServer(r.server, 'proxy', Level.error, 'AH00961', message);
  }
  return tls;
}
