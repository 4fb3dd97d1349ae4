/** What a cache may hold; either bound may be left out. */
export interface LruLimits<V> {
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  /** The bytes an entry counts for; 1 each when left out. */
  readonly sizeOf?: (value: V) => number;
  /** Called for every value that leaves: pushed out, replaced, deleted or cleared. */
  readonly onEvict?: (value: V) => void;
}

/**
 * A map that forgets what was used longest ago once it is over its bounds. Order is kept by the Map itself:
 * a Map iterates in insertion order, so re-inserting marks an entry as used. While it is not half full nobody has to
 * go soon, and looking up does not reorder.
 */
export class LruCache<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #sizeOf: ((value: V) => number) | undefined;
  readonly #onEvict: ((value: V) => void) | undefined;
  #bytes = 0;
  /** The entry used last: looking it up again needs no reordering. */
  #newest: K | undefined;

  /** @param limits a number bounds the entries only */
  constructor(limits: number | LruLimits<V>) {
    const given: LruLimits<V> = typeof limits === 'number' ? { maxEntries: limits } : limits;
    this.#maxEntries = given.maxEntries ?? Number.POSITIVE_INFINITY;
    this.#maxBytes = given.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#sizeOf = given.sizeOf;
    this.#onEvict = given.onEvict;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The sum of the entries' sizes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined || key === this.#newest || this.#isRoomy()) return value;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#newest = key;
    return value;
  }

  /** Looks without marking as used. */
  peek(key: K): V | undefined {
    return this.#entries.get(key);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** @returns false when the value alone is over the byte bound; it is then not kept, nor is what was there */
  set(key: K, value: V): boolean {
    this.delete(key);
    const size = this.#size(value);
    if (size > this.#maxBytes || this.#maxEntries < 1) return false;
    this.#entries.set(key, value);
    this.#newest = key;
    this.#bytes += size;
    this.#shrink();
    return true;
  }

  delete(key: K): boolean {
    const value = this.#entries.get(key);
    if (value === undefined) return this.#entries.delete(key);
    this.#entries.delete(key);
    if (key === this.#newest) this.#newest = undefined;
    this.#bytes -= this.#size(value);
    this.#onEvict?.(value);
    return true;
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }

  #isRoomy(): boolean {
    return this.#entries.size * 2 < this.#maxEntries && this.#bytes * 2 < this.#maxBytes;
  }

  #size(value: V): number {
    return this.#sizeOf === undefined ? 1 : this.#sizeOf(value);
  }

  #shrink(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return;
      this.delete(key);
    }
  }
}
