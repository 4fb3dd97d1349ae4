/** Opening sockets to backends: TCP, unix, with or without TLS. */

import { connect as connectNet, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';

export interface TcpAddress {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  /** Local address to connect from. */
  readonly localAddress?: string;
}

export interface UnixAddress {
  readonly kind: 'unix';
  readonly path: string;
}

export type BackendAddress = TcpAddress | UnixAddress;

/** How TLS is spoken to a backend. One object for all connections of a pool: it keeps what one handshake leaves to the next. */
export interface BackendTls {
  /** Two with the same key do the same: their connections may stand in for each other. */
  readonly key: string;
  /** A context made once, the name for SNI; `rejectUnauthorized` is the caller's. */
  readonly options: ConnectionOptions;
  /** Asked when the handshake is done, before a byte is sent: a text refuses the peer, and becomes the failure's detail. */
  check?(socket: TLSSocket): string | undefined;
  /** Left by an earlier connection whose peer was not refused; offered to the backend for a shorter handshake. */
  session?: Buffer | undefined;
}

export interface ConnectOptions {
  /** SO_KEEPALIVE on TCP sockets (`keepalive=on` of a worker). */
  readonly isKeepAlive?: boolean;
  /** TLS to the backend. */
  readonly tls?: BackendTls;
}

/** The event that says the socket may be used; `verified` comes of us, when the peer of a TLS connection has been checked. */
export type ReadyEvent = 'connect' | 'verified';

/** The backend is not who it should be. */
class PeerRefusedError extends Error {
  readonly code = 'ERR_TLS_PEER_REFUSED';
}

/**
 * What plain sockets read into, all of them: the bytes are copied out before the next read. Without it every read, however small, costs a
 * buffer of this size of its own.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

function copyOf(buffer: Uint8Array, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  bytes.set(length === buffer.length ? buffer : buffer.subarray(0, length));
  return bytes;
}

/** Starts connecting; errors, the handshake included, come as events of the socket, what it reads comes to `onBytes`. */
export function openSocket(
  address: BackendAddress,
  options: ConnectOptions,
  onBytes: (bytes: Buffer) => void,
): { readonly socket: Socket; readonly ready: ReadyEvent } {
  // Half-open: a backend that ends its side may still be sent to, and its end must not end ours unasked.
  const target =
    address.kind === 'unix'
      ? { path: address.path, allowHalfOpen: true }
      : {
          host: address.host,
          port: address.port,
          noDelay: true,
          keepAlive: options.isKeepAlive ?? false,
          allowHalfOpen: true,
          ...(address.localAddress === undefined ? {} : { localAddress: address.localAddress }),
        };
  if (options.tls !== undefined) {
    return { socket: openTls(options.tls, target, onBytes), ready: 'verified' };
  }
  const onread = {
    buffer: readBuffer,
    callback: (length: number, buffer: Uint8Array): boolean => {
      onBytes(copyOf(buffer, length));
      return true;
    },
  };
  return { socket: connectNet({ ...target, onread }), ready: 'connect' };
}

/** Bytes of TLS come as they were decrypted: there is no buffer to share. */
function openTls(tls: BackendTls, target: ConnectionOptions, onBytes: (bytes: Buffer) => void): TLSSocket {
  const { session } = tls;
  const socket = connectTls({ ...tls.options, ...(session === undefined ? {} : { session }), ...target });
  let latest: Buffer | undefined;
  let isVerified = false;
  socket.on('session', (ticket: Buffer) => {
    latest = ticket;
    if (isVerified) tls.session = ticket;
  });
  socket.on('secureConnect', () => {
    const wrong = tls.check?.(socket);
    if (wrong !== undefined) {
      tls.session = undefined;
      socket.destroy(new PeerRefusedError(wrong));
      return;
    }
    isVerified = true;
    if (latest !== undefined) tls.session = latest;
    socket.on('data', onBytes);
    socket.emit('verified');
  });
  return socket;
}

/** For logs: `127.0.0.1:9000`, `[::1]:9000`, or the socket's path. */
export function describeAddress(address: BackendAddress): string {
  if (address.kind === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
