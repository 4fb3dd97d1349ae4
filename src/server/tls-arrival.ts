/**
 * A connection to an address where TLS is spoken, until the handshake is done (ssl_init_ssl_connection and ssl_io_filter_handshake of
 * mod_ssl). What the client says first is looked at before TLS begins: the server it asks for decides on certificates, versions and ciphers, and
 * who speaks plain HTTP is told so.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Connection, ProxiedClient } from '../core/connection.ts';
import { serverTimeout } from '../core/core-config.ts';
import { Level, logConnection } from '../core/log.ts';
import { allowedTime } from '../core/read-timeouts.ts';
import type { ClientTls } from '../core/tls.ts';
import { type AddressServers, serverByName } from '../core/vhosts.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { asciiLower } from '../http/bytes.ts';
import { type TimerWheel, WheelTimer } from '../lib/timer-wheel.ts';
import { readFirstBytes } from './client-hello.ts';
import { plainAddress } from './http1-request.ts';

/** What a client that speaks plain HTTP is taken to have asked, whatever it was (HTTP_ON_HTTPS_PORT of ssl_engine_io.c). */
const PLAIN_REQUEST = Buffer.from('GET / HTTP/1.0\r\n\r\n');

/** Who takes the connection over. */
export interface ArrivalHost {
  readonly wheel: TimerWheel;
  /** TLS is spoken now. */
  onSecured(arrival: TlsArrival, socket: TLSSocket, tls: ClientTls): void;
  /** Plain HTTP was spoken: the socket's next bytes are a request that stands for it. */
  onPlain(arrival: TlsArrival, socket: Socket): void;
  onLost(arrival: TlsArrival): void;
}

export class TlsArrival extends WheelTimer implements Connection {
  readonly id = 0;
  readonly remoteAddr: string;
  readonly remotePort: number;
  readonly localAddr: string;
  readonly localPort: number;
  readonly proxiedClient: ProxiedClient | undefined;
  readonly baseServer: VirtualServer;
  readonly keepalives = 0;
  readonly isTls = false;
  logId: string | undefined;
  readonly #servers: AddressServers | undefined;
  readonly #host: ArrivalHost;
  readonly #socket: Socket;
  #tls: TLSSocket | undefined;
  #seen: Buffer | undefined;
  #isOver = false;
  readonly #begun = performance.now();

  constructor(
    socket: Socket,
    host: ArrivalHost,
    servers: AddressServers | undefined,
    base: VirtualServer,
    client?: ProxiedClient,
  ) {
    super();
    this.proxiedClient = client;
    this.#socket = socket;
    this.#host = host;
    this.#servers = servers;
    this.baseServer = base;
    this.remoteAddr = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localAddr = plainAddress(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    socket.on('data', this.#onFirstBytes);
    socket.on('error', this.#onGone);
    socket.on('close', this.#onGone);
    socket.on('end', this.#onGone);
    host.wheel.arm(this, this.#allowedTime());
  }

  get isAborted(): boolean {
    return this.#isOver;
  }

  /** Cuts the connection. */
  abort(): void {
    this.#onGone();
  }

  /** Milliseconds from its beginning: TimeOut, or what RequestReadTimeout says of handshakes. */
  #allowedTime(): number {
    const most = serverTimeout(this.baseServer);
    const limit = this.baseServer.readTimeouts?.handshake;
    if (limit === undefined || limit.timeout === 0) return most;
    return Math.min(most, allowedTime(limit, this.#socket.bytesRead));
  }

  override onTimeout(): void {
    const left = this.#begun + this.#allowedTime() - performance.now();
    if (left > 1) {
      this.#host.wheel.arm(this, left);
      return;
    }
    logConnection(this, 'reqtimeout', Level.info, 'AH01382', 'Request handshake read timeout');
    this.#onGone();
  }

  readonly #onFirstBytes = (chunk: Buffer): void => {
    const bytes = this.#seen === undefined ? chunk : Buffer.concat([this.#seen, chunk]);
    const first = readFirstBytes(bytes);
    switch (first.kind) {
      case 'incomplete':
        this.#seen = bytes;
        return;
      case 'http':
        this.#handOverPlain();
        return;
      case 'other':
        this.#log(
          `SSL library error 1 in handshake (server ${this.baseServer.hostname}): wrong version number`,
        );
        this.#onGone();
        return;
      case 'tls':
        this.#begin(bytes, first.servername);
    }
  };

  #handOverPlain(): void {
    const message = 'SSL handshake failed: HTTP spoken on HTTPS port; trying to send HTML error page';
    logConnection(this, 'ssl', Level.info, 'AH01996', message);
    const socket = this.#socket;
    this.#leave();
    socket.pause();
    socket.unshift(PLAIN_REQUEST);
    this.#host.onPlain(this, socket);
  }

  /** The server of the name, or else the first one; one without certificates of its own shows those of the first. */
  #serverFor(servername: string | undefined): VirtualServer {
    const servers = this.#servers;
    if (servername === undefined || servers === undefined) return this.baseServer;
    const name = asciiLower(servername);
    return serverByName(servers, name.endsWith('.') ? name.slice(0, -1) : name) ?? this.baseServer;
  }

  #begin(bytes: Buffer, servername: string | undefined): void {
    const server = this.#serverFor(servername);
    const context = server.tls?.context ?? this.baseServer.tls?.context;
    const socket = this.#socket;
    socket.removeListener('data', this.#onFirstBytes);
    socket.removeListener('end', this.#onGone);
    this.#seen = undefined;
    socket.pause();
    socket.unshift(bytes);
    const tls = new TLSSocket(socket, {
      isServer: true,
      requestCert: false,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(context === undefined ? {} : { secureContext: context }),
    });
    this.#tls = tls;
    tls.on('error', this.#onError);
    tls.on('close', this.#onGone);
    tls.once('secure', () => {
      if (this.#isOver) return;
      this.#leave();
      this.#host.onSecured(this, tls, { socket: tls, servername, server });
    });
  }

  readonly #onError = (error: Error): void => {
    const reason = (error as { reason?: string }).reason ?? error.message;
    this.#log(`SSL library error 1 in handshake (server ${this.baseServer.hostname}): ${reason}`);
    this.#onGone();
  };

  #log(message: string): void {
    logConnection(this, 'ssl', Level.info, 'AH02008', message);
  }

  /** Nothing is heard any more. */
  #leave(): void {
    this.#isOver = true;
    this.#seen = undefined;
    this.#host.wheel.cancel(this);
    const socket = this.#socket;
    socket.removeListener('data', this.#onFirstBytes);
    socket.removeListener('end', this.#onGone);
    socket.removeListener('error', this.#onGone);
    socket.removeListener('close', this.#onGone);
    this.#tls?.removeListener('error', this.#onError);
    this.#tls?.removeListener('close', this.#onGone);
  }

  readonly #onGone = (): void => {
    if (this.#isOver) return;
    this.#leave();
    // What still breaks has nobody to tell.
    this.#socket.on('error', ignore);
    this.#tls?.on('error', ignore);
    this.#tls?.destroy();
    this.#socket.destroy();
    this.#host.onLost(this);
  };
}

function ignore(): void {
  // Deliberately nothing.
}
