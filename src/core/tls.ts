/**
 * TLS as the core knows it: what a server speaks it with, what a connection that speaks it knows, and the variables of whoever makes them
 * (httpd's ap_hook_ssl_conn_is_ssl and ap_hook_ssl_var_lookup of include/http_ssl.h).
 */
import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Request } from './request.ts';
import type { VirtualServer } from './virtual-server.ts';

/** How a server speaks TLS to its clients; put into it when the configuration is complete. */
export interface ServerTls {
  readonly context: SecureContext;
}

/** Of a connection that speaks TLS, the handshake done. */
export interface ClientTls {
  readonly socket: TLSSocket;
  /** The one beneath, which is nobody's to read or write. */
  readonly wire: Socket;
  /** As the client sent it (SNI). */
  readonly servername: string | undefined;
  /** Whose certificate the client was shown. */
  readonly server: VirtualServer;
  /** For whoever reads variables: worked out once a connection. */
  variables?: Map<string, string | undefined>;
}

/** Group of providers for variables (`SSL_PROTOCOL`); the one name in it is TLS_LOOKUP. */
export const TLS_VARIABLES = 'tls-variables';
export const TLS_LOOKUP = 'lookup';
export type TlsLookup = (r: Request, name: string) => string | undefined;

/** A variable by name: `%{SSL:name}`, `%{name}s`. undefined: there is none, or nobody who knows. */
export function tlsVariable(r: Request, name: string): string | undefined {
  return (r.configuration.providers.find(TLS_VARIABLES, TLS_LOOKUP) as TlsLookup | undefined)?.(r, name);
}

/** Group of providers for names in expressions (ExprExtensions), of which `tls` is asked for. */
export const EXPR_EXTENSIONS = 'expr-extensions';
export const TLS_EXTENSIONS = 'tls';
