/** So many at most are put off: what they keep in memory stays bounded, and the first do not wait for a thousand others. */
const MAX_ITEMS = 64;

/**
 * Work of one turn of the event loop, put off to the turn's end and done together.
 *
 * A write to a socket wakes whoever waits at its other end. Spread over the turn, between one request's work and the next one's, each write pays
 * for a wake-up of its own, and the two programs keep taking the processor from each other; done in a row they find the other end awake. No
 * answer waits for more than the events that have come already: the turn's end is Node.js' check phase, right behind them.
 */
export class TurnBatch<T> {
  readonly #work: (item: T) => void;
  #items: T[] = [];

  constructor(work: (item: T) => void) {
    this.#work = work;
  }

  add(item: T): void {
    const count = this.#items.push(item);
    if (count === 1) setImmediate(this.#run);
    else if (count === MAX_ITEMS) this.#run();
  }

  readonly #run = (): void => {
    const items = this.#items;
    this.#items = [];
    let done = 0;
    try {
      for (const item of items) {
        done++;
        this.#work(item);
      }
    } finally {
      // One that fails takes none of the others with it.
      if (done < items.length) for (const item of items.slice(done)) this.add(item);
    }
  };
}
