/**
 * One request's way through a backend: body in, answer out, both at once, each side slowed by the other. Built of
 * callbacks on one object, since this is the hot path of every proxied request.
 *
 * - A client that reads slowly pauses the backend's socket; a backend that reads slowly pauses the request body.
 * - A backend may answer before it has the whole body; then the rest is not sent and the connection is not kept.
 * - The timeout counts while the backend is what we wait for: not while the client is slow at either end.
 * - What the driver or the sink throws into a callback of the backend's socket ends this request, and no other.
 * - A kept connection that turns out to be closed before a byte of the answer came is replaced once by a fresh one.
 */

import type { BodyReader, BodySource, ResponseSink } from './body.ts';
import type { BackendConnection, ConnectionUser } from './connection.ts';
import { releaseWhenSent } from './draining.ts';
import type { Driver, DriverEvents } from './driver.ts';
import type { BackendFailure } from './failure.ts';
import type { BackendPool, PoolClient } from './pool.ts';
import type { DetachedConnection, PumpOptions } from './pump-options.ts';
import { ReplayStart } from './replay-start.ts';

const DEFAULT_PREFETCH = 16 * 1024;

type Phase = 'acquiring' | 'running' | 'settled';

export class Pump<Head> implements PoolClient, ConnectionUser, BodyReader, DriverEvents<Head> {
  readonly #pool: BackendPool;
  readonly #driver: Driver<Head>;
  readonly #body: BodySource;
  readonly #sink: ResponseSink<Head>;
  #timeout: number;
  readonly #isFreshWanted: boolean;
  readonly #replay: ReplayStart;
  readonly #onDefect: ((error: unknown) => void) | undefined;
  #phase: Phase = 'acquiring';
  #connection: BackendConnection | undefined;
  #isBodyDone = false;
  #isBodyHeld: boolean;
  #isBodyPaused = false;
  #isWriteBlocked = false;
  #isSinkBlocked = false;
  #hasHead = false;
  #hasEnded = false;
  #failure: BackendFailure | undefined;

