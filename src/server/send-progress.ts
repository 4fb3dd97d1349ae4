/** Whether a client takes what it is sent: part of a write that the system has not taken whole counts too, as it does for httpd's TimeOut. */
import type { Socket } from 'node:net';

/** Node's own handle, by which net.Socket's idle timeout tells the same; the only place where a write shows before it is whole. */
interface Queued {
  readonly _handle?: { readonly writeQueueSize?: number } | null;
}

export class SendProgress {
  readonly #socket: Socket;
  readonly #wire: Queued;
  #unsent = -1;
  #queued = -1;
  /** Monotonic milliseconds. */
  #since = 0;

  /** @param wire the socket beneath, where `socket` is one that speaks TLS. */
  constructor(socket: Socket, wire: Socket) {
    this.#socket = socket;
    this.#wire = wire as unknown as Queued;
  }

  /** The client's time begins now, with what waits now. */
  note(): void {
    this.#unsent = this.#socket.writableLength;
    this.#queued = this.#wire._handle?.writeQueueSize ?? 0;
    this.#since = performance.now();
  }

  /** How much of `patience` is left, in milliseconds; it begins anew whenever something was taken since the last look. */
  left(patience: number): number {
    const queued = this.#wire._handle?.writeQueueSize ?? 0;
    if (this.#socket.writableLength !== this.#unsent || queued !== this.#queued) this.note();
    return this.#since + patience - performance.now();
  }
}
