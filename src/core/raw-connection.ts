/**
 * The seam by which a handler takes a client's connection over and speaks another protocol on it than HTTP: tunnels of CONNECT, what follows
 * a `101 Switching Protocols` (RFC 9110 sections 7.8 and 9.3.6). How it is used:
 *
 *     const client = r.transport.takeConnection?.(r);
 *     if (client === undefined) ...            // a sub-request, or the client is gone: answer 5xx, or OK when nobody is there
 *     client.write(head);                      // `HTTP/1.1 101 ...`, unless sendInterim() sent it before
 *     client.start(reader);                    // reads: first what came behind the request, then what comes
 *     ...
 *     client.close();                          // or abort(): the request is over, it is logged when its handler has answered OK too
 *
 * From `takeConnection` on the server sends nothing of its own and measures no time: idle timeouts are the taker's. A graceful stop waits
 * for the taker; a stop that does not wait cuts the connection, and the reader hears `onGone`. Nothing else is served on the connection
 * afterwards. backend/tunnel.ts joins it with a backend's connection.
 */

/** Who reads a connection that was taken over. */
export interface RawReader {
  /** The piece may be kept. Answers false to pause until `resume()`. */
  onData(chunk: Buffer): boolean;
  /** The client has ended its side, orderly; it can be sent to still. */
  onEnd(): void;
  /** Everything written has been taken by the system; after a `write` that answered false. */
  onWritable(): void;
  /** The connection is lost, or was cut by the server. Nothing more is called, and `close` need not be. */
  onGone(): void;
}

export interface RawConnection {
  /**
   * Starts reading. What was received behind the head of the request, its body included unless somebody has read that, is delivered within
   * the call, and then the end where the client has ended its side already.
   */
  start(reader: RawReader): void;
  /** After an `onData` that answered false. */
  resume(): void;
  /** Takes the piece whole; it counts in the logs. Answers false when the writer should wait for `onWritable`. */
  write(bytes: Buffer): boolean;
  /** Ends our side behind what was written; the client may go on sending. */
  endWriting(): void;
  /** The request is over: what was written still goes out, then the connection ends. The reader hears no more. */
  close(): void;
  /** The same at once, dropping what was not sent. */
  abort(): void;
}
