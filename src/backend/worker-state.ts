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
  /** `U`: being taken down. */
  isInShutdown: boolean;
  /** `C`: a health check found it ailing; only a health check ends that. */
  isUnhealthy: boolean;
  /** `I`: errors do not take it out of use. */
  isIgnoringErrors: boolean;
  /** `R`: used when others of its set are out. */
  isHotSpare: boolean;
  /** `H`: used when all others are out. */
  isHotStandby: boolean;
  /** `N`: only sessions that belong to it. */
  isDraining: boolean;
  /** `G` and `F`: bookkeeping of httpd's (generic, free) that is shown and means nothing. */
  isGeneric: boolean;
  isFree: boolean;
}

const LETTERS: Readonly<Record<string, keyof WorkerFlags>> = {
  D: 'isDisabled',
  S: 'isStopped',
  U: 'isInShutdown',
  C: 'isUnhealthy',
  I: 'isIgnoringErrors',
  R: 'isHotSpare',
  H: 'isHotStandby',
  N: 'isDraining',
  G: 'isGeneric',
  F: 'isFree',
};

/** What every worker is: initialised. */
const INITIALISED = 'O';

/** What became of an attempt to end an error. `usable`: there was none. */
export type RetryResult = 'usable' | 'retried' | 'too-soon' | 'stopped';

export class WorkerState {
  readonly flags: WorkerFlags = {
    isDisabled: false,
    isStopped: false,
    isInShutdown: false,
    isUnhealthy: false,
    isIgnoringErrors: false,
    isHotSpare: false,
    isHotStandby: false,
    isDraining: false,
    isGeneric: false,
    isFree: false,
  };
  /** How often it was tried again since it last could be connected to (`retries`). */
  retries = 0;
  /** Milliseconds a failed worker is left alone. */
  readonly retryTime: number;
  readonly #now: () => number;
  #isInError = false;
  #errorTime = 0;

  /** @param retryTime undefined: httpd's default. */
  constructor(retryTime = 60_000, now: () => number = Date.now) {
    this.retryTime = retryTime;
    this.#now = now;
  }

  get isInError(): boolean {
    return this.#isInError;
  }

  /** When it failed last, milliseconds since 1970; 0: it has been reached since, or never failed. */
  get errorTime(): number {
    return this.#errorTime;
  }

  /**
   * One letter of `status=`. `E` puts it in error without a time: the first request that looks at it tries it.
   * @returns false for a letter that means nothing.
   */
  setFlag(letter: string, isOn: boolean): boolean {
    const upper = letter.toUpperCase();
    if (upper === 'E') {
      this.#isInError = isOn;
      return true;
    }
    if (upper === INITIALISED) return true;
    if (!Object.hasOwn(LETTERS, upper)) return false;
    this.flags[LETTERS[upper] as keyof WorkerFlags] = isOn;
    return true;
  }

  /** Whether a request may be sent there as things stand (PROXY_WORKER_IS_USABLE). */
  get isAvailable(): boolean {
    const { isDisabled, isStopped, isInShutdown, isUnhealthy } = this.flags;
    return !(this.#isInError || isDisabled || isStopped || isInShutdown || isUnhealthy);
  }

  /** Ends an error when its time is over: the request that asks is the try (ap_proxy_retry_worker). */
  retry(): RetryResult {
    if (!this.#isInError) return 'usable';
    if (this.flags.isStopped) return 'stopped';
    if (!this.flags.isIgnoringErrors && this.#now() < this.#errorTime + this.retryTime) return 'too-soon';
    this.recover();
    return 'retried';
  }

  /** Whether a request may be sent there now, an error whose time is over ended. */
  isUsable(): boolean {
    if (this.isAvailable) return true;
    this.retry();
    return this.isAvailable;
  }

  /** Ends an error before its time: all members of a balancer are out and one must be tried. */
  recover(): void {
    this.#isInError = false;
    this.retries++;
  }

  /** The backend could not be reached, or answered with a status that counts as failure. */
  markFailed(): void {
    if (this.flags.isIgnoringErrors) return;
    this.#isInError = true;
    this.#errorTime = this.#now();
  }

  /** A health check failed: it is known since when, and may be used as before (`error_time`). */
  noteFailure(): void {
    this.#errorTime = this.#now();
  }

  /** Health checks have found it well again. */
  endError(): void {
    this.#isInError = false;
  }

  /** It could be connected to. */
  markReached(): void {
    this.retries = 0;
    this.#errorTime = 0;
  }

  /** Takes over what was known of it before a restart. @param errorTime as of `errorTime`. */
  restore(flags: Partial<WorkerFlags>, isInError: boolean, errorTime: number, retries: number): void {
    for (const key of Object.values(LETTERS)) this.flags[key] = flags[key] === true;
    this.#isInError = isInError;
    this.#errorTime = errorTime;
    this.retries = retries;
  }
}
