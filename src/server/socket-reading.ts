/** Bytes off a client's socket. */
import type { Socket } from 'node:net';

/**
 * Calls `take` with every chunk, as a listener for 'data' would be called. A chunk of a socket that flows, with nothing kept before it, is
 * given at once: what a stream does besides (counting listeners, a tick to see whether it should read on) is a tenth of what a small request
 * costs. Whatever else comes takes the stream's own way, the chunks after `pause()` and the end included. Nobody else may listen for 'data'.
 */
export function readSocket(socket: Socket, take: (chunk: Buffer) => void): void {
  socket.on('data', take);
  const { push } = socket;
  socket.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    if (chunk === null || socket.readableFlowing !== true || socket.readableLength > 0)
      return push.call(socket, chunk, encoding);
    take(chunk);
    return true;
  };
}
