/** Requests driven by wrk through each server in turn, round after round, so that noise hits all alike. */
import { get } from 'node:http';
import { PLAIN, startPeer } from '../peers/index.js';
import { startPhpFpms } from '../php-fpm.js';
import { cpuTime, memory } from '../process-tree.js';
import { median } from '../report.js';
import { KIB, MIB } from '../site.js';
import { startUpstream } from '../upstream-process.js';
import { drive } from '../wrk.js';

/** @typedef {import('./index.js').Context} Context */
/** @typedef {import('../peers/index.js').Peer} Peer */
/** @typedef {import('../processes.js').Running} Running */

/**
 * @typedef {object} ThroughputJob
 * @property {string} title
 * @property {string} path
 * @property {number} connections
 * @property {number} status expected
 * @property {number} [length] expected, of the body in bytes
 * @property {number} [least] length, where servers have words of their own
 * @property {string} [coding] expected Content-Encoding
 * @property {import('../peers/index.js').Ability} feature
 * @property {import('../peers/index.js').Skill} [skill] what a server must be able to do; default the feature
 * @property {number} [fpms] php-fpm beside it
 * @property {readonly string[]} [fields] header fields of the requests
 */

/** @type {Readonly<Record<string, ThroughputJob>>} */
export const throughputJobs = {
  '1k': {
    title: 'a file of 1 KiB, 32 keep-alive connections',
    path: '/1k.txt',
    connections: 32,
    status: 200,
    length: KIB,
    feature: 'static',
  },
  '100k': {
    title: 'a file of 100 KiB, 32 keep-alive connections',
    path: '/100k.txt',
    connections: 32,
    status: 200,
    length: 100 * KIB,
    feature: 'static',
  },
  '10m': {
    title: 'a file of 10 MiB, 4 keep-alive connections',
    path: '/10m.bin',
    connections: 4,
    status: 200,
    length: 10 * MIB,
    feature: 'static',
  },
  404: {
    title: 'a file that is not there, 32 keep-alive connections',
    path: '/missing.txt',
    connections: 32,
    status: 404,
    least: 100,
    feature: 'static',
  },
  php: {
    title: 'PHP hello through php-fpm, backend connections kept, 32 keep-alive connections',
    path: '/reuse/hello.php',
    connections: 32,
    status: 200,
    length: 6,
    feature: 'php',
    skill: 'php-kept',
    fpms: 1,
  },
  'php-plain': {
    title: 'PHP hello through php-fpm, a backend connection for each request, 32 keep-alive connections',
    path: '/plain/hello.php',
    connections: 32,
    status: 200,
    length: 6,
    feature: 'php',
    fpms: 1,
  },
  'php-balancer': {
    title: 'PHP hello through a balancer of two php-fpm, connections kept, 32 keep-alive connections',
    path: '/reuse/hello.php',
    connections: 32,
    status: 200,
    length: 6,
    feature: 'balancer',
    fpms: 2,
  },
  'http-proxy': {
    title: 'a small answer of a proxied HTTP server, connections kept, 32 keep-alive connections',
    path: '/upstream/hello',
    connections: 32,
    status: 200,
    length: 6,
    feature: 'http-proxy',
  },
  'wordpress-404': {
    title:
      "a file that is not there, and no index.php, under WordPress' .htaccess, 32 keep-alive connections",
    path: '/wordpress-404/2024/05/missing/',
    connections: 32,
    status: 404,
    least: 100,
    feature: 'wordpress',
    fpms: 1,
  },
  'wordpress-php': {
    title: "a pretty URL rewritten to PHP by WordPress' .htaccess, 32 keep-alive connections",
    path: '/wordpress/2024/05/hello-world/',
    connections: 32,
    status: 200,
    length: 6,
    feature: 'wordpress',
    fpms: 1,
  },
  htaccess: {
    title: 'a file of 1 KiB under ten .htaccess files, 32 keep-alive connections',
    path: '/nested/d1/d2/d3/d4/d5/d6/d7/d8/d9/d10/1k.txt',
    connections: 32,
    status: 200,
    length: KIB,
    feature: 'htaccess',
  },
  filters: {
    title: 'a file of 1 KiB with mod_deflate, mod_headers and mod_expires, 32 keep-alive connections',
    path: '/1k.txt',
    connections: 32,
    status: 200,
    least: 20,
    coding: 'gzip',
    feature: 'filters',
    fields: ['Accept-Encoding: gzip'],
  },
  autoindex: {
    title: 'a listing of 1,000 files, 8 keep-alive connections',
    path: '/listing/',
    connections: 8,
    status: 200,
    least: 20_000,
    feature: 'autoindex',
  },
  'autoindex-fancy': {
    title: 'a listing of 1,000 files with sizes and dates (FancyIndexing), 8 keep-alive connections',
    path: '/listing-fancy/',
    connections: 8,
    status: 200,
    least: 20_000,
    feature: 'autoindex',
  },
};

/** @typedef {{ rate: number, p99: number, cpu: number, fpm: number, failures: number }} Round */

/**
 * @param {string} name
 * @param {ThroughputJob} job
 * @param {Context} context
 * @returns {Promise<import('../report.js').Result>}
 */
