/** The two ends a pump joins with a backend: where the request body comes from, where the answer goes. */

import type { BackendFailure } from './failure.ts';

export interface BodyReader {
  /** A piece of the body; it is copied if it is kept. Answers false to pause until `resume()`. */
  onBody(chunk: Buffer): boolean;
  /** The body is whole. */
  onBodyEnd(): void;
  /** It will never be whole: an HTTP status, or 0 when the client went away. */
  onBodyError(status: number): void;
}

/** A request body, delivered once, to one reader. */
export interface BodySource {
  /** False when the request has none. */
  readonly isPresent: boolean;
  /** Starts the delivery; bytes already here may be delivered within the call. */
  start(reader: BodyReader): void;
  resume(): void;
  /** Nobody reads it any more: what was kept of it may go. May be called again, and at the end of a body. */
  discard?(): void;
}

/**
 * Where the answer goes: one head, then pieces, then one of `end` and `fail`; `fail` may come first or in between.
 */
export interface ResponseSink<Head> {
  onHead(head: Head): void;
  /** Takes the piece whole, and may keep it. Answers false when the pump should wait for `resume()`. */
  write(chunk: Buffer): boolean;
  /** All that came in one piece from the backend has been given; nothing more may come for long. */
  flush(): void;
  /** The answer is whole. */
  end(): void;
  /**
   * @param failure of kind `body`, `detail` is the status the body's source gave.
   * @param isBeforeHead no head was given: another answer can still be made.
   */
  fail(failure: BackendFailure, isBeforeHead: boolean): void;
}
