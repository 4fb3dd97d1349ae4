/** How long a configuration takes: checking many virtual hosts, and from the command to the first answer. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PLAIN, writeConfiguration } from '../peers/index.js';
import { cpuTime, endedChildrenCpuTime, memory } from '../process-tree.js';
import { ENVIRONMENT, Running, untilAnswering } from '../processes.js';
import { median } from '../report.js';
import { MIB } from '../site.js';

/** @typedef {import('./index.js').Context} Context */
/** @typedef {import('../peers/index.js').Peer} Peer */

const STARTS = 5;
const demo = fileURLToPath(new URL('../../../conf/demo/httpd.conf', import.meta.url));

/**
 * @param {string} name
 * @param {number} vhosts
 * @param {Context} context
 * @returns {Promise<import('../report.js').Result>}
 */
export async function runChecking(name, vhosts, { peers, site, nextPort, options }) {
  const rows = [];
  for (const peer of peers.filter(({ can }) => can.has('vhosts'))) {
    const port = await nextPort();
    const few = peer.check(writeConfiguration(peer, { ...PLAIN, site, port }));
    const many = peer.check(writeConfiguration(peer, { ...PLAIN, site, port, vhosts }));
    try {
      const without = [];
      const rounds = [];
      for (let round = 0; round < options.rounds; round++) {
        without.push(await timeOf(few));
        rounds.push(await timeOf(many));
      }
      const wall = median(rounds.map((round) => round.wall));
      const empty = median(without.map((round) => round.wall));
      const cpu = median(rounds.map((round) => round.cpu));
      rows.push({ peer: peer.name, values: { wall, cpu, each: ((wall - empty) * 1000) / vhosts, empty } });
    } catch (error) {
      rows.push({ peer: peer.name, values: {}, note: String(error) });
    }
  }
  const columns = [
    { key: 'wall', title: '-t ms', digits: 0 },
    { key: 'cpu', title: 'CPU ms', digits: 0 },
    { key: 'each', title: 'µs/vhost', digits: 1 },
    { key: 'empty', title: 'without vhosts ms', digits: 0 },
  ];
  const count = vhosts.toLocaleString('en-US');
  return { job: name, title: `checking a configuration of ${count} name-based virtual hosts`, columns, rows };
}

/**
 * Runs a command to its end.
 * @param {import('../processes.js').Command} command
 * @returns {Promise<{ wall: number, cpu: number }>} milliseconds
 * @throws {Error} with what it printed, when it fails or takes longer than a minute
 */
function timeOf({ command, args }) {
  const cpuBefore = endedChildrenCpuTime();
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: ENVIRONMENT,
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        if (output.length < 4096) output += chunk.toString('latin1');
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      const wall = performance.now() - start;
      if (code === 0) resolve({ wall, cpu: (endedChildrenCpuTime() - cpuBefore) / 1000 });
      else reject(new Error(`the check ended with ${code ?? 'a signal'}: ${output.slice(0, 500)}`));
    });
  });
}

/**
 * @param {string} name
 * @param {Context} context
 * @returns {Promise<import('../report.js').Result>}
 */
export async function runStart(name, { peers, site, nextPort }) {
  const rows = [];
  for (const peer of peers) {
    const port = await nextPort();
    const file = writeConfiguration(peer, { ...PLAIN, site, port });
    rows.push(await startRow(peer.name, () => peer.run(file), port));
  }
  return {
    job: name,
    title: 'from the command to the first answer, minimal configuration',
    columns: START_COLUMNS,
    rows,
  };
}

const START_COLUMNS = [
  { key: 'wall', title: 'ms', digits: 0 },
  { key: 'cpu', title: 'CPU ms', digits: 0 },
  { key: 'memory', title: 'PSS MiB', digits: 1 },
];

/**
 * The demo as it stands, and apache-lite's minimal configuration beside it.
 * @param {string} name
 * @param {Context} context
 * @returns {Promise<import('../report.js').Result>}
 */
export async function runDemoStart(name, { peers, site, nextPort }) {
  if (!existsSync(demo)) throw new Error('conf/demo/httpd.conf is not there');
  const lite = peers.find((peer) => peer.name === 'apache-lite');
  if (lite === undefined) throw new Error('apache-lite does not take part');
  const run = mkdtempSync(join(site.directory, 'demo-'));
  chmodSync(run, 0o777);
  const port = await nextPort();
  const minimalPort = await nextPort();
  const minimal = writeConfiguration(lite, { ...PLAIN, site, port: minimalPort });
  const { command, args } = lite.run(demo);
  // The names the demo leaves open, as `npm start` gives them.
  const names = [
    ['DEMO_ROOT', dirname(demo)],
    ['DEMO_RUN', run],
    ['DEMO_PORT', String(port)],
  ];
  const defines = names.flatMap(([define, value]) => ['-C', `Define ${define} "${value}"`]);
  const rows = [
    await startRow(
      'apache-lite',
      () => ({ command, args: [...args, '-d', dirname(demo), ...defines] }),
      port,
    ),
    await startRow('minimal', () => lite.run(minimal), minimalPort),
  ];
  return { job: name, title: 'from the command to the first answer, the demo', columns: START_COLUMNS, rows };
}

/**
 * @param {string} label
 * @param {() => import('../processes.js').Command} command
 * @param {number} port
 * @returns {Promise<import('../report.js').Row>}
 */
async function startRow(label, command, port) {
  const walls = [];
  const cpus = [];
  const sizes = [];
  try {
    for (let start = 0; start < STARTS; start++) {
      const begin = performance.now();
      const running = new Running(command());
      try {
        await untilAnswering(running, port);
        walls.push(performance.now() - begin);
        const { tree } = running;
        cpus.push(cpuTime(tree) / 1000);
        sizes.push(memory(tree).proportional / MIB);
      } finally {
        await running.stop();
      }
    }
    return { peer: label, values: { wall: median(walls), cpu: median(cpus), memory: median(sizes) } };
  } catch (error) {
    return { peer: label, values: {}, note: String(error) };
  }
}