  constructor(options: PumpOptions<Head>) {
    this.#pool = options.pool;
    this.#driver = options.driver;
    this.#body = options.body;
    this.#sink = options.sink;
    this.#timeout = options.timeout;
    this.#isFreshWanted = options.isFreshWanted === true;
    this.#isBodyHeld = options.isBodyHeld === true && options.body.isPresent;
    this.#replay = new ReplayStart(
      options.prefetch ?? DEFAULT_PREFETCH,
      options.isRetriable,
      options.isResetRetried === true,
    );
    this.#onDefect = options.onDefect;
  }

  /** Takes what is there of the body, then a connection. The sink may hear of the result within the call. */
  start(): void {
    if (this.#phase === 'settled') return;
    if (!this.#body.isPresent) {
      this.#isBodyDone = true;
      this.#pool.acquire(this, this.#isFreshWanted);
      return;
    }
    if (this.#isBodyHeld) {
      this.#pool.acquire(this, this.#isFreshWanted);
      return;
    }
    this.#body.start(this);
    if (this.#isBodyDone) this.#acquire();
    // A body that came with its request is delivered before this runs: request and body then leave in one write.
    else queueMicrotask(() => this.#acquire());
  }

  #acquire(): void {
    if (this.#phase !== 'acquiring') return;
    try {
      this.#pool.acquire(this, this.#isFreshWanted);
    } catch (error) {
      this.#crash(error);
    }
  }

  /** The sink takes data again, after a `write` that answered false. */
  resume(): void {
    if (!this.#isSinkBlocked) return;
    this.#isSinkBlocked = false;
    this.#connection?.resume();
    this.#watch();
  }

  /** The body that was held goes on its way. */
  releaseBody(): void {
    if (!this.#isBodyHeld || this.#phase === 'settled') return;
    this.#isBodyHeld = false;
    this.#body.start(this);
    this.#watch();
  }

  /** Another limit from now on. @param timeout milliseconds; 0: none. */
  setTimeout(timeout: number): void {
    if (timeout === 0) this.#connection?.disarm();
    this.#timeout = timeout;
    this.#watch();
  }

  /** The client is gone: gives up the backend. The sink hears nothing more. */
  abort(): void {
    if (this.#phase === 'settled') return;
    if (this.#phase === 'acquiring') this.#pool.cancel(this);
    this.#giveUpConnection();
    this.#settle();
  }

  /**
   * Takes the backend's connection out, for another protocol on it (an upgrade, backend/tunnel.ts): the pump is over, its sink hears nothing more.
   * To be asked while the answer's head is read; what came behind the head is the driver's to hand on. Undefined when the request's body
   * has not been sent whole, or there is no connection any more. Whoever gets it takes it (`connection.take`) within the same turn.
   */
  detach(): DetachedConnection | undefined {
    const connection = this.#connection;
    if (this.#phase !== 'running' || connection === undefined || !this.#isBodyDone) return undefined;
    this.#connection = undefined;
    this.#settle();
    connection.disarm();
    return { connection, release: (used) => this.#pool.release(used, false) };
  }

  /** The backend has not taken all of the body. */
  get isSendingBody(): boolean {
    return !this.#isBodyDone || this.#isWriteBlocked;
  }

  /** Ended, failed or aborted. */
  get isSettled(): boolean {
    return this.#phase === 'settled';
  }

  // PoolClient

  onAcquired(connection: BackendConnection, isFresh: boolean): void {
    if (this.#phase !== 'acquiring') {
      this.#pool.release(connection, true);
      return;
    }
    try {
      this.#open(connection, isFresh);
    } catch (error) {
      this.#crash(error);
    }
  }

  #open(connection: BackendConnection, isFresh: boolean): void {
    this.#phase = 'running';
    this.#connection = connection;
    connection.take(this);
    const opening = this.#driver.open(this, this.#replay.bytes(), this.#isBodyDone);
    this.#isWriteBlocked = !connection.write(opening);
    this.#replay.sent(isFresh);
    if (this.#isBodyPaused) this.#resumeBody();
    this.#watch();
  }

  onAcquireFailed(failure: BackendFailure): void {
    this.#failSafely(failure);
  }

  // BodyReader

  onBody(chunk: Buffer): boolean {
    if (this.#phase === 'settled') return true;
    if (this.#phase === 'acquiring') {
      this.#isBodyPaused = !this.#replay.collect(chunk);
      return !this.#isBodyPaused;
    }
    this.#replay.add(chunk);
    this.#send(this.#driver.encodeBody(chunk));
    this.#isBodyPaused = this.#isWriteBlocked || this.#driver.isHoldingBody === true;
    this.#watch();
    return !this.#isBodyPaused;
  }

  onBodyEnd(): void {
    this.#isBodyDone = true;
    if (this.#phase !== 'running') return;
    const closing = this.#driver.encodeBodyEnd();
    if (closing !== undefined) this.#send(closing);
    this.#watch();
  }

  onBodyError(status: number): void {
    if (this.#phase === 'acquiring') this.#pool.cancel(this);
    this.#fail({ kind: 'body', detail: String(status) });
  }

  // ConnectionUser. Called by the socket and the clock: what is thrown here would reach nobody who knows the request.

  onData(chunk: Buffer): void {
    try {
      this.#replay.forget();
      this.#driver.receive(chunk);
      if (this.#conclude()) return;
      this.#sink.flush();
      this.#watch();
    } catch (error) {
      this.#crash(error);
    }
  }

  onWritable(): void {
    try {
      this.#isWriteBlocked = false;
      if (this.#isBodyPaused) this.#resumeBody();
      this.#watch();
    } catch (error) {
      this.#crash(error);
    }
  }

  onSocketEnd(): void {
    try {
      // Ended with bytes of the request not taken: a reset that came before they were sent.
      if (this.#canRetry((this.#connection?.pendingBytes ?? 0) > 0)) {
        this.#retry();
        return;
      }
      this.#driver.socketEnd();
      // A driver that says nothing of the end has not understood it; the answer is not whole.
      if (!this.#conclude()) this.#fail({ kind: 'closed', detail: 'closed' });
    } catch (error) {
      this.#crash(error);
    }
  }

  onSocketFailure(failure: BackendFailure): void {
    if (!this.#canRetry(failure.kind === 'reset')) {
      this.#failSafely(failure);
      return;
    }
    try {
      this.#retry();
    } catch (error) {
      this.#crash(error);
    }
  }

  onIdleTimeout(): void {
    this.#failSafely({ kind: 'timeout', detail: `silent for ${this.#timeout} ms` });
  }

  // DriverEvents. The end is acted on when the driver has returned: only then is known what came behind it.

  onHead(head: Head): void {
    if (this.#phase === 'settled') return;
    this.#hasHead = true;
    this.#sink.onHead(head);
  }

  onBodyPart(slice: Buffer): void {
    if (this.#phase === 'settled' || this.#sink.write(slice)) return;
    if (this.#isSinkBlocked) return;
    this.#isSinkBlocked = true;
    this.#connection?.pause();
  }

  onSend(bytes: Buffer): void {
    if (this.#phase !== 'running') return;
    this.#send(bytes);
    this.#watch();
  }

  onBodyWanted(): void {
    if (this.#phase === 'running' && this.#isBodyPaused) this.#resumeBody();
  }

  onEnd(): void {
    this.#hasEnded = true;
  }

  onProtocolFailure(kind: 'protocol' | 'closed', detail: string): void {
    this.#failure ??= { kind, detail };
  }

  /** @returns whether the request is over. */
  #conclude(): boolean {
    if (this.#phase === 'settled') return true;
    if (this.#failure !== undefined) {
      this.#fail(this.#failure);
      return true;
    }
    if (!this.#hasEnded) return false;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#settle();
    // First, so that whatever the end sets off can have the connection.
    if (connection !== undefined) this.#release(connection);
    this.#sink.end();
    return true;
  }

  /** Gives a connection back whose answer is over. */
  #release(connection: BackendConnection): void {
    const isReusable = this.#driver.isReusable && this.#isBodyDone;
    // As with httpd, which has written all of a request before it reads.
    if (isReusable && connection.pendingBytes > 0) releaseWhenSent(this.#pool, connection, this.#timeout);
    else this.#pool.release(connection, isReusable);
  }

  #fail(failure: BackendFailure): void {
    if (this.#phase === 'settled') return;
    this.#giveUpConnection();
    this.#settle();
    this.#sink.fail(failure, !this.#hasHead);
  }

  #failSafely(failure: BackendFailure): void {
    try {
      this.#fail(failure);
    } catch (error) {
      this.#crash(error);
    }
  }

  /** A defect: the backend's connection is cut, since nobody knows what state it is in. */
  #crash(error: unknown): void {
    const wasSettled = this.#phase === 'settled';
    if (this.#phase === 'acquiring') this.#pool.cancel(this);
    const connection = this.#connection;
    this.#connection = undefined;
    this.#settle();
    if (connection !== undefined) this.#pool.release(connection, false);
    if (this.#onDefect !== undefined) {
      this.#onDefect(error);
      return;
    }
    queueMicrotask(() => {
      throw error;
    });
    if (!wasSettled) this.#sink.fail({ kind: 'other', detail: 'EFAULT' }, !this.#hasHead);
  }

  #settle(): void {
    this.#phase = 'settled';
    this.#replay.forget();
    this.#body.discard?.();
  }

  #giveUpConnection(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    if (!connection.isDead) {
      const abort = this.#driver.encodeAbort();
      if (abort !== undefined && !this.#isWriteBlocked) connection.write(abort);
    }
    this.#pool.release(connection, false);
  }

  #canRetry(isReset: boolean): boolean {
    return this.#phase === 'running' && this.#replay.canRetry(isReset);
  }

  #retry(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#replay.retried();
    this.#isWriteBlocked = false;
    this.#phase = 'acquiring';
    if (connection !== undefined) this.#pool.release(connection, false);
    this.#pool.acquire(this, true);
  }

  #send(bytes: Buffer): void {
    if (bytes.length > 0 && this.#connection?.write(bytes) === false) this.#isWriteBlocked = true;
  }

  /** Unless the backend, or the driver for it, takes no more for now. */
  #resumeBody(): void {
    if (this.#isWriteBlocked || this.#driver.isHoldingBody === true) return;
    this.#isBodyPaused = false;
    if (!this.#isBodyDone) this.#body.resume();
  }

  /** Sets or ends the timeout, according to whom we wait for. */
  #watch(): void {
    if (this.#timeout === 0 || this.#connection === undefined) return;
    if (
      !this.#isSinkBlocked &&
      (this.#isBodyDone || this.#isBodyHeld || this.#isBodyPaused || this.#isWriteBlocked)
    )
      this.#connection.arm(this.#timeout);
    else this.#connection.disarm();
  }
}
