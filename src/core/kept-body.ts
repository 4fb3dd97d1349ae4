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
