/**
 * A connection that begins with a header of the PROXY protocol, until the header is whole (remoteip_input_filter of mod_remoteip). What does not
 * begin with one is cut off.
 */
import type { Socket } from 'node:net';
import type { ProxyProtocolRule } from '../core/configuration.ts';
import type { Connection, ProxiedClient } from '../core/connection.ts';
import { serverTimeout } from '../core/core-config.ts';
import { Level, logConnection } from '../core/log.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { type TimerWheel, WheelTimer } from '../lib/timer-wheel.ts';
import { plainAddress } from './http1-request.ts';
import { readProxyHeader } from './proxy-header.ts';

/** Who takes the connection over. */
export interface ProxyArrivalHost {
  readonly wheel: TimerWheel;
  /** The socket's next bytes are those behind the header; it is paused. */
  onProxied(arrival: ProxyArrival, socket: Socket, client: ProxiedClient | undefined): void;
  onLost(arrival: ProxyArrival): void;
}

export function beginsWithProxyHeader(rule: ProxyProtocolRule, socket: Socket): boolean {
  const local = plainAddress(socket.localAddress ?? '');
  return rule(local, socket.localPort ?? 0, plainAddress(socket.remoteAddress ?? ''));
}

export class ProxyArrival extends WheelTimer implements Connection {
  readonly id = 0;
  readonly remoteAddr: string;
  readonly remotePort: number;
  readonly localAddr: string;
  readonly localPort: number;
  readonly baseServer: VirtualServer;
  readonly keepalives = 0;
  readonly isTls = false;
  logId: string | undefined;
  readonly #host: ProxyArrivalHost;
  readonly #socket: Socket;
  #seen: Buffer | undefined;
  #isOver = false;

  constructor(socket: Socket, host: ProxyArrivalHost, base: VirtualServer) {
    super();
    this.#socket = socket;
    this.#host = host;
    this.baseServer = base;
    this.remoteAddr = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localAddr = plainAddress(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    socket.on('data', this.#onBytes);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onGone);
    socket.on('close', this.#onGone);
    host.wheel.arm(this, serverTimeout(base));
  }

  get isAborted(): boolean {
    return this.#isOver;
  }

  /** Cuts the connection. */
  abort(): void {
    this.#onGone();
  }

  override onTimeout(): void {
    this.#onGone();
  }

  readonly #onBytes = (chunk: Buffer): void => {
    const bytes = this.#seen === undefined ? chunk : Buffer.concat([this.#seen, chunk]);
    const header = readProxyHeader(bytes);
    switch (header.kind) {
      case 'incomplete':
        this.#seen = bytes;
        return;
      case 'bad':
        // Measured: httpd says nothing of those who do not even try.
        logConnection(
          this,
          'remoteip',
          header.code === '' ? Level.info : Level.error,
          header.code,
          header.message,
        );
        this.#onGone();
        return;
      case 'whole': {
        const socket = this.#socket;
        this.#leave();
        socket.pause();
        if (header.length < bytes.length) socket.unshift(bytes.subarray(header.length));
        this.#host.onProxied(this, socket, header.client);
      }
    }
  };

  readonly #onEnd = (): void => {
    const message = 'RemoteIPProxyProtocol: connection closed before a complete header was received';
    if (this.#seen !== undefined) logConnection(this, 'remoteip', Level.error, 'AH10634', message);
    this.#onGone();
  };

  /** Nothing is heard any more. */
  #leave(): void {
    this.#isOver = true;
    this.#seen = undefined;
    this.#host.wheel.cancel(this);
    const socket = this.#socket;
    socket.removeListener('data', this.#onBytes);
    socket.removeListener('end', this.#onEnd);
    socket.removeListener('error', this.#onGone);
    socket.removeListener('close', this.#onGone);
  }

  readonly #onGone = (): void => {
    if (this.#isOver) return;
    this.#leave();
    // What still breaks has nobody to tell.
    this.#socket.on('error', ignore);
    this.#socket.destroy();
    this.#host.onLost(this);
  };
}

function ignore(): void {
  // Deliberately nothing.
}
