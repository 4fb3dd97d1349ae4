/**
 * A connection that begins with a header of the PROXY protocol, until the header is whole (remoteip_input_filter of mod_remoteip). What does not
 * begin with one is cut off.
 */
import type { Socket } from 'node:net';
import type { ProxyProtocolRule } from '../core/configuration.ts';
import type { ProxiedClient } from '../core/connection.ts';
import { serverTimeout } from '../core/core-config.ts';
import { Level, logConnection } from '../core/log.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { Arrival, type ArrivalHost } from './arrival.ts';
import { plainAddress } from './http1-request.ts';
import { readProxyHeader } from './proxy-header.ts';

/** Who takes the connection over. */
export interface ProxyArrivalHost extends ArrivalHost {
  /** The socket's next bytes are those behind the header; it is paused. */
  onProxied(arrival: ProxyArrival, socket: Socket, client: ProxiedClient | undefined): void;
}

export function beginsWithProxyHeader(rule: ProxyProtocolRule, socket: Socket): boolean {
  const local = plainAddress(socket.localAddress ?? '');
  return rule(local, socket.localPort ?? 0, plainAddress(socket.remoteAddress ?? ''));
}

export class ProxyArrival extends Arrival {
  readonly #host: ProxyArrivalHost;
  #seen: Buffer | undefined;

  constructor(socket: Socket, host: ProxyArrivalHost, base: VirtualServer) {
    super(socket, host, base);
    this.#host = host;
    host.wheel.arm(this, serverTimeout(base));
  }

  override onTimeout(): void {
    this.abort();
  }

  protected override receive(chunk: Buffer): void {
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
        this.abort();
        return;
      case 'whole': {
        const { socket } = this;
        this.leave();
        socket.pause();
        if (header.length < bytes.length) socket.unshift(bytes.subarray(header.length));
        this.#host.onProxied(this, socket, header.client);
      }
    }
  }

  protected override receiveEnd(): void {
    const message = 'RemoteIPProxyProtocol: connection closed before a complete header was received';
    if (this.#seen !== undefined) logConnection(this, 'remoteip', Level.error, 'AH10634', message);
    this.abort();
  }
}
