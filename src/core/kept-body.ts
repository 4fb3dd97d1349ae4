/**
 * Request bodies that are kept in memory: in place of the one on the wire, or beside it for whoever reads after the first
 * (r->kept_body and its filters in modules/filters/mod_request.c).
 */
import type { BodyReader, RequestBody } from './body.ts';
import { PassingTransport } from './passing-transport.ts';
import type { Request, Transport } from './request.ts';

/** A body at hand: delivered to each who asks. */
export class BufferedBody implements RequestBody {
  readonly isChunked = false;
  readonly isTaken = false;
  readonly isAwaited = false;
  readonly #bytes: Buffer;
  #isDelivered = false;
  #waiting: BodyReader | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get isPresent(): boolean {
    return this.#bytes.length > 0;
  }
  get length(): number {
    return this.#bytes.length;
  }
  get isFinished(): boolean {
    return this.#isDelivered || this.#bytes.length === 0;
  }
  start(reader: BodyReader): void {
    this.#isDelivered = true;
    if (this.#bytes.length > 0 && !reader.onBody(this.#bytes)) this.#waiting = reader;
    else reader.onBodyEnd();
  }
  resume(): void {
    const reader = this.#waiting;
    this.#waiting = undefined;
    reader?.onBodyEnd();
  }
}

/** What sub-requests have of a kept body: each of the main request its own, but all within one of those share one, read once. */
export class SharedBody implements RequestBody {
  readonly isChunked = false;
  readonly isAwaited = false;
  isTaken = false;
  readonly kept: Buffer;
  readonly #body: BufferedBody;

  constructor(kept: Buffer) {
    this.kept = kept;
    this.#body = new BufferedBody(kept);
  }
  get isPresent(): boolean {
    return this.#body.isPresent;
  }
  get length(): number {
    return this.#body.length;
  }
  get isFinished(): boolean {
    return this.#body.isFinished;
  }
  start(reader: BodyReader): void {
    this.isTaken = true;
    this.#body.start(reader);
  }
  resume(): void {
    this.#body.resume();
  }
}

/** A request's transport with another body. */
class BodyTransport extends PassingTransport {
  readonly #body: RequestBody;

  constructor(behind: Transport, body: RequestBody) {
    super(behind);
    this.#body = body;
  }
  override get body(): RequestBody {
    return this.#body;
  }
}

/** Puts a body in the place of the request's own, which has been read to its end or stands behind the new one. */
export function replaceBody(r: Request, body: RequestBody): void {
  r.transport = new BodyTransport(r.transport, body);
}
