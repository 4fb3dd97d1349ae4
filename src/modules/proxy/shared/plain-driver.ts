/** Protocols that send a head of their own, then the body as it is, and end their answer by closing: SCGI and uwsgi. */
import type { Driver, DriverEvents } from '../../../backend/driver.ts';

export abstract class PlainDriver<Head> implements Driver<Head> {
  readonly isReusable = false;
  protected events: DriverEvents<Head> | undefined;
  readonly #opening: Buffer;

  /** @param opening what is sent before the body. */
  constructor(opening: Buffer) {
    this.#opening = opening;
  }

  open(events: DriverEvents<Head>, first: Buffer | undefined): Buffer {
    this.events = events;
    this.restart();
    return first === undefined ? this.#opening : Buffer.concat([this.#opening, first]);
  }

  encodeBody(chunk: Buffer): Buffer {
    return Buffer.from(chunk);
  }

  encodeBodyEnd(): undefined {
    return undefined;
  }

  encodeAbort(): undefined {
    return undefined;
  }

  abstract receive(chunk: Buffer): void;
  abstract socketEnd(): void;
  /** Forgets what came of an earlier attempt. */
  protected abstract restart(): void;
}
