/**
 * What goes over a connection, to the error log (modules/debugging/mod_dumpio.c): inside TLS, at trace7. Only connections that are dumped pay for
 * it.
 */
import type { Socket } from 'node:net';
import type { Connection } from '../core/connection.ts';
import { Level, logConnection } from '../core/log.ts';

/** Bytes of one line: the log cuts longer ones off. */
const LINE = 4000;
const MODULE = 'dumpio';

/** Whether anything of the connection is to be dumped. */
export function isDumped({ baseServer }: Connection): boolean {
  return (baseServer.dumpsInput || baseServer.dumpsOutput) && baseServer.log.isOn(MODULE, Level.trace7);
}

/** Call it before anybody else listens to the socket. */
export function dumpConnection(socket: Socket, connection: Connection): void {
  const { dumpsInput, dumpsOutput } = connection.baseServer;
  if (dumpsInput) socket.on('data', (chunk: Buffer) => dump(connection, 'dumpio_in', chunk));
  if (!dumpsOutput) return;
  const write = socket.write;
  const dumping = function (this: Socket, ...args: Parameters<Socket['write']>): boolean {
    const [data] = args;
    say(connection, 'mod_dumpio: dumpio_out');
    // Heads come as text of one byte a character.
    dump(
      connection,
      'dumpio_out',
      typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data),
    );
    return write.apply(this, args);
  };
  socket.write = dumping as Socket['write'];
}

function dump(connection: Connection, direction: string, bytes: Buffer): void {
  say(connection, `mod_dumpio:  ${direction} (data-HEAP): ${bytes.length} bytes`);
  for (let at = 0; at < bytes.length; at += LINE)
    say(connection, `mod_dumpio:  ${direction} (data-HEAP): ${bytes.toString('latin1', at, at + LINE)}`);
}

function say(connection: Connection, message: string): void {
  logConnection(connection, MODULE, Level.trace7, '', message);
}
