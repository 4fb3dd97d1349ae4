/**
 * What a connection waits for, and until when: TimeOut for every step of progress (core_create_conn's socket timeout), KeepAliveTimeout between
 * requests, RequestReadTimeout for heads and bodies as a whole (modules/filters/mod_reqtimeout.c). One entry of the listener's timer wheel a
 * connection: no timers of their own for requests.
 */
import type { Connection } from '../core/connection.ts';
import { serverTimeout } from '../core/core-config.ts';
import { Level, logConnection } from '../core/log.ts';
import { allowedTime } from '../core/read-timeouts.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { type TimerWheel, WheelTimer } from '../lib/timer-wheel.ts';

type Stage = 'header' | 'body';

export interface DeadlineOwner extends Connection {
  /** What was expected has not come in time. */
  onOverdue(): void;
}

export class ConnectionDeadline extends WheelTimer {
  readonly #owner: DeadlineOwner;
  readonly #wheel: TimerWheel;
  /** Monotonic milliseconds at which what is awaited is overdue. */
  #due = 0;
  /** Since when (monotonic milliseconds; 0: not yet) and how many bytes of a head or a body have been read. */
  #readSince = 0;
  #readBytes = 0;

  constructor(owner: DeadlineOwner, wheel: TimerWheel) {
    super();
    this.#owner = owner;
    this.#wheel = wheel;
  }

  /** Something is due within `ms`. The wheel's entry is only moved when it would fire too late. */
  expect(ms: number): void {
    const due = performance.now() + ms;
    const isSooner = this.wheelTick < 0 || due < this.#due;
    this.#due = due;
    if (isSooner) this.#wheel.arm(this, ms);
  }

  /** The client must take or send something within TimeOut. */
  expectProgress(server: VirtualServer): void {
    this.expect(serverTimeout(server));
  }

  /** More of a head or body is due: TimeOut for each piece of it, RequestReadTimeout for all. */
  expectInput(stage: Stage, server: VirtualServer): void {
    const quiet = serverTimeout(server);
    const limit = server.readTimeouts?.[stage];
    if (limit === undefined || limit.timeout === 0) {
      this.expect(quiet);
      return;
    }
    const now = performance.now();
    if (this.#readSince === 0) this.#readSince = now;
    this.expect(Math.min(quiet, this.#readSince + allowedTime(limit, this.#readBytes) - now));
  }

  /** What RequestReadTimeout measures begins anew: the next head, or the body behind it. */
  restartInput(): void {
    this.#readSince = this.#readBytes = 0;
  }

  /** RequestReadTimeout measures already. */
  get isMeasuring(): boolean {
    return this.#readSince !== 0;
  }

  count(bytes: number): void {
    this.#readBytes += bytes;
  }

  /** A head or a body took longer than it may (mod_reqtimeout's line). */
  logSlow(stage: Stage, server: VirtualServer): void {
    if ((server.readTimeouts?.[stage].timeout ?? 0) === 0) return;
    logConnection(this.#owner, 'reqtimeout', Level.info, 'AH01382', `Request ${stage} read timeout`);
  }

  cancel(): void {
    this.#wheel.cancel(this);
  }

  override onTimeout(): void {
    const left = this.#due - performance.now();
    if (left > 1) this.#wheel.arm(this, left);
    else this.#owner.onOverdue();
  }
}
