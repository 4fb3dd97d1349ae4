/** How bodies move: in from the client, out to the client. Backpressure is in the signatures, both ways. */
import type { Request } from './request.ts';

/** Who reads a request body. */
export interface BodyReader {
  /** A piece of the body; it must not be kept past the call without a copy. Answer false to pause until `resume()`. */
  onBody(chunk: Buffer): boolean;
  /** The body is whole. */
  onBodyEnd(): void;
  /** It will never be whole: an HTTP status (400, 408, 413) or 0 when the client went away. */
  onBodyError(status: number): void;
}

/** The body of a request, delivered once, to one reader. */
export interface RequestBody {
  /** False when the request has none. */
  readonly isPresent: boolean;
  /** Declared by Content-Length; undefined for a chunked one. */
  readonly length: number | undefined;
  readonly isChunked: boolean;
  /** Its delivery was started: nobody else can read it. */
  readonly isTaken: boolean;
  /** True once every byte has been delivered or thrown away. */
  readonly isFinished: boolean;
  /** The client sends it only when it is told to (`Expect: 100-continue`), and has not been told. */
  readonly isAwaited: boolean;
  /** All of it, where it was read and kept: sub-requests may have it too (r->kept_body). */
  readonly kept?: Buffer | undefined;
  /** Starts the delivery (and sends `100 Continue` where the client waits for it). Bytes already here are delivered within the call. */
  start(reader: BodyReader): void;
  resume(): void;
}

/** The body of a request that has none. */
export const NO_BODY: RequestBody = {
  isPresent: false,
  length: undefined,
  isChunked: false,
  isTaken: false,
  isFinished: true,
  isAwaited: false,
  start: (reader) => reader.onBodyEnd(),
  resume: () => undefined,
};

/** Where a response body goes: the transport, or an output filter before it. */
export interface BodyWriter {
  /** Takes a piece whole. Answers false when the writer should wait for `onDrain`. */
  write(chunk: Buffer): boolean;
  /** The body is whole. */
  end(): void;
  /** The last piece and the end in one, for writers that gain by knowing. Without it: write() and end(). */
  endWith?(chunk: Buffer): void;
  /** What is held back for good company goes on now. Without it nothing is held back. */
  flush?(): void;
  /** It will never be whole: the client must be able to tell (no last chunk, connection closed). */
  abort(): void;
}

/** An output filter: stands before the writer it is given. */
export interface OutputFilter {
  /** Its place in the chain: a number of FilterType (core/filters.ts), or between two. */
  readonly type: number;
  /** Called before the handler, for a filter that is in place by then: what it must say of the answer before there is one. */
  setup?(r: Request): void;
  /**
   * Called when the body reaches it and headers can still be changed. `length`: bytes of the whole body where it is known to be at hand at once.
   * Answers what takes the body, or undefined to step aside.
   */
  start(r: Request, next: BodyWriter, length: number | undefined): BodyWriter | undefined;
  /** An answer that is a head alone (304) passes: what the filter says in it. */
  passHead?(r: Request): void;
  /** Bytes that a body of `length` will have behind it, where that can be told before; without it nobody can. */
  lengthAfter?(r: Request, length: number): number | undefined;
}

/** Lets what is before it go on after a false. */
export interface BodyFlow {
  resume(): void;
}

/** A filter at work on a request body: reads what is before it, and gives what it makes of that to the reader it was given. */
export interface InputStage extends BodyReader, BodyFlow {}

/** An input filter: stands between the client and who reads the request body. */
export interface InputFilter {
  /** Its place in the chain, as an output filter's: the higher ones see the body first. */
  readonly type: number;
  /**
   * Called when the body is about to be read. `next` takes what the filter makes, and has it resumed after a false; `source` is resumed by the
   * filter after a false of its own. Answers undefined to step aside. A filter that fails says so to `next` once (`onBodyError`), and what it is
   * given afterwards it takes and forgets.
   */
  start(r: Request, next: BodyReader, source: BodyFlow): InputStage | undefined;
}

/** Where a body goes that nobody is to have: its answer was refused, or replaced by another one. */
export const NOWHERE: BodyWriter = { write: () => true, end: () => undefined, abort: () => undefined };

/** Ends a body with its last piece, so that a writer which sees the whole at once knows it. */
export function endBody(writer: BodyWriter, last: Buffer): void {
  if (writer.endWith !== undefined) {
    writer.endWith(last);
    return;
  }
  if (last.length > 0) writer.write(last);
  writer.end();
}
