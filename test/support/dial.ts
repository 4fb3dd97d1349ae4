/** Clients that are no good ones. */
import { connect, type Socket } from 'node:net';

/** Opens a connection and sends; errors of the socket are nobody's business here. */
export function dial(port: number, bytes: string | Buffer = ''): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      if (bytes.length > 0) socket.write(bytes);
      resolve(socket);
    });
  });
}

export const closed = (socket: Socket): Promise<void> =>
  socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', () => resolve()));

export const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