export async function runThroughput(name, job, context) {
  const { options, peers, nextPort, wrk, fpmCommand } = context;
  const php = (job.fpms ?? 0) > 0;
  if (wrk === undefined) throw new Error('wrk is not installed');
  if (php && fpmCommand === undefined) throw new Error('php-fpm is not installed');
  const upstream = job.feature === 'http-proxy' ? await startUpstream(nextPort) : undefined;
  /** @type {Contestant[]} */
  const started = [];
  /** @type {import('../report.js').Row[]} */
  const rows = [];
  try {
    for (const peer of peers.filter(({ can }) => can.has(job.skill ?? job.feature))) {
      const port = await nextPort();
      try {
        started.push(await startContestant(peer, port, context, job, upstream?.port ?? 0));
        await expectAnswer(port, job);
      } catch (error) {
        rows.push({ peer: peer.name, values: {}, note: String(error) });
      }
    }
    const sound = started.filter(({ peer }) => !rows.some((row) => row.peer === peer.name));
    // The first round warms up: code is compiled, caches and pools fill. It does not count.
    for (let round = 0; round <= options.rounds; round++) {
      for (const contestant of sound) {
        const measured = await oneRound(contestant, job, context, round === 0 ? 1 : options.seconds);
        if (round > 0) contestant.rounds.push(measured);
      }
    }
    for (const contestant of sound) rows.push(summarise(contestant));
  } finally {
    await Promise.all(started.flatMap(({ running, fpms }) => [running, ...fpms].map((each) => each.stop())));
    await upstream?.running.stop();
  }
  // Those that failed come where they would have stood.
  const order = peers.map(({ name: peer }) => peer);
  rows.sort((a, b) => order.indexOf(a.peer) - order.indexOf(b.peer));
  const columns = [
    { key: 'rate', title: 'requests/s', digits: 0 },
    { key: 'p99', title: 'p99 ms', digits: 2 },
    { key: 'cpu', title: 'CPU µs/request', digits: 1 },
    { key: 'peak', title: 'peak MiB', digits: 1 },
    ...(!php ? [] : [{ key: 'fpm', title: 'php-fpm CPU µs/request', digits: 1 }]),
  ];
  return { job: name, title: job.title, columns, rows };
}

/** @typedef {{ peer: Peer, running: Running, port: number, fpms: readonly Running[], rounds: Round[] }} Contestant */

/**
 * @param {Peer} peer
 * @param {number} port
 * @param {Context} context
 * @param {ThroughputJob} job
 * @param {number} upstreamPort
 * @returns {Promise<Contestant>}
 */
async function startContestant(peer, port, { site, fpmCommand }, { feature, fpms: count = 0 }, upstreamPort) {
  const fpms = await startPhpFpms(fpmCommand, site, count);
  try {
    const fpmSockets = fpms.map(({ socket }) => socket);
    const running = await startPeer(peer, { ...PLAIN, site, port, feature, fpmSockets, upstreamPort });
    return { peer, running, port, fpms: fpms.map((fpm) => fpm.running), rounds: [] };
  } catch (error) {
    await Promise.all(fpms.map((fpm) => fpm.running.stop()));
    throw error;
  }
}

/**
 * @param {Contestant} contestant
 * @param {ThroughputJob} job
 * @param {Context} context
 * @param {number} seconds
 * @returns {Promise<Round>}
 */
async function oneRound({ running, port, fpms }, job, { wrk, site }, seconds) {
  const { tree } = running;
  const fpmTree = fpms.flatMap((fpm) => fpm.tree);
  const before = cpuTime(tree);
  const fpmBefore = cpuTime(fpmTree);
  const load = await drive(wrk ?? 'wrk', site.directory, {
    url: `http://127.0.0.1:${port}${job.path}`,
    connections: job.connections,
    seconds,
    fields: job.fields ?? [],
  });
  const requests = Math.max(load.requests, 1);
  const unexpected = job.status < 400 ? load.refusals : load.requests - load.refusals;
  return {
    rate: (load.requests * 1e6) / load.microseconds,
    p99: load.p99 / 1000,
    cpu: (cpuTime(tree) - before) / requests,
    fpm: (cpuTime(fpmTree) - fpmBefore) / requests,
    failures: load.failures + unexpected,
  };
}

/**
 * @param {Contestant} contestant
 * @returns {import('../report.js').Row}
 */
function summarise({ peer, running, fpms, rounds }) {
  const of = (/** @type {keyof Round} */ key) => median(rounds.map((round) => round[key]));
  if (of('rate') === 0) return { peer: peer.name, values: {}, note: 'no request was answered' };
  const failures = rounds.reduce((sum, round) => sum + round.failures, 0);
  return {
    peer: peer.name,
    values: {
      rate: of('rate'),
      p99: of('p99'),
      cpu: of('cpu'),
      peak: memory(running.tree).peak / MIB,
      ...(fpms.length === 0 ? {} : { fpm: of('fpm') }),
    },
    ...(failures === 0 ? {} : { note: `${failures} requests failed or had another status` }),
  };
}

/**
 * One request before the load: a server that is fast because its answer is wrong must not win.
 * @param {number} port
 * @param {ThroughputJob} job
 * @returns {Promise<void>}
 */
function expectAnswer(port, { path, status, length, least = 0, coding, fields = [] }) {
  const headers = Object.fromEntries(fields.map((field) => field.split(': ', 2)));
  return new Promise((resolve, reject) => {
    const request = get(
      { host: '127.0.0.1', port, path, headers, agent: false, timeout: 10_000 },
      (response) => {
        let received = 0;
        response.on('data', (chunk) => (received += chunk.length));
        response.once('error', reject);
        response.once('end', () => {
          const { statusCode, headers: said } = response;
          const isLong = length === undefined ? received >= least : received === length;
          const isRight = statusCode === status && isLong && said['content-encoding'] === coding;
          if (isRight) resolve();
          else
            reject(
              new Error(
                `${path} gave ${statusCode} with ${received} bytes, coding: ${said['content-encoding'] ?? 'none'}`,
              ),
            );
        });
      },
    );
    request.once('timeout', () => request.destroy(new Error(`${path}: no answer in time`)));
    request.once('error', reject);
  });
}
