/**
 * Something with one deadline. The wheel links these objects into its slots, so arming allocates nothing:
 * extend the class, or keep one such object per connection.
 */
export abstract class WheelTimer {
  /** The wheel's own; not for use elsewhere. */
  wheelNext: WheelTimer | null = null;
  /** The wheel's own; not for use elsewhere. */
  wheelPrevious: WheelTimer | null = null;
  /** The tick the timer is due at; -1 while it is not armed. */
  wheelTick = -1;

  /** The deadline has passed. The timer is no longer armed and may be armed again here. */
  abstract onTimeout(): void;
}

/** The head of a slot's ring. */
class Slot extends WheelTimer {
  override onTimeout(): void {}
}

/**
 * One coarse timer wheel for many deadlines (hashed wheel: a slot holds all timers due at its tick modulo the
 * number of slots). Arm and cancel are O(1) without allocation. Deadlines are kept to within a tick: a timer
 * fires at the earliest after the time asked for and at the latest one tick later.
 *
 * The wheel's interval is unref'd and runs only while something is armed.
 */
export class TimerWheel {
  /** Milliseconds between two ticks. */
  readonly tickMs: number;
  readonly #slots: readonly Slot[];
  readonly #mask: number;
  readonly #now: () => number;
  readonly #start: number;
  readonly #onError: (error: unknown) => void;
  #tick = 0;
  #armed = 0;
  #interval: ReturnType<typeof setInterval> | undefined;

  /**
   * @param options.slots rounded up to a power of two; timers further out than slots * tickMs are looked at
   * once a round
   * @param options.onError what an onTimeout() threw; without it the error is raised on its own turn, and the
   * other timers still fire
   */
  constructor(
    options: {
      tickMs?: number;
      slots?: number;
      now?: () => number;
      onError?: (error: unknown) => void;
    } = {},
  ) {
    this.tickMs = options.tickMs ?? 1000;
    const count = 2 ** Math.ceil(Math.log2(Math.max(2, options.slots ?? 512)));
    this.#mask = count - 1;
    this.#slots = Array.from({ length: count }, () => {
      const slot = new Slot();
      slot.wheelNext = slot;
      slot.wheelPrevious = slot;
      return slot;
    });
    this.#now = options.now ?? (() => performance.now());
    this.#onError = options.onError ?? raise;
    this.#start = this.#now();
  }

  /** How many timers are armed. */
  get size(): number {
    return this.#armed;
  }

  /** Sets (or moves) the timer's deadline to `ms` from now. */
  arm(timer: WheelTimer, ms: number): void {
    if (this.#armed === 0 && timer.wheelTick < 0) this.#tick = this.#currentTick();
    // Up to the next tick boundary, and never the tick that may be running.
    const due = Math.max(this.#tick + 1, Math.ceil((this.#now() - this.#start + ms) / this.tickMs));
    if (timer.wheelTick === due) return;
    if (timer.wheelTick >= 0) this.#unlink(timer);
    this.#link(timer, due);
    if (this.#interval === undefined) {
      this.#interval = setInterval(() => this.advance(), this.tickMs);
      this.#interval.unref();
    }
  }

  /** Takes the deadline back; nothing happens if there is none. */
  cancel(timer: WheelTimer): void {
    if (timer.wheelTick >= 0) this.#unlink(timer);
  }

  /** Stops the wheel's interval and forgets all deadlines. */
  stop(): void {
    for (const slot of this.#slots) {
      while (slot.wheelNext !== slot && slot.wheelNext !== null) this.#unlink(slot.wheelNext);
    }
    this.#sleep();
  }

  /** Fires all that is due. The interval does this; a test may. */
  advance(): void {
    const current = this.#currentTick();
    // After a long pause one round visits every slot; due timers of earlier ticks fire in it as well.
    const first = Math.max(this.#tick + 1, current - this.#mask);
    this.#tick = current;
    for (let tick = first; tick <= current; tick++)
      this.#fire(this.#slots[tick & this.#mask] as Slot, current);
    if (this.#armed === 0) this.#sleep();
  }

  #sleep(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
  }

  #currentTick(): number {
    return Math.floor((this.#now() - this.#start) / this.tickMs);
  }

  #fire(slot: Slot, current: number): void {
    // What is due is first moved aside: a callback may arm or cancel any timer, in this slot too.
    const due = new Slot();
    due.wheelNext = due;
    due.wheelPrevious = due;
    for (let timer = slot.wheelNext; timer !== slot && timer !== null; ) {
      const next: WheelTimer | null = timer.wheelNext;
      if (timer.wheelTick <= current) {
        detach(timer);
        attach(due, timer);
      }
      timer = next;
    }
    while (due.wheelNext !== due && due.wheelNext !== null) {
      const timer = due.wheelNext;
      this.#unlink(timer);
      try {
        timer.onTimeout();
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  #link(timer: WheelTimer, due: number): void {
    timer.wheelTick = due;
    attach(this.#slots[due & this.#mask] as Slot, timer);
    this.#armed++;
  }

  #unlink(timer: WheelTimer): void {
    detach(timer);
    timer.wheelTick = -1;
    this.#armed--;
  }
}

function attach(head: WheelTimer, timer: WheelTimer): void {
  const last = head.wheelPrevious as WheelTimer;
  last.wheelNext = timer;
  timer.wheelPrevious = last;
  timer.wheelNext = head;
  head.wheelPrevious = timer;
}

function detach(timer: WheelTimer): void {
  const { wheelNext, wheelPrevious } = timer;
  if (wheelNext !== null) wheelNext.wheelPrevious = wheelPrevious;
  if (wheelPrevious !== null) wheelPrevious.wheelNext = wheelNext;
  timer.wheelNext = null;
  timer.wheelPrevious = null;
}

function raise(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
