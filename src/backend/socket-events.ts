/** What a backend's socket tells of itself, with TLS or without. */

import type { Socket } from 'node:net';

export interface SocketEvents {
  /** It may be used: connected, and the peer of a TLS connection checked. */
  onReady(): void;
  /** The bytes may be kept. */
  onBytes(bytes: Buffer): void;
  onDrain(): void;
  onEnd(): void;
  onError(error: Error): void;
  /** Comes last, whatever came before. */
  onClose(): void;
}

/**
 * A backend may answer early and close without having read all of the body. The next write then fails, and Node
 * destroys a socket whose write failed, with the answer unread (seen in one request out of two under load). So a failed
 * write is not reported to the stream: it never completes, like one the backend does not read, and what there is to
 * read, the end or the reset after it included, decides. When nothing is left to read the failure is reported.
 */
export function keepReadingAfterFailedWrite(socket: Socket): void {
  const write = socket._write;
  const writev = socket._writev;
  socket._write = (chunk, encoding, done) => {
    write.call(socket, chunk, encoding, (error) => {
      if (socket.readableEnded || !isPeerGone(error)) done(error);
    });
  };
  if (writev === undefined) return;
  socket._writev = (chunks, done) => {
    writev.call(socket, chunks, (error) => {
      if (socket.readableEnded || !isPeerGone(error)) done(error);
    });
  };
}

function isPeerGone(error: Error | null | undefined): boolean {
  if (error === null || error === undefined) return false;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ECONNRESET';
}
