/** A client's connection in the hands of a handler that speaks another protocol on it (core/raw-connection.ts): plain and TLS sockets alike. */
import type { Socket } from 'node:net';
import type { RawConnection, RawReader } from '../core/raw-connection.ts';
import type { Http1Transport } from './http1-answer.ts';

/** What it needs of the connection it was taken from. */
export interface TakenFrom {
  countRead(bytes: number): void;
  countWritten(bytes: number): void;
  /** Calls once, when the socket has taken everything. */
  onDrain(callback: () => void): void;
  /** The taker is done: what was written goes out, and the connection ends. */
  release(): void;
  /** Cuts the connection. */
  abort(): void;
}

/** @param abort cuts the connection. */
export function takenFrom(transport: Http1Transport, abort: () => void): TakenFrom {
  return {
    countRead(bytes) {
      transport.bytesRead += bytes;
    },
    countWritten(bytes) {
      transport.bytesWritten += bytes;
    },
    onDrain: (callback) => transport.onDrain(callback),
    release: () => transport.finish(false),
    abort,
  };
}

export class TakenConnection implements RawConnection {
  readonly #socket: Socket;
  readonly #from: TakenFrom;
  /** Received before anybody read, or while the reader was paused. */
  #early: Buffer[];
  #hasEnded: boolean;
  #isEndTold = false;
  #reader: RawReader | undefined;
  #isPaused = true;
  #isOver = false;

  /** @param early received already, in order. @param hasEnded the client has ended its side. */
  constructor(socket: Socket, from: TakenFrom, early: Buffer[], hasEnded: boolean) {
    this.#socket = socket;
    this.#from = from;
    this.#early = early;
    this.#hasEnded = hasEnded;
    socket.pause();
  }

  /** Closed or aborted by its taker, or lost. */
  get isOver(): boolean {
    return this.#isOver;
  }

  start(reader: RawReader): void {
    this.#reader = reader;
    this.resume();
  }

  resume(): void {
    if (!this.#isPaused || this.#isOver) return;
    this.#isPaused = false;
    while (this.#early.length > 0) {
      this.#deliver(this.#early.shift() as Buffer);
      // The reader may have paused, or closed, within the call.
      if (this.#isPaused || this.#isOver) return;
    }
    if (this.#hasEnded) this.#tellEnd();
    else this.#socket.resume();
  }

  write(bytes: Buffer): boolean {
    if (this.#isOver) return true;
    this.#from.countWritten(bytes.length);
    if (this.#socket.write(bytes)) return true;
    this.#from.onDrain(this.#onWritable);
    return false;
  }

  endWriting(): void {
    if (!this.#isOver) this.#socket.end();
  }

  close(): void {
    if (!this.#leave()) return;
    this.#from.release();
  }

  abort(): void {
    if (!this.#leave()) return;
    this.#from.abort();
  }

  // ---- for the connection ----

  receive(chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#isPaused) this.#early.push(chunk);
    else this.#deliver(chunk);
  }

  end(): void {
    this.#hasEnded = true;
    if (!this.#isPaused && !this.#isOver) this.#tellEnd();
  }

  /** The socket is lost. */
  gone(): void {
    const reader = this.#reader;
    if (this.#leave()) reader?.onGone();
  }

  #deliver(chunk: Buffer): void {
    this.#from.countRead(chunk.length);
    if (this.#reader?.onData(chunk) !== false || this.#isOver) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #tellEnd(): void {
    if (this.#isEndTold) return;
    this.#isEndTold = true;
    this.#reader?.onEnd();
  }

  readonly #onWritable = (): void => {
    if (!this.#isOver) this.#reader?.onWritable();
  };

  #leave(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#reader = undefined;
    this.#early = [];
    return true;
  }
}
