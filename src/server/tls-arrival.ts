/**
 * A connection to an address where TLS is spoken, until the handshake is done (ssl_init_ssl_connection and ssl_io_filter_handshake of
 * mod_ssl). What the client says first is looked at before TLS begins: the server it asks for decides on certificates, versions and ciphers, and
 * who speaks plain HTTP is told so.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ProxiedClient } from '../core/connection.ts';
import { serverTimeout } from '../core/core-config.ts';
import { Level, logConnection } from '../core/log.ts';
import { allowedTime } from '../core/read-timeouts.ts';
import type { ClientTls } from '../core/tls.ts';
import { type AddressServers, serverByName } from '../core/vhosts.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { asciiLower } from '../lib/ascii.ts';
import { Arrival, type ArrivalHost, ignore } from './arrival.ts';
import { FirstBytesReader } from './client-hello.ts';

/** What a client that speaks plain HTTP is taken to have asked, whatever it was (HTTP_ON_HTTPS_PORT of ssl_engine_io.c). */
const PLAIN_REQUEST = Buffer.from('GET / HTTP/1.0\r\n\r\n');

/** Who takes the connection over. */
export interface TlsArrivalHost extends ArrivalHost {
  /** TLS is spoken now. */
  onSecured(arrival: TlsArrival, socket: TLSSocket, tls: ClientTls): void;
  /** Plain HTTP was spoken: the socket's next bytes are a request that stands for it. */
  onPlain(arrival: TlsArrival, socket: Socket): void;
}

export class TlsArrival extends Arrival {
  readonly #servers: AddressServers | undefined;
  readonly #host: TlsArrivalHost;
  readonly #firstBytes = new FirstBytesReader();
  #tls: TLSSocket | undefined;
  readonly #begun = performance.now();

  constructor(
    socket: Socket,
    host: TlsArrivalHost,
    servers: AddressServers | undefined,
    base: VirtualServer,
    client?: ProxiedClient,
  ) {
    super(socket, host, base, client);
    this.#host = host;
    this.#servers = servers;
    host.wheel.arm(this, this.#allowedTime());
  }

  /** Milliseconds from its beginning: TimeOut, or what RequestReadTimeout says of handshakes. */
  #allowedTime(): number {
    const most = serverTimeout(this.baseServer);
    const limit = this.baseServer.readTimeouts?.handshake;
    if (limit === undefined || limit.timeout === 0) return most;
    return Math.min(most, allowedTime(limit, this.socket.bytesRead));
  }

  override onTimeout(): void {
    const left = this.#begun + this.#allowedTime() - performance.now();
    if (left > 1) {
      this.#host.wheel.arm(this, left);
      return;
    }
    logConnection(this, 'reqtimeout', Level.info, 'AH01382', 'Request handshake read timeout');
    this.abort();
  }

  protected override receive(chunk: Buffer): void {
    const first = this.#firstBytes.push(chunk);
    switch (first.kind) {
      case 'incomplete':
        return;
      case 'http':
        this.#handOverPlain();
        return;
      case 'other':
        this.#logFailure('wrong version number');
        this.abort();
        return;
      case 'tls':
        this.#begin(first.servername);
    }
  }

  #handOverPlain(): void {
    const message = 'SSL handshake failed: HTTP spoken on HTTPS port; trying to send HTML error page';
    logConnection(this, 'ssl', Level.info, 'AH01996', message);
    const { socket } = this;
    this.leave();
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

  #begin(servername: string | undefined): void {
    const server = this.#serverFor(servername);
    const context = server.tls?.context ?? this.baseServer.tls?.context;
    const { socket } = this;
    this.stopReading();
    socket.unshift(this.#firstBytes.bytes);
    this.#firstBytes.forget();
    const tls = new TLSSocket(socket, {
      isServer: true,
      requestCert: false,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(context === undefined ? {} : { secureContext: context }),
    });
    this.#tls = tls;
    tls.on('error', this.#onError);
    tls.on('close', this.#onClose);
    tls.once('secure', () => {
      if (this.isAborted) return;
      this.leave();
      this.#host.onSecured(this, tls, { socket: tls, wire: socket, servername, server });
    });
  }

  readonly #onError = (error: Error): void => {
    this.#logFailure((error as { reason?: string }).reason ?? error.message);
    this.abort();
  };

  readonly #onClose = (): void => this.abort();

  #logFailure(reason: string): void {
    const message = `SSL library error 1 in handshake (server ${this.baseServer.hostname}): ${reason}`;
    logConnection(this, 'ssl', Level.info, 'AH02008', message);
  }

  protected override leave(): void {
    super.leave();
    this.#firstBytes.forget();
    this.#tls?.removeListener('error', this.#onError);
    this.#tls?.removeListener('close', this.#onClose);
  }

  override abort(): void {
    if (!this.isAborted) {
      this.#tls?.on('error', ignore);
      this.#tls?.destroy();
    }
    super.abort();
  }
}
