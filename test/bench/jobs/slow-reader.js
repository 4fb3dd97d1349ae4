/** Clients that read slowly. */
import { connect } from 'node:net';

/** Milliseconds between two sips. */
const PAUSE = 50;

/**
 * @param {number} port
 * @param {string} target
 * @param {number} sip bytes read before a pause
 */
export function openSlowReader(port, target, sip) {
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
  const reader = { socket, received: 0 };
  let taken = 0;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    reader.received += chunk.length;
    taken += chunk.length;
    if (taken < sip) return;
    taken = 0;
    socket.pause();
    setTimeout(() => socket.resume(), PAUSE).unref();
  });
  return reader;
}
