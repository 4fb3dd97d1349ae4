/** The answer of a raw script (nph-): the connection is the script's, what it writes goes out as it is, and then the connection ends. */
import type { RawConnection } from '../../../core/raw-connection.ts';
import type { Request } from '../../../core/request.ts';

/** Output that waits until the request's body is read (bytes). */
const LONGEST_WAITING = 1024 * 1024;

export interface RawOutputEvents {
  /** The client takes more. */
  onRoom(): void;
  onGone(): void;
  /** There is no connection to give away. */
  onRefused(): void;
}

export class RawOutput {
  readonly #r: Request;
  readonly #events: RawOutputEvents;
  #client: RawConnection | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isOver = false;

  constructor(r: Request, events: RawOutputEvents) {
    this.#r = r;
    this.#events = events;
  }

  /** The script has the connection. */
  get isBegun(): boolean {
    return this.#client !== undefined;
  }

  /** False: wait for onRoom. */
  write(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    const client = this.#take();
    if (client !== undefined) return client.write(chunk);
    // A script that writes before it has read: its answer comes behind the request all the same.
    this.#waitingBytes += chunk.length;
    this.#waiting.push(chunk);
    if (this.#r.transport.body.isFinished || this.#waitingBytes > LONGEST_WAITING) this.#refuse();
    return true;
  }

  /** The request's body is read. */
  passWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const chunk of waiting) this.write(chunk);
  }

  /** The script has said all. Answers whether that is the answer. */
  end(): boolean {
    const client = this.#take();
    if (client === undefined) {
      this.#refuse();
      return false;
    }
    this.#isOver = true;
    client.close();
    return true;
  }

  abort(): void {
    this.#isOver = true;
    this.#client?.abort();
  }

  #take(): RawConnection | undefined {
    if (this.#client !== undefined) return this.#client;
    const client = this.#r.transport.takeConnection?.(this.#r);
    if (client === undefined) return undefined;
    this.#client = client;
    client.start({
      onData: () => true,
      onEnd: () => undefined,
      onWritable: () => this.#events.onRoom(),
      onGone: () => this.#events.onGone(),
    });
    return client;
  }

  #refuse(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onRefused();
  }
}
