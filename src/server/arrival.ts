/** A connection that speaks no HTTP yet: something stands before the first request, and has to be whole in time. */
import type { Socket } from 'node:net';
import type { Connection, ProxiedClient } from '../core/connection.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { type TimerWheel, WheelTimer } from '../lib/timer-wheel.ts';
import { plainAddress } from './http1-request.ts';

/** Who takes the connection over, or forgets it. */
export interface ArrivalHost {
  readonly wheel: TimerWheel;
  onLost(arrival: Arrival): void;
}

export abstract class Arrival extends WheelTimer implements Connection {
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
  protected readonly socket: Socket;
  readonly #host: ArrivalHost;
  #isOver = false;

  constructor(socket: Socket, host: ArrivalHost, base: VirtualServer, client?: ProxiedClient) {
    super();
    this.socket = socket;
    this.#host = host;
    this.proxiedClient = client;
    this.baseServer = base;
    this.remoteAddr = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localAddr = plainAddress(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onGone);
    socket.on('close', this.#onGone);
  }

  /** Handed over, or lost. */
  get isAborted(): boolean {
    return this.#isOver;
  }

  /** Cuts the connection. */
  abort(): void {
    if (this.#isOver) return;
    this.leave();
    // What still breaks has nobody to tell.
    this.socket.on('error', ignore);
    this.socket.destroy();
    this.#host.onLost(this);
  }

  /** Bytes, as long as they are read here. */
  protected abstract receive(chunk: Buffer): void;

  /** The client sends no more, as long as that is heard here. */
  protected receiveEnd(): void {
    this.abort();
  }

  /** Bytes are somebody else's to read; the socket is paused. */
  protected stopReading(): void {
    this.socket.removeListener('data', this.#onData);
    this.socket.removeListener('end', this.#onEnd);
    this.socket.pause();
  }

  /** Nothing is heard any more. */
  protected leave(): void {
    this.#isOver = true;
    this.#host.wheel.cancel(this);
    this.socket.removeListener('data', this.#onData);
    this.socket.removeListener('end', this.#onEnd);
    this.socket.removeListener('error', this.#onGone);
    this.socket.removeListener('close', this.#onGone);
  }

  readonly #onData = (chunk: Buffer): void => this.receive(chunk);
  readonly #onEnd = (): void => this.receiveEnd();
  readonly #onGone = (): void => this.abort();
}

export function ignore(): void {
  // Deliberately nothing.
}
