/**
 * Whether a backend may be asked (proxy_util.c: PROXY_WORKER_* flags, ap_proxy_retry_worker()). A failed worker is left
 * alone until `retry` has passed; then the next request tries it.
 */

/** `status=` of a worker; the letters are those of the configuration and of the balancer manager. */
export interface WorkerFlags {
  /** `D`: not used. */
  isDisabled: boolean;
  /** `S`: not used, and no error is retried. */
  isStopped: boolean;
  /** `I`: errors do not take it out of use. */
  isIgnoringErrors: boolean;
  /** `R`: used when others of its set are out. */
  isHotSpare: boolean;
  /** `H`: used when all others are out. */
  isHotStandby: boolean;
  /** `N`: only sessions that belong to it. */
  isDraining: boolean;
}

const LETTERS: Readonly<Record<string, keyof WorkerFlags>> = {
  D: 'isDisabled',
  S: 'isStopped',
  I: 'isIgnoringErrors',
  R: 'isHotSpare',
  H: 'isHotStandby',
  N: 'isDraining',
};

export class WorkerState {
  readonly flags: WorkerFlags = {
    isDisabled: false,
    isStopped: false,
    isIgnoringErrors: false,
    isHotSpare: false,
    isHotStandby: false,
    isDraining: false,
  };
  /** How often it was tried again after an error (`retries`). */
  retries = 0;
  readonly #retry: number;
  readonly #now: () => number;
  #isInError = false;
  #errorTime = 0;

  /** @param retry milliseconds a failed worker is left alone; httpd's default is 60 000. */
  constructor(retry = 60_000, now: () => number = Date.now) {
    this.#retry = retry;
    this.#now = now;
  }

  get isInError(): boolean {
    return this.#isInError;
  }

  /**
   * One letter of `status=`; `E` puts it in error.
   * @returns false for a letter that means nothing.
   */
  setFlag(letter: string, isOn: boolean): boolean {
    const upper = letter.toUpperCase();
    if (upper === 'E') {
      if (isOn) this.#enterError();
      else this.#isInError = false;
      return true;
    }
    if (!Object.hasOwn(LETTERS, upper)) return false;
    this.flags[LETTERS[upper] as keyof WorkerFlags] = isOn;
    return true;
  }

  /**
   * Whether a request may be sent there now. Ends the error when its time is over: the request that asks is the try.
   */
  isUsable(): boolean {
    if (this.flags.isDisabled || this.flags.isStopped) return false;
    if (!this.#isInError) return true;
    if (this.#now() < this.#errorTime + this.#retry) return false;
    this.forceRetry();
    return true;
  }

  /** Ends the error before its time: all members of a balancer are out and one must be tried. */
  forceRetry(): void {
    if (!this.#isInError || this.flags.isStopped) return;
    this.#isInError = false;
    this.retries++;
  }

  /** The backend could not be reached, or answered with a status that counts as failure. */
  markFailed(): void {
    if (!this.flags.isIgnoringErrors) this.#enterError();
  }

  /** It answered. */
  markGood(): void {
    this.#isInError = false;
    this.retries = 0;
  }

  #enterError(): void {
    this.#isInError = true;
    this.#errorTime = this.#now();
  }
}
