/** How long a client may take to send a request: what RequestReadTimeout says, where the connection can see it. */

/** One stage. Milliseconds; 0: no limit. */
export interface StageTimeout {
  readonly timeout: number;
  /** The most that bytes received can extend it to; 0: no bound. */
  readonly longest: number;
  /** Bytes that earn another second; 0: nothing extends it. */
  readonly minRate: number;
}

export interface ReadTimeouts {
  readonly handshake: StageTimeout;
  readonly header: StageTimeout;
  readonly body: StageTimeout;
}

/** Milliseconds a stage may last in all when `bytes` have come so far (extend_timeout of mod_reqtimeout.c). */
export function allowedTime({ timeout, longest, minRate }: StageTimeout, bytes: number): number {
  const extended = minRate === 0 ? timeout : timeout + (bytes * 1000) / minRate;
  return longest > 0 && extended > longest ? longest : extended;
}
