/** Sending a request through a worker's connections: what is the same for all protocols. */
import type { BodySource, ResponseSink } from '../../../backend/body.ts';
import type { BackendTls } from '../../../backend/connect.ts';
import type { Driver } from '../../../backend/driver.ts';
import { Pump } from '../../../backend/pump.ts';
import type { Request } from '../../../core/request.ts';
import type { ProxyTarget } from './scheme.ts';
import type { PoolDefaults } from './worker.ts';

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

/** One object for all requests of a kind, not one a request. */
const knownDefaults = new Map<string, PoolDefaults>();
const knownTlsDefaults = new WeakMap<BackendTls, Map<string, PoolDefaults>>();

function defaultsWith(tls: BackendTls | undefined): Map<string, PoolDefaults> {
  if (tls === undefined) return knownDefaults;
  let known = knownTlsDefaults.get(tls);
  if (known === undefined) {
    known = new Map();
    knownTlsDefaults.set(tls, known);
  }
  return known;
}

function poolDefaults({ server, timeout, tls }: ProxyTarget, isReusing: boolean): PoolDefaults {
  const localAddress = server.sourceAddress;
  const key = `${timeout} ${isReusing} ${localAddress ?? ''}`;
  const known = defaultsWith(tls);
  let defaults = known.get(key);
  if (defaults === undefined) {
    defaults = { isReusing, connectTimeout: timeout, localAddress, tls };
    known.set(key, defaults);
  }
  return defaults;
}

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
  return new Pump<Head>({
    pool: target.worker.pool(target.address, poolDefaults(target, isReusing)),
    driver,
    body,
    sink,
    timeout: target.timeout,
    isRetriable: IDEMPOTENT.has(r.method),
    isFreshWanted: isFreshWanted === true,
    isResetRetried: isResetRetried === true,
    isBodyHeld: isBodyHeld === true,
    onDefect,
  });
}
