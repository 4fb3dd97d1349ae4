/**
 * Deadlines without timers: whoever waits keeps one number, one coarse interval looks at all of them. Arming costs an
 * assignment, where a timer would cost a list insertion, a closure and its collection for every request.
 */

/** Something with at most one deadline at a time. */
export interface Expiring {
  /** Milliseconds by `now()`; 0: none. */
  deadline: number;
  /** Place in the list of armed ones, -1 when it is not there; kept by `Deadlines`. */
  place: number;
  /** The deadline has passed; it was reset to 0 before. */
  onDeadline(): void;
}

export class Deadlines {
  readonly #tick: number;
  #watched: (Expiring | undefined)[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param tick milliseconds between looks: a deadline is noticed at most that much late. */
  constructor(tick = 100) {
    this.#tick = tick;
  }

  /** Arms or moves a deadline. @param delay milliseconds from now. */
  arm(entry: Expiring, delay: number): void {
    entry.deadline = performance.now() + delay;
    if (entry.place >= 0) return;
    entry.place = this.#watched.push(entry) - 1;
    this.#size++;
    // Unreferenced: what is waited for holds the process, not the waiting.
    this.#timer ??= setInterval(() => this.#look(), this.#tick).unref();
  }

  disarm(entry: Expiring): void {
    // It leaves the list at the next look, so that arming it again for the next request costs nothing.
    entry.deadline = 0;
  }

  /** Disarms one that will not be armed again: until the next look the list would hold it, and all that it refers to, in memory. */
  forget(entry: Expiring): void {
    entry.deadline = 0;
    if (entry.place < 0) return;
    this.#watched[entry.place] = undefined;
    entry.place = -1;
    this.#size--;
  }

  /** How many are in the list; those disarmed since the last look included. */
  get size(): number {
    return this.#size;
  }

  #look(): void {
    const now = performance.now();
    const watched = this.#watched;
    let kept = 0;
    let expired: Expiring[] | undefined;
    for (const entry of watched) {
      if (entry === undefined) continue;
      if (entry.deadline > now) {
        entry.place = kept;
        watched[kept++] = entry;
        continue;
      }
      entry.place = -1;
      if (entry.deadline === 0) continue;
      expired ??= [];
      expired.push(entry);
    }
    watched.length = kept;
    this.#size = kept;
    if (expired !== undefined) fire(expired, now);
    if (this.#size > 0) return;
    watched.length = 0;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** One that another one disarmed or moved meanwhile is not told. */
function fire(expired: readonly Expiring[], now: number): void {
  for (const entry of expired) {
    if (entry.deadline === 0 || entry.deadline > now) continue;
    entry.deadline = 0;
    entry.onDeadline();
  }
}

/** Those of all backends of this process. */
export const backendDeadlines = new Deadlines();
