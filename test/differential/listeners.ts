/** The listening side of a case's backends, whatever they speak. */
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

export interface Backends {
  stop(): Promise<void>;
}

/** Servers that are ended together, with all of their connections. */
export class Listeners implements Backends {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** None goes on listening when one of them cannot: the ports are given to others. */
  static async start(open: (listeners: Listeners) => Promise<void>): Promise<Backends> {
    const listeners = new Listeners();
    try {
      await open(listeners);
    } catch (error) {
      await listeners.stop();
      throw error;
    }
    return listeners;
  }

  /** Listens on a port of 127.0.0.1, or on the path of a socket that everybody may write to. */
  async listen(where: number | string, serve: (socket: Socket) => void): Promise<void> {
    // Half-open, so that what a script sends after the server's end is still sent.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      serve(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', resolve);
      if (typeof where === 'string') server.listen(where);
      else server.listen(where, '127.0.0.1');
    });
    this.#servers.push(server);
    if (typeof where === 'string') chmodSync(where, 0o777);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
