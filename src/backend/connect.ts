/** Opening sockets to backends: TCP, unix, with or without TLS. */

import type { IpcSocketConnectOpts, LookupFunction, Socket, TcpSocketConnectOpts } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  type DetailedPeerCertificate,
  type TLSSocket,
} from 'node:tls';
import { type ConnectRequest, ConnectTunnel, TunnelRefusedError } from './connect-tunnel.ts';
import { lookupRemembered } from './lookup.ts';
import { makeKind, openPlain } from './plain-socket.ts';
import { keepReadingAfterFailedWrite, type SocketEvents } from './socket-events.ts';

export interface TcpAddress {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  /** Behind the proxy at that address, which is asked for it by CONNECT. For TLS alone. */
  readonly behind?: ConnectRequest;
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
  /**
   * Asked when the handshake is done, before a byte is sent: a text refuses the peer, and becomes the failure's detail.
   * @param peer its certificate, with those above it; that of the session where one is taken up again.
   */
  check?(socket: TLSSocket, peer: DetailedPeerCertificate): string | undefined;
  /** Hears of handshakes that fail, other than by `check`. */
  onHandshakeFailure?(error: Error): void;
  /** Left by an earlier connection whose peer was not refused; offered to the backend for a shorter handshake. */
  session?: TlsSession | undefined;
}

interface TlsSession {
  readonly ticket: Buffer;
  /** Node knows no certificate of a peer that takes up a session again. */
  readonly peer: DetailedPeerCertificate;
}

/** Bytes that went to a backend and came from it, over all its connections. */
export interface Traffic {
  transferred: number;
  read: number;
}

export interface ConnectOptions {
  /** Counts what goes over the connection. */
  readonly traffic?: Traffic;
  /** SO_KEEPALIVE on TCP sockets (`keepalive=on` of a worker). */
  readonly isKeepAlive?: boolean;
  /** TLS to the backend. */
  readonly tls?: BackendTls;
}

/** The backend is not who it should be. */
class PeerRefusedError extends Error {
  readonly code = 'ERR_TLS_PEER_REFUSED';
}

const UNIX = makeKind({});
const TCP = makeKind({ noDelay: true, keepAlive: false });
const TCP_KEEPALIVE = makeKind({ noDelay: true, keepAlive: true });

/** Starts connecting; what becomes of it, the handshake included, is told to `events`. */
export function openSocket(address: BackendAddress, options: ConnectOptions, events: SocketEvents): Socket {
  const { tls } = options;
  const isKeepAlive = options.isKeepAlive === true;
  if (address.kind === 'unix') {
    const target = { path: address.path };
    return tls === undefined ? openPlain(UNIX, target, events) : openTls(tls, target, events);
  }
  const { host, port, localAddress } = address;
  const lookup = lookupRemembered as LookupFunction;
  const target = { host, port, lookup, ...(localAddress === undefined ? {} : { localAddress }) };
  if (tls === undefined) return openPlain(isKeepAlive ? TCP_KEEPALIVE : TCP, target, events);
  const full = { ...target, noDelay: true, keepAlive: isKeepAlive };
  return openTls(
    tls,
    address.behind === undefined ? full : { socket: new ConnectTunnel(full, address.behind) },
    events,
  );
}

/** Bytes of TLS come as they were decrypted: there is no buffer to share. */
function openTls(
  tls: BackendTls,
  target: TcpSocketConnectOpts | IpcSocketConnectOpts | { readonly socket: ConnectTunnel },
  events: SocketEvents,
): TLSSocket {
  const { session } = tls;
  const offered = session === undefined ? {} : { session: session.ticket };
  // Half-open, like plain sockets.
  const halfOpen = { allowHalfOpen: true } as ConnectionOptions;
  const socket = connectTls({ ...tls.options, ...offered, ...target, ...halfOpen });
  keepReadingAfterFailedWrite(socket);
  let ticket: Buffer | undefined;
  let peer: DetailedPeerCertificate | undefined;
  socket.on('session', (latest: Buffer) => {
    ticket = latest;
    if (peer !== undefined) tls.session = { ticket, peer };
  });
  socket.on('secureConnect', () => {
    const certificate =
      session !== undefined && socket.isSessionReused() ? session.peer : socket.getPeerCertificate(true);
    const wrong = tls.check?.(socket, certificate);
    if (wrong !== undefined) {
      tls.session = undefined;
      socket.destroy(new PeerRefusedError(wrong));
      return;
    }
    peer = certificate;
    if (ticket !== undefined) tls.session = { ticket, peer };
    socket.on('data', (bytes) => events.onBytes(bytes));
    events.onReady();
  });
  socket.on('drain', () => events.onDrain());
  socket.on('end', () => events.onEnd());
  socket.on('error', (error) => {
    const isAnother = error instanceof PeerRefusedError || error instanceof TunnelRefusedError;
    if (peer === undefined && !socket.connecting && !isAnother) tls.onHandshakeFailure?.(error);
    events.onError(error);
  });
  socket.on('close', () => events.onClose());
  return socket;
}

/** For logs: `127.0.0.1:9000`, `[::1]:9000`, or the socket's path. */
export function describeAddress(address: BackendAddress): string {
  if (address.kind === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
