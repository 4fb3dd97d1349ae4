import { connect, type NetConnectOpts } from 'node:net';

/** Whether somebody listens there. */
export function accepts(where: NetConnectOpts | number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(typeof where === 'number' ? { port: where, host: '127.0.0.1' } : where);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
