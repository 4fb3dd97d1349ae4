/**
 * Request bodies that are kept in memory: in place of the one on the wire, or beside it for whoever reads after the first
 * (r->kept_body and its filters in modules/filters/mod_request.c).
 */
import type { HeaderFields } from '../http/header-fields.ts';
import type { BodyReader, BodyWriter, RequestBody } from './body.ts';
import type { RawConnection } from './raw-connection.ts';
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
class BodyTransport implements Transport {
  readonly body: RequestBody;
  readonly #behind: Transport;

  constructor(behind: Transport, body: RequestBody) {
    this.#behind = behind;
    this.body = body;
  }
  get bytesRead(): number {
    return this.#behind.bytesRead ?? 0;
  }
  get bytesWritten(): number {
    return this.#behind.bytesWritten ?? 0;
  }
  get abortCallback(): (() => void) | undefined {
    return this.#behind.abortCallback;
  }
  sendWhole(r: Request, body: Buffer | undefined): void {
    this.#behind.sendWhole(r, body);
  }
  begin(r: Request, length: number | undefined): BodyWriter {
    return this.#behind.begin(r, length);
  }
  onDrain(callback: () => void): void {
    this.#behind.onDrain(callback);
  }
  onAbort(callback: () => void): void {
    this.#behind.onAbort(callback);
  }
  sendInterim(status: number, fields: HeaderFields, line?: string): void {
    this.#behind.sendInterim(status, fields, line);
  }
  takeConnection(r: Request): RawConnection | undefined {
    return this.#behind.takeConnection?.(r);
  }
}

/** Puts a body in the place of the request's own, which has been read to its end or stands behind the new one. */
export function replaceBody(r: Request, body: RequestBody): void {
  r.transport = new BodyTransport(r.transport, body);
}
