/** The end of a connection that lets its client read the last answer before the socket goes (ap_lingering_close of server/connection.c). */
import type { Socket } from 'node:net';
import type { VirtualServer } from '../core/virtual-server.ts';
import type { ConnectionDeadline } from './connection-deadlines.ts';
import type { SendProgress } from './send-progress.ts';

/** How long a closed connection waits for the client to close too (SECONDS_TO_LINGER). */
const LINGER_QUIET = 2000;
const LINGER_LONGEST = 30_000;

export class Lingering {
  readonly #socket: Socket;
  readonly #deadline: ConnectionDeadline;
  readonly #progress: SendProgress;
  /** Monotonic milliseconds. */
  #end = 0;

  constructor(socket: Socket, deadline: ConnectionDeadline, progress: SendProgress) {
    this.#socket = socket;
    this.#deadline = deadline;
    this.#progress = progress;
  }

  /** Says that no more comes. @param hasEnded the client has said so before. */
  begin(server: VirtualServer, hasEnded: boolean): void {
    const socket = this.#socket;
    socket.end();
    if (!hasEnded) socket.resume();
    if (!hasEnded && socket.writableLength === 0) {
      this.#beginQuiet();
      return;
    }
    this.#progress.note();
    this.#deadline.expectProgress(server);
    // Where both sides have said all, the socket goes with its last bytes.
    if (!hasEnded) socket.once('finish', () => this.#beginQuiet());
  }

  /** The client sends still what nobody reads. */
  onData(): void {
    // Until all is sent the clock is the client's that reads.
    if (this.#socket.writableLength === 0) this.#expectQuiet();
  }

  #beginQuiet(): void {
    this.#end = performance.now() + LINGER_LONGEST;
    if (!this.#socket.destroyed) this.#expectQuiet();
  }

  #expectQuiet(): void {
    this.#deadline.expect(Math.min(LINGER_QUIET, this.#end - performance.now()));
  }
}
