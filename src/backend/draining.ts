/**
 * A connection whose answer is over while the last bytes of its request are still on their way (a backend that answers as soon as it knows what):
 * it stays lent until they are sent, and can be used again then.
 */

import type { BackendConnection, ConnectionUser } from './connection.ts';
import type { BackendPool } from './pool.ts';

class Draining implements ConnectionUser {
  readonly #pool: BackendPool;
  readonly #connection: BackendConnection;
  #isOver = false;

  constructor(pool: BackendPool, connection: BackendConnection, timeout: number) {
    this.#pool = pool;
    this.#connection = connection;
    connection.take(this);
    connection.resume();
    if (timeout > 0) connection.arm(timeout);
    connection.whenSent(() => this.#release(true));
  }

  /** Bytes nobody asked for. */
  onData(): void {
    this.#release(false);
  }

  /** Comes only where the write before it was told to wait; `whenSent` comes in any case. */
  onWritable(): void {}

  onSocketEnd(): void {
    this.#release(false);
  }

  onSocketFailure(): void {
    this.#release(false);
  }

  onIdleTimeout(): void {
    this.#release(false);
  }

  #release(isReusable: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pool.release(this.#connection, isReusable);
  }
}

/** @param timeout milliseconds until it is closed instead; 0: none. */
export function releaseWhenSent(pool: BackendPool, connection: BackendConnection, timeout: number): void {
  new Draining(pool, connection, timeout);
}
