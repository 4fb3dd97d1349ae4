/** What goes wrong with a backend, as facts; what is answered and logged is decided by who asked. */

/**
 * - `refused`: nobody listens (ECONNREFUSED), or a unix socket's backlog is full (EAGAIN);
 * - `not-found`: no such unix socket (ENOENT, ENOTDIR); `dns`: no such host;
 * - `permission`: EACCES, EPERM; `unreachable`: no route to the host or network;
 * - `connect-timeout`: no connection in time; `busy`: no free connection of the pool in time;
 * - `tls`: the handshake failed;
 * - `timeout`: connected, but silent for too long; `closed`: ended before the answer was whole;
 * - `reset`: broken (ECONNRESET, EPIPE); `protocol`: the answer breaks the protocol, `detail` says how;
 * - `body`: the request body will never be whole;
 * - `shutdown`: the pool was closed; `other`: anything else, `detail` holds the system's code.
 */
export type BackendFailureKind =
  | 'refused'
  | 'not-found'
  | 'dns'
  | 'permission'
  | 'unreachable'
  | 'connect-timeout'
  | 'busy'
  | 'tls'
  | 'timeout'
  | 'closed'
  | 'reset'
  | 'protocol'
  | 'body'
  | 'shutdown'
  | 'other';

export interface BackendFailure {
  readonly kind: BackendFailureKind;
  /** The system's error code, or what a driver said. */
  readonly detail: string;
}

const KIND_OF_CODE: Readonly<Record<string, BackendFailureKind>> = {
  ECONNREFUSED: 'refused',
  EAGAIN: 'refused',
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  ENOTSOCK: 'not-found',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EACCES: 'permission',
  EPERM: 'permission',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'connect-timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
};

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined) return code;
  // Several addresses of one host were tried: the first one's reason.
  const first = error instanceof AggregateError ? error.errors[0] : undefined;
  return first instanceof Error ? codeOf(first) : error.message;
}

/** @param isConnected whether the error came after the connection was there. */
export function failureOf(error: Error, isConnected: boolean): BackendFailure {
  const detail = codeOf(error);
  if (detail === 'ERR_TLS_PEER_REFUSED') return { kind: 'tls', detail: error.message };
  const kind = KIND_OF_CODE[detail];
  // Broken before it could be used, yet not by the attempt to connect: amid the handshake.
  if (kind === 'reset' && !isConnected && (error as NodeJS.ErrnoException).syscall !== 'connect')
    return { kind: 'tls', detail };
  if (kind === 'connect-timeout' && isConnected) return { kind: 'timeout', detail };
  if (kind !== undefined) return { kind, detail };
  if (!isTlsCode(detail)) return { kind: 'other', detail };
  // Behind the handshake it is the connection that is broken.
  return { kind: isConnected ? 'reset' : 'tls', detail };
}

function isTlsCode(code: string): boolean {
  return (
    code.startsWith('ERR_TLS') ||
    code.startsWith('ERR_SSL') ||
    code.includes('CERT') ||
    code.startsWith('UNABLE_TO_') ||
    code === 'EPROTO'
  );
}
