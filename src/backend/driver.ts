/**
 * The seam by which a protocol (FastCGI, HTTP, SCGI, uwsgi, AJP) plugs into the pump. A driver serves one request; it
 * sees bytes, never a socket. `Head` is whatever it and the response sink agree on.
 */

/** What a driver finds in the backend's bytes. */
export interface DriverEvents<Head> {
  /** Once, before any body. */
  onHead(head: Head): void;
  /** A slice of what was received, or a Buffer of its own; never empty. */
  onBodyPart(slice: Buffer): void;
  /** What the protocol owes the backend in answer to what it said. */
  onSend(bytes: Buffer): void;
  /** A driver that held the body back (`isHoldingBody`) takes more of it. Pieces may come within the call. */
  onBodyWanted(): void;
  /** The answer is whole. */
  onEnd(): void;
  /** The answer cannot be used or will not come whole. @param detail for the log and the caller's choice of answer. */
  onProtocolFailure(kind: 'protocol' | 'closed', detail: string): void;
}

export interface Driver<Head> {
  /**
   * Starts an attempt, forgetting an earlier one.
   * @param first what is there of the request body; undefined when nothing. To be copied if kept.
   * @param isWhole whether that is all of it: then the bytes returned end the body too.
   * @returns what is sent first: bytes, or a byte string, which a socket writes without a Buffer being made of it.
   */
  open(events: DriverEvents<Head>, first: Buffer | undefined, isWhole: boolean): Buffer | string;
  /** A further piece of the body as it goes on the wire; the piece is copied if kept. */
  encodeBody(chunk: Buffer): Buffer;
  /** What closes the body; undefined when nothing does. Not asked for after `open` with a whole body. */
  encodeBodyEnd(): Buffer | undefined;
  /** What tells the backend that nobody waits any more; undefined when closing the socket must do. */
  encodeAbort(): Buffer | undefined;
  receive(chunk: Buffer): void;
  /** The backend ended its side: the end of the answer, or a failure. Exactly one event must follow, unless one came. */
  socketEnd(): void;
  /** What came of the body waits until the backend asks for it: no more is taken meanwhile. Asked after `open` and `encodeBody`. */
  readonly isHoldingBody?: boolean;
  /** After the end: whether the connection may carry another request, as far as the protocol says. */
  readonly isReusable: boolean;
}
