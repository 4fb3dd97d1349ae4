/** How bodies move: in from the client, out to the client. Backpressure is in the signatures, both ways. */

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
  /** True once every byte has been delivered or thrown away. */
  readonly isFinished: boolean;
  /** Starts the delivery (and sends `100 Continue` where the client waits for it). Bytes already here are delivered within the call. */
  start(reader: BodyReader): void;
  resume(): void;
}

/** Where a response body goes: the transport, or an output filter before it. */
export interface BodyWriter {
  /** Takes a piece whole. Answers false when the writer should wait for `onDrain`. */
  write(chunk: Buffer): boolean;
  /** The body is whole. */
  end(): void;
  /** It will never be whole: the client must be able to tell (no last chunk, connection closed). */
  abort(): void;
}

/** An output filter: wraps the writer behind it. Called once, when the body starts and the headers can still be changed. */
export type OutputFilter = (next: BodyWriter) => BodyWriter;
