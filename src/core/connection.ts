/** What a request knows of the connection it came on (conn_rec). Implemented by server/http1-connection.ts. */
import type { ClientTls } from './tls.ts';
import type { VirtualServer } from './virtual-server.ts';

export interface ProxiedClient {
  readonly address: string;
  readonly port: number;
}

export interface Connection {
  /** Unique in this process. */
  readonly id: number;
  /** Textual addresses; v4-mapped IPv6 ones as IPv4. */
  readonly remoteAddr: string;
  readonly remotePort: number;
  /** The user's, where the client is a proxy that has said so before it said anything else (PROXY protocol). */
  readonly proxiedClient?: ProxiedClient | undefined;
  readonly localAddr: string;
  readonly localPort: number;
  /** The first server of the address: before a Host is known (base_server). */
  readonly baseServer: VirtualServer;
  /** Requests answered before this one on the connection. */
  readonly keepalives: number;
  readonly isTls: boolean;
  /** What is known of it where it speaks TLS. */
  readonly tls?: ClientTls | undefined;
  /** The client began to speak HTTP where TLS is spoken: what it gets is said without. */
  readonly isMistakenForPlain?: boolean;
  /** Common to all error log lines about the connection; set with the first of them. */
  logId?: string | undefined;
  /** The client is gone. */
  readonly isAborted: boolean;
}
