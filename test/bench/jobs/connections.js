/** What connections cost in memory: many that idle, and some that read slowly. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLAIN, startPeer } from '../peers/index.js';
import { memory, resetPeak } from '../process-tree.js';
import { KIB, MIB } from '../site.js';
import { openSlowReader } from './slow-reader.js';

/** @typedef {import('./index.js').Context} Context */
/** @typedef {import('node:net').Socket} Socket */

const IDLE = 1000;
const READERS = 20;
/** A slow reader takes this many bytes, then waits. */
const SIP = 64 * KIB;
const READING = 3000;

/**
 * @param {string} name
 * @param {Context} context
 * @returns {Promise<import('../report.js').Result>}
 */
export async function runIdle(name, context) {
  const rows = await eachPeer(context, async (running, port) => {
    // What is allocated once, with the first connections, is not theirs.
    closeAll(await openIdle(port, 50));
    await sleep(500);
    const before = memory(running.tree);
    const sockets = await openIdle(port, IDLE);
    await sleep(500);
    const after = memory(running.tree);
    const open = sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
    closeAll(sockets);
    return {
      values: {
        open,
        each: (after.proportional - before.proportional) / IDLE / KIB,
        total: after.proportional / MIB,
      },
      ...(open === IDLE ? {} : { note: `closed ${IDLE - open} of ${IDLE} connections` }),
    };
  });
  const columns = [
    { key: 'each', title: 'KiB/connection', digits: 1 },
    { key: 'total', title: 'PSS MiB', digits: 1 },
  ];
  return { job: name, title: `${IDLE} keep-alive connections that idle after one request`, columns, rows };
}

/**
 * @param {string} name
 * @param {Context} context
 * @returns {Promise<import('../report.js').Result>}
 */
export async function runSlowReaders(name, context) {
  const rows = await eachPeer(context, async (running, port) => {
    closeAll(await openIdle(port, 50));
    await sleep(500);
    const { tree } = running;
    resetPeak(tree);
    const before = memory(tree);
    const readers = Array.from({ length: READERS }, () => openSlowReader(port, '/32m.bin', SIP));
    await sleep(READING);
    const after = memory(running.tree);
    const idlers = readers.filter(({ received }) => received < SIP).length;
    for (const { socket } of readers) socket.destroy();
    return {
      values: { growth: (after.peak - before.resident) / MIB, peak: after.peak / MIB },
      ...(idlers === 0 ? {} : { note: `${idlers} of ${READERS} readers were given nothing` }),
    };
  });
  const columns = [
    { key: 'growth', title: 'growth of peak MiB', digits: 1 },
    { key: 'peak', title: 'peak MiB', digits: 1 },
  ];
  return { job: name, title: `${READERS} clients that read a file of 32 MiB slowly`, columns, rows };
}

/**
 * @param {Context} context
 * @param {(running: import('../processes.js').Running, port: number) => Promise<Omit<import('../report.js').Row, 'peer'>>} measure
 * @returns {Promise<import('../report.js').Row[]>}
 */
async function eachPeer({ peers, site, nextPort }, measure) {
  const rows = [];
  for (const peer of peers) {
    const port = await nextPort();
    try {
      const running = await startPeer(peer, { ...PLAIN, site, port });
      try {
        rows.push({ peer: peer.name, ...(await measure(running, port)) });
      } finally {
        await running.stop();
      }
    } catch (error) {
      rows.push({ peer: peer.name, values: {}, note: String(error) });
    }
  }
  return rows;
}

/**
 * Connections that have had one answer and stay open. They are opened a hundred at a time: no listen queue overflows.
 * @param {number} port
 * @param {number} count
 */
async function openIdle(port, count) {
  /** @type {Socket[]} */
  const sockets = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(100, count - sockets.length) }, () => openOne(port));
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

/**
 * @param {number} port
 * @returns {Promise<Socket>}
 */
function openOne(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('GET /1k.txt HTTP/1.1\r\nHost: localhost\r\n\r\n');
    });
    const timer = setTimeout(() => socket.destroy(new Error('no answer on a new connection')), 10_000);
    socket.once('data', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    // Read on, so that an end is seen.
    socket.on('data', () => {});
    socket.on('error', reject);
  });
}

/** @param {readonly Socket[]} sockets */
function closeAll(sockets) {
  for (const socket of sockets) socket.destroy();
}
