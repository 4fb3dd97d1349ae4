/** What a pump is made of, and what it leaves to who takes its connection. */

import type { BodySource, ResponseSink } from './body.ts';
import type { BackendConnection } from './connection.ts';
import type { Driver } from './driver.ts';
import type { BackendPool } from './pool.ts';

export interface PumpOptions<Head> {
  readonly pool: BackendPool;
  readonly driver: Driver<Head>;
  readonly body: BodySource;
  readonly sink: ResponseSink<Head>;
  /** Milliseconds the backend may be silent, or refuse to read (ProxyTimeout); 0: no limit. */
  readonly timeout: number;
  /** Whether the request may be sent twice (RFC 9110 section 9.2.2: an idempotent method). */
  readonly isRetriable: boolean;
  /**
   * A connection that is reset before a byte came is replaced even when it was fresh: a process that is told to end resets what it has accepted
   * but not read. Five times at most.
   */
  readonly isResetRetried?: boolean;
  /** A kept connection will not do. */
  readonly isFreshWanted?: boolean;
  /** Nothing of the body is taken until `releaseBody()`: the backend is to say first that it wants it (`Expect: 100-continue`). */
  readonly isBodyHeld?: boolean;
  /** Bytes of the body taken before there is a connection and kept for a retry; default 16 KiB, httpd's prefetch. */
  readonly prefetch?: number;
  /**
   * Hears of a defect: what the driver or the sink threw where no caller of the request's is there to catch it. The backend has been given up and
   * the sink, in whatever state it is, hears nothing more. Without it the sink is told of a failure, and the error is raised on its own turn.
   */
  readonly onDefect?: (error: unknown) => void;
}

/** A connection that is no longer the pump's. `release` closes it and gives its place in the pool back. */
export interface DetachedConnection {
  readonly connection: BackendConnection;
  readonly release: (connection: BackendConnection) => void;
}
