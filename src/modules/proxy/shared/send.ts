/** Sending a request through a worker's connections: what is the same for all protocols. */
import type { BodySource, ResponseSink } from '../../../backend/body.ts';
import type { Driver } from '../../../backend/driver.ts';
import { Pump } from '../../../backend/pump.ts';
import type { Request } from '../../../core/request.ts';
import type { ProxyTarget } from './scheme.ts';

/** Methods that may be sent again on a fresh connection when a kept one turns out to be closed (RFC 9110 section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
  'PROPFIND',
]);

export interface PumpParts<Head> {
  readonly driver: Driver<Head>;
  readonly body: BodySource;
  readonly sink: ResponseSink<Head>;
  /** Whether the protocol keeps connections where the configuration does not say. */
  readonly isReusing: boolean;
  /** A kept connection will not do. */
  readonly isFreshWanted?: boolean;
  /** See PumpOptions. */
  readonly isResetRetried?: boolean;
  /** The body waits for `pump.releaseBody()`. */
  readonly isBodyHeld?: boolean;
  /** Hears of a defect in driver or sink; usually the reject of the handler's promise. */
  readonly onDefect: (error: unknown) => void;
}

/** A pump for a request; `attach` the sink to it, then `start` it. */
export function makePump<Head>(r: Request, target: ProxyTarget, parts: PumpParts<Head>): Pump<Head> {
  const { driver, body, sink, isReusing, isFreshWanted, isResetRetried, isBodyHeld, onDefect } = parts;
  const { worker, address, server, timeout, tls } = target;
  return new Pump<Head>({
    pool: worker.pool(address, {
      isReusing: worker.isReusing(isReusing),
      connectTimeout: timeout,
      localAddress: server.sourceAddress,
      tls,
    }),
    driver,
    body,
    sink,
    timeout,
    isRetriable: IDEMPOTENT.has(r.method),
    isFreshWanted: isFreshWanted === true,
    isResetRetried: isResetRetried === true,
    isBodyHeld: isBodyHeld === true,
    onDefect,
  });
}
