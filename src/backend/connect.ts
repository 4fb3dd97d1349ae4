/** Opening sockets to backends: TCP, unix, with or without TLS. */

import { connect as connectNet, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

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

export interface ConnectOptions {
  /** SO_KEEPALIVE on TCP sockets (`keepalive=on` of a worker). */
  readonly isKeepAlive?: boolean;
  /** TLS to the backend; `servername` and trust are the caller's. */
  readonly tls?: ConnectionOptions;
}

/** The event that says the socket may be used. */
export type ReadyEvent = 'connect' | 'secureConnect';

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
    const socket = connectTls({ ...options.tls, ...target });
    socket.on('data', onBytes);
    return { socket, ready: 'secureConnect' };
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

/** For logs: `127.0.0.1:9000`, `[::1]:9000`, or the socket's path. */
export function describeAddress(address: BackendAddress): string {
  if (address.kind === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
