/** apr_table of single values: names keep the case they were first set with and are compared without it (ASCII). */
import { equalsIgnoreCase } from '../http/bytes.ts';
import { fieldKey } from '../http/header-fields.ts';

type Entry = [name: string, value: string];

/** Up to this many are looked through: most requests have a handful of variables and fewer notes, and no name need be hashed for them. */
const MOST_UNINDEXED = 12;

export class Table {
  readonly #entries: Entry[] = [];
  /** By key, of tables that have grown. */
  #index: Map<string, Entry> | undefined;

  get size(): number {
    return this.#entries.length;
  }

  get(name: string): string | undefined {
    return this.#find(name)?.[1];
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  set(name: string, value: string): void {
    const found = this.#find(name);
    if (found !== undefined) {
      found[1] = value;
      return;
    }
    const entry: Entry = [name, value];
    this.#entries.push(entry);
    if (this.#index !== undefined) this.#index.set(fieldKey(name), entry);
    else if (this.#entries.length > MOST_UNINDEXED)
      this.#index = new Map(this.#entries.map((each) => [fieldKey(each[0]), each]));
  }

  delete(name: string): void {
    const found = this.#find(name);
    if (found === undefined) return;
    this.#entries.splice(this.#entries.indexOf(found), 1);
    this.#index?.delete(fieldKey(name));
  }

  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.#entries.values();
  }

  #find(name: string): Entry | undefined {
    if (this.#index !== undefined) return this.#index.get(fieldKey(name));
    for (const entry of this.#entries) if (equalsIgnoreCase(entry[0], name)) return entry;
    return undefined;
  }
}
