/** The start of a request's body, kept while it may have to be sent (again), and whether another attempt may be made with it. */

/** An application that reloads ends all its processes at once: each connection that is tried may be of one of them. */
const MAX_RETRIES = 5;

export class ReplayStart {
  readonly #limit: number;
  readonly #isRetriable: boolean;
  readonly #isResetRetried: boolean;
  #pieces: Buffer[] = [];
  #size = 0;
  /** All of the body that was sent is in `pieces`, and nothing of an answer has come. */
  #isReplayable = true;
  #isFresh = true;
  #retries = 0;

  /**
   * @param limit bytes of the body that are kept.
   * @param isRetriable the request may be sent twice.
   * @param isResetRetried see PumpOptions.
   */
  constructor(limit: number, isRetriable: boolean, isResetRetried: boolean) {
    this.#limit = limit;
    this.#isRetriable = isRetriable;
    this.#isResetRetried = isResetRetried;
  }

  /** A piece that came while there is no connection. @returns whether there is room for more. */
  collect(chunk: Buffer): boolean {
    this.#keep(chunk);
    return this.#size < this.#limit;
  }

  /** A piece that is being sent: the end of all replaying when there is no room for it. */
  add(chunk: Buffer): void {
    if (!this.#isReplayable) return;
    if (this.#size + chunk.length <= this.#limit) this.#keep(chunk);
    else this.forget();
  }

  /** What an attempt begins with. */
  bytes(): Buffer | undefined {
    if (this.#pieces.length <= 1) return this.#pieces[0];
    const all = Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [all];
    return all;
  }

  /** `bytes` were sent. @param isFresh on a connection that has carried no request before. */
  sent(isFresh: boolean): void {
    this.#isFresh = isFresh;
    if (!this.#isRetriable || !(this.#canReplaceKept() || this.#canReplaceReset())) this.forget();
  }

  /** Whether the request may go out once more. @param isReset what it was sent on is gone, and it was not read there. */
  canRetry(isReset: boolean): boolean {
    return this.#isReplayable && (this.#canReplaceKept() || (isReset && this.#canReplaceReset()));
  }

  retried(): void {
    this.#retries++;
  }

  forget(): void {
    if (!this.#isReplayable) return;
    this.#isReplayable = false;
    this.#pieces = [];
    this.#size = 0;
  }

  /** A kept connection that was closed meanwhile. */
  #canReplaceKept(): boolean {
    return !this.#isFresh && this.#retries === 0;
  }

  #canReplaceReset(): boolean {
    return this.#isResetRetried && this.#retries < MAX_RETRIES;
  }

  #keep(chunk: Buffer): void {
    this.#pieces.push(Buffer.from(chunk));
    this.#size += chunk.length;
  }
}
