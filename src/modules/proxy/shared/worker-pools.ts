/** The connections of a worker: a pool for each way to open them, of which most workers have one. */
import { isIP } from 'node:net';
import type { BackendAddress, BackendTls, Traffic } from '../../../backend/connect.ts';
import { BackendPool, type PoolOptions } from '../../../backend/pool.ts';
import { addressKey } from './url.ts';
import type { WorkerOptions } from './worker-options.ts';

/** More than one there are only where requests name the address: those least recently used are given up. */
const MAX_POOLS = 64;

/** Milliseconds that addresses are remembered for in any case (backend/lookup.ts). */
const SHORTEST_AGE = 1000;

/** How a request's connection is opened, as far as that is not the worker's to say. */
export interface Opening {
  /** Whether it is kept afterwards. */
  readonly isReusing: boolean;
  /** Milliseconds, where connectiontimeout is not said. */
  readonly connectTimeout: number;
  readonly localAddress: string | undefined;
  /** Of `backendTls` in tls.ts, for schemes over TLS. */
  readonly tls?: BackendTls | undefined;
}

interface OpenedBy extends Opening {
  readonly address: BackendAddress;
  readonly pool: BackendPool;
}

export class WorkerPools {
  readonly #pools = new Map<string, BackendPool>();
  #last: OpenedBy | undefined;

  /**
   * The pool of an address. Virtual hosts share workers and may differ in what they say of connections; addresses differ where requests bring
   * their own, what is said of TLS by `<Proxy>` section and with the client's Host.
   */
  pool(
    address: BackendAddress,
    opening: Opening,
    options: Readonly<WorkerOptions>,
    traffic: Traffic | undefined,
  ): BackendPool {
    const last = this.#last;
    if (
      last !== undefined &&
      last.address === address &&
      last.connectTimeout === opening.connectTimeout &&
      last.localAddress === opening.localAddress &&
      last.tls === opening.tls &&
      last.isReusing === opening.isReusing
    )
      return last.pool;
    const key = keyOf(address, opening);
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new BackendPool(poolOptions(address, opening, options, traffic));
      this.#dropOldest();
    } else {
      this.#pools.delete(key);
    }
    this.#pools.set(key, pool);
    this.#last = { ...opening, address, pool };
    return pool;
  }

  /** Closes what is idle, and the rest as it comes back. */
  drain(): void {
    for (const pool of this.#pools.values()) pool.drain();
    this.#pools.clear();
    this.#last = undefined;
  }

  /** Makes room for one more, as far as they are not in use. */
  #dropOldest(): void {
    if (this.#pools.size < MAX_POOLS) return;
    for (const [key, pool] of this.#pools) {
      const { used, connecting, waiting } = pool.counters;
      if (used + connecting + waiting > 0) continue;
      this.#pools.delete(key);
      pool.drain();
      if (this.#pools.size < MAX_POOLS) return;
    }
  }
}

function keyOf(address: BackendAddress, { isReusing, connectTimeout, localAddress, tls }: Opening): string {
  return `${addressKey(address)} ${connectTimeout} ${isReusing} ${localAddress ?? ''} ${tls?.key ?? ''}`;
}

function poolOptions(
  address: BackendAddress,
  { isReusing, connectTimeout, localAddress, tls }: Opening,
  options: Readonly<WorkerOptions>,
  traffic: Traffic | undefined,
): PoolOptions {
  const { max, smax, ttl, acquire, keepAlive, addressTtl = -1 } = options;
  const isNamed = address.kind === 'tcp' && isIP(address.host) === 0;
  return {
    address: address.kind === 'tcp' && localAddress !== undefined ? { ...address, localAddress } : address,
    isReusing,
    connectTimeout: options.connectTimeout ?? connectTimeout,
    ...(traffic === undefined ? {} : { traffic }),
    ...(max === undefined || max === 0 ? {} : { max }),
    ...(smax === undefined ? {} : { smax }),
    ...(ttl === undefined ? {} : { ttl }),
    // A connection that is opened asks for the address; what is kept must not outlive the answer.
    ...(addressTtl < 0 || !isNamed ? {} : { maxAge: Math.max(addressTtl, SHORTEST_AGE) }),
    ...(acquire === undefined ? {} : { acquireTimeout: acquire }),
    ...(keepAlive === undefined ? {} : { isKeepAlive: keepAlive }),
    ...(tls === undefined ? {} : { tls }),
  };
}
