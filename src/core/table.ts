/** apr_table of single values: names keep the case they were first set with and are compared without it (ASCII). */
import { fieldKey } from '../http/header-fields.ts';

export class Table {
  readonly #entries = new Map<string, [name: string, value: string]>();

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): string | undefined {
    return this.#entries.get(fieldKey(name))?.[1];
  }

  has(name: string): boolean {
    return this.#entries.has(fieldKey(name));
  }

  set(name: string, value: string): void {
    const key = fieldKey(name);
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, [name, value]);
    else entry[1] = value;
  }

  delete(name: string): void {
    this.#entries.delete(fieldKey(name));
  }

  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.#entries.values();
  }
}
