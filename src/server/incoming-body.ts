/** The body of the request that a connection is busy with: decoded as it comes, delivered to one reader (the input side of ap_http_filter). */
import type { BodyReader, RequestBody } from '../core/body.ts';
import { type BodyDecoder, BodyEvent, type BodyFraming, LengthDecoder } from '../http/body.ts';
import { ChunkedDecoder } from '../http/chunked.ts';
import type { HeaderFields } from '../http/header-fields.ts';
import type { RequestFailure, RequestLimits } from '../http/request-head.ts';

/** What the body needs of its connection. */
export interface BodyHost {
  /** The reader can take (more): feed it what is at hand, and go on reading. */
  pull(): void;
  /** The client waits for `100 Continue`. */
  readonly waitsForContinue: boolean;
  /** The body cannot be decoded. `isInTrailers`: all of its data was. */
  onBadBody(failure: RequestFailure, isInTrailers: boolean): void;
  /** The fields behind a chunked body, before its reader learns of the end. */
  onTrailers(trailers: HeaderFields): void;
  /** Sends `100 Continue` if the client still waits for it. */
  sendContinue(): void;
}

export { NO_BODY } from '../core/body.ts';

export class IncomingBody implements RequestBody {
  readonly #length: number | undefined;
  readonly isChunked: boolean;
  isFinished = false;
  /** Malformed or cut off: nothing more will come. */
  isBroken = false;
  readonly #host: BodyHost;
  readonly #decoder: BodyDecoder;
  readonly #trailers: HeaderFields | undefined;
  #reader: BodyReader | undefined;
  #isPaused = false;

  constructor(framing: BodyFraming, limits: RequestLimits, strict: boolean, host: BodyHost) {
    this.#host = host;
    this.isChunked = framing.kind === 'chunked';
    this.#length = this.isChunked ? undefined : framing.length;
    if (this.isChunked) {
      const decoder = new ChunkedDecoder(limits, strict);
      this.#decoder = decoder;
      this.#trailers = decoder.trailers;
    } else {
      this.#decoder = new LengthDecoder(framing.length);
      this.isFinished = framing.length === 0;
    }
  }

  get isTaken(): boolean {
    return this.#reader !== undefined;
  }

  /** Once read it is there no more: whoever answers instead (an ErrorDocument) finds none. */
  get isPresent(): boolean {
    return !(this.isFinished && this.#reader !== undefined);
  }

  get length(): number | undefined {
    return this.isPresent ? this.#length : 0;
  }

  get isAwaited(): boolean {
    return this.#host.waitsForContinue;
  }

  /** Bytes are wanted now. */
  get isWanting(): boolean {
    return this.#reader !== undefined && !this.#isPaused && !this.isFinished && !this.isBroken;
  }

  start(reader: BodyReader): void {
    if (this.isFinished) {
      this.#reader ??= reader;
      reader.onBodyEnd();
      return;
    }
    if (this.#reader !== undefined) throw new Error('a request body is read once');
    this.#reader = reader;
    if (this.isBroken) {
      reader.onBodyError(0);
      return;
    }
    this.#host.sendContinue();
    this.#host.pull();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#host.pull();
  }

  /** Whoever read it does so no more: the rest is thrown away. */
  forget(): void {
    this.#reader = IGNORE;
    this.#isPaused = false;
  }

  /** Its reader has a defect: nothing more is read, and it hears nothing more. */
  abandon(): void {
    this.#reader = IGNORE;
    if (!this.isFinished) this.isBroken = true;
  }

  /** Takes bytes of `chunk` from `at` on while they are wanted; answers where it stopped. */
  feed(chunk: Buffer, at: number): number {
    let offset = at;
    while (offset < chunk.length && this.isWanting) {
      const event = this.#decoder.read(chunk, offset);
      offset = this.#decoder.offset;
      if (event === BodyEvent.data) {
        const isWholeLength = this.#decoder instanceof LengthDecoder && this.#decoder.remaining === 0;
        if (isWholeLength) this.isFinished = true;
        if (this.#reader?.onBody(chunk.subarray(this.#decoder.dataStart, this.#decoder.dataEnd)) === false)
          this.#isPaused = true;
        if (isWholeLength) this.#reader?.onBodyEnd();
      } else if (event === BodyEvent.end) {
        this.isFinished = true;
        if (this.#trailers !== undefined && this.#trailers.size > 0) this.#host.onTrailers(this.#trailers);
        this.#reader?.onBodyEnd();
      } else if (event === BodyEvent.failed) {
        const failure = this.#decoder.failure as RequestFailure;
        this.#host.onBadBody(failure, this.#decoder instanceof ChunkedDecoder && this.#decoder.isInTrailers);
        this.fail(failure.status);
      } else {
        break;
      }
    }
    return offset;
  }

  /** The rest will never come: malformed (400), too slow (408), or the client is gone (0). */
  fail(status: number): void {
    if (this.isFinished || this.isBroken) return;
    this.isBroken = true;
    this.#reader?.onBodyError(status);
  }
}

const IGNORE: BodyReader = { onBody: () => true, onBodyEnd: () => undefined, onBodyError: () => undefined };
