/** Bodies of 50 MiB through a proxy, down and up, and many slow clients of one: what they cost in memory. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLAIN, startPeer } from '../peers/index.js';
import { startPhpFpms } from '../php-fpm.js';
import { memory, resetPeak } from '../process-tree.js';
import { KIB, MIB } from '../site.js';
import { startUpstream } from '../upstream-process.js';
import { openSlowReader } from './slow-reader.js';

/** @typedef {import('./index.js').Context} Context */
/** @typedef {import('../processes.js').Running} Running */
/** @typedef {{ key: string, title: string, path: string, upload: boolean, feature: 'php' | 'http-proxy' }} Way */

const SIZE = 50 * MIB;
const SLOW_CLIENTS = 200;
/** A slow client takes this many bytes, then waits. */
const SIP = 16 * KIB;
const READING = 4000;

/** @type {readonly Way[]} */
const WAYS = [
  { key: 'fcgiDown', title: 'fcgi down MiB', path: '/reuse/stream.php', upload: false, feature: 'php' },
  { key: 'fcgiUp', title: 'fcgi up MiB', path: '/reuse/stream.php', upload: true, feature: 'php' },
  { key: 'httpDown', title: 'http down MiB', path: '/upstream/stream', upload: false, feature: 'http-proxy' },
  { key: 'httpUp', title: 'http up MiB', path: '/upstream/stream', upload: true, feature: 'http-proxy' },
];

/**
 * @param {string} name
 * @param {Context} context
 * @returns {Promise<import('../report.js').Result>}
 */
export async function runStreams(name, context) {
  if (context.fpmCommand === undefined) throw new Error('php-fpm is not installed');
  const rows = [];
  for (const peer of context.peers.filter(({ can }) => can.has('php-kept') && can.has('http-proxy'))) {
    /** @type {Record<string, number>} */
    const values = {};
    const notes = [];
    for (const way of WAYS) {
      try {
        values[way.key] = await withProxy(peer, way.feature, context, async (running, port) => {
          // Code and buffers that the first request brings are not the stream's.
          for (let round = 0; round < 2; round++) await transfer(port, way);
          resetPeak(running.tree);
          const before = memory(running.tree);
          await transfer(port, way);
          return (memory(running.tree).peak - before.resident) / MIB;
        });
      } catch (error) {
        notes.push(`${way.title}: ${error}`);
      }
    }
    rows.push({ peer: peer.name, values, ...(notes.length === 0 ? {} : { note: notes.join('; ') }) });
  }
  const columns = WAYS.map(({ key, title }) => ({ key, title, digits: 1 }));
  return { job: name, title: 'growth of peak memory by a body of 50 MiB, down and up', columns, rows };
}

/**
 * @param {string} name
 * @param {Context} context
 * @returns {Promise<import('../report.js').Result>}
 */
export async function runSlowProxyClients(name, context) {
  const rows = [];
  for (const peer of context.peers.filter(({ can }) => can.has('http-proxy'))) {
    try {
      rows.push(
        await withProxy(peer, 'http-proxy', context, async (running, port) => {
          for (let round = 0; round < 2; round++) await transfer(port, /** @type {Way} */ (WAYS[2]));
          resetPeak(running.tree);
          const before = memory(running.tree);
          const readers = Array.from({ length: SLOW_CLIENTS }, () =>
            openSlowReader(port, '/upstream/stream', SIP),
          );
          await sleep(READING);
          const after = memory(running.tree);
          const idlers = readers.filter(({ received }) => received < SIP).length;
          for (const { socket } of readers) socket.destroy();
          return {
            peer: peer.name,
            values: { growth: (after.peak - before.resident) / MIB, peak: after.peak / MIB },
            ...(idlers === 0 ? {} : { note: `${idlers} of ${SLOW_CLIENTS} clients were given nothing` }),
          };
        }),
      );
    } catch (error) {
      rows.push({ peer: peer.name, values: {}, note: String(error) });
    }
  }
  const columns = [
    { key: 'growth', title: 'growth of peak MiB', digits: 1 },
    { key: 'peak', title: 'peak MiB', digits: 1 },
  ];
  return {
    job: name,
    title: `${SLOW_CLIENTS} clients that read 50 MiB of a proxied HTTP server slowly, all at once`,
    columns,
    rows,
  };
}

/**
 * @template T
 * @param {import('../peers/index.js').Peer} peer
 * @param {'php' | 'http-proxy'} feature
 * @param {Context} context
 * @param {(running: Running, port: number) => Promise<T>} measure
 * @returns {Promise<T>}
 */
async function withProxy(peer, feature, { site, nextPort, fpmCommand }, measure) {
  /** @type {Running[]} */
  const started = [];
  try {
    let upstreamPort = 0;
    const fpms = await startPhpFpms(fpmCommand, site, feature === 'php' ? 1 : 0);
    started.push(...fpms.map(({ running }) => running));
    if (feature === 'http-proxy') {
      const upstream = await startUpstream(nextPort);
      started.push(upstream.running);
      upstreamPort = upstream.port;
    }
    const port = await nextPort();
    const fpmSockets = fpms.map(({ socket }) => socket);
    const running = await startPeer(peer, { ...PLAIN, site, port, feature, fpmSockets, upstreamPort });
    started.unshift(running);
    return await measure(running, port);
  } finally {
    for (const running of started) await running.stop();
  }
}

/**
 * One body of 50 MiB; rejects when it does not come whole.
 * @param {number} port
 * @param {Way} way
 * @returns {Promise<void>}
 */
function transfer(port, { path, upload }) {
  return new Promise((resolve, reject) => {
    const headers = upload ? { 'Content-Length': SIZE } : {};
    const method = upload ? 'PUT' : 'GET';
    const call = request(
      { host: '127.0.0.1', port, path, method, headers, agent: false, timeout: 60_000 },
      (response) => {
        let received = 0;
        let text = '';
        response.on('data', (chunk) => {
          received += chunk.length;
          if (upload) text += chunk;
        });
        response.once('error', reject);
        response.once('end', () => {
          if (upload ? Number(text) === SIZE : received === SIZE) resolve();
          else reject(new Error(`${response.statusCode}: ${upload ? text.slice(0, 80) : received}`));
        });
      },
    );
    call.once('timeout', () => call.destroy(new Error('no answer in time')));
    call.once('error', reject);
    if (!upload) {
      call.end();
      return;
    }
    const piece = Buffer.alloc(64 * KIB, 'x');
    let sent = 0;
    const pump = () => {
      while (sent < SIZE) {
        sent += piece.length;
        if (!call.write(piece)) return;
      }
      call.end();
    };
    call.on('drain', pump);
    pump();
  });
}
