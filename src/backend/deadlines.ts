/**
 * Deadlines without timers: whoever waits keeps one number, one coarse interval looks at all of them. Arming costs an
 * assignment, where a timer would cost a list insertion, a closure and its collection for every request.
 */

/** Something with at most one deadline at a time. */
export interface Expiring {
  /** Milliseconds by `now()`; 0: none. */
  deadline: number;
  /** In the list of armed ones; kept by `Deadlines`. */
  isWatched: boolean;
  /** The deadline has passed; it was reset to 0 before. */
  onDeadline(): void;
}

export class Deadlines {
  readonly #tick: number;
  #watched: Expiring[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param tick milliseconds between looks: a deadline is noticed at most that much late. */
  constructor(tick = 100) {
    this.#tick = tick;
  }

  /** Arms or moves a deadline. @param delay milliseconds from now. */
  arm(entry: Expiring, delay: number): void {
    entry.deadline = performance.now() + delay;
    if (entry.isWatched) return;
    entry.isWatched = true;
    this.#watched.push(entry);
    // Unreferenced: what is waited for holds the process, not the waiting.
    this.#timer ??= setInterval(() => this.#look(), this.#tick).unref();
  }

  disarm(entry: Expiring): void {
    // It leaves the list at the next look, so that arming it again for the next request costs nothing.
    entry.deadline = 0;
  }

  /** How many are in the list; those disarmed since the last look included. */
  get size(): number {
    return this.#watched.length;
  }

  #look(): void {
    const now = performance.now();
    const looked = this.#watched;
    this.#watched = [];
    for (const entry of looked) {
      if (entry.deadline > now) {
        this.#watched.push(entry);
        continue;
      }
      entry.isWatched = false;
      if (entry.deadline === 0) continue;
      entry.deadline = 0;
      entry.onDeadline();
    }
    if (this.#watched.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}

/** Those of all backends of this process. */
export const backendDeadlines = new Deadlines();
