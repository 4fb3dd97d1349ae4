/** What was worked out of texts, few of which are in use at a time: all is forgotten when there come to be too many. */
export class Memo<T> {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry<T>>();
  /** Asked for last, and often again: to compare it takes less than to hash. */
  #last: Entry<T> | undefined;

  /** @param limit how many are kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(text: string): T | undefined {
    if (this.#last?.text === text) return this.#last.result;
    const found = this.#entries.get(text);
    if (found === undefined) return undefined;
    this.#last = found;
    return found.result;
  }

  /** @param text kept as it is: not cut from a longer one. */
  set(text: string, result: T): void {
    if (this.#entries.size >= this.#limit) this.#entries.clear();
    const entry = { text, result };
    this.#entries.set(text, entry);
    this.#last = entry;
  }
}

interface Entry<T> {
  readonly text: string;
  readonly result: T;
}
