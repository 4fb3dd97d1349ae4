/**
 * What is remembered of clients, by the opaque they were given: the last nonce and its count, where AuthDigestNcCheck or one-time nonces ask for
 * that. Who is forgotten gets a new nonce, and notices nothing.
 */
import { randomInt } from 'node:crypto';
import { LruCache } from '../../../lib/lru.ts';

export interface DigestClient {
  /** Its number, in hexadecimal, is the opaque. */
  readonly id: number;
  /** Stamp of the newest nonce used, and the count it was used with. */
  stamp: bigint;
  count: bigint;
}

/** Bytes that httpd's table takes for one client (measured: the smallest AuthDigestShmemSize). */
export const CLIENT_BYTES = 88;
/** httpd's default of 1000 bytes is room for eleven clients; there is no reason to forget that quickly. */
const FEWEST = 4096;
const MOST = 1 << 20;

/** AuthDigestShmemSize as a number of clients. */
export function clientsIn(bytes: number): number {
  return Math.min(MOST, Math.max(FEWEST, Math.floor(bytes / CLIENT_BYTES)));
}

export class DigestClients {
  readonly #known: LruCache<number, DigestClient>;
  /** Not the same numbers again after a restart: an opaque from before is then nobody's, not somebody else's. */
  #last = randomInt(1, 2 ** 40);

  constructor(capacity: number) {
    this.#known = new LruCache(capacity);
  }

  find(id: number): DigestClient | undefined {
    return this.#known.get(id);
  }

  add(): DigestClient {
    const client = { id: ++this.#last, stamp: -1n, count: 0n };
    this.#known.set(client.id, client);
    return client;
  }
}
