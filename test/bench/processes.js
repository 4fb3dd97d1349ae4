/** Starting and ending the programs of a benchmark. What was started is ended by its id, also when the run is cut short. */
import { spawn } from 'node:child_process';
import { fchmodSync, openSync, readSync, unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processTree } from './process-tree.js';

/** Nothing of the caller's environment but a search path: every server sees the same. */
export const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C',
  TZ: 'UTC',
};

/**
 * @typedef {object} Command
 * @property {string} command
 * @property {readonly string[]} args
 */

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** @type {Set<ChildProcess>} */
const living = new Set();

/** A program that runs until it is told to end. */
export class Running {
  /** @type {ChildProcess} */
  #child;
  /** A file without a name that takes what it prints: /dev/stderr can be opened again when it is a file, not when it is a socket. */
  #output = openNameless();
  #failure = '';
  #gone = false;
  /** @type {Promise<void>} */
  #ended;

  /** @param {Command} command */
  constructor({ command, args }) {
    const child = spawn(command, [...args], {
      stdio: ['ignore', this.#output, this.#output],
      env: ENVIRONMENT,
    });
    this.#child = child;
    living.add(child);
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#gone = true;
        living.delete(child);
        resolve();
      };
      child.once('error', (error) => {
        this.#failure = error.message;
        end();
      });
      child.once('exit', end);
    });
  }

  get pid() {
    return this.#child.pid ?? 0;
  }

  get isGone() {
    return this.#gone;
  }

  /** What it printed, at most 16 KiB. */
  get output() {
    const text = Buffer.alloc(16384);
    return this.#failure + text.latin1Slice(0, readSync(this.#output, text, 0, text.length, 0));
  }

  /** The program and everything it started. */
  get tree() {
    return this.#gone ? [] : processTree(this.pid);
  }

  /** Asks it to end, and after three seconds ends it and what it started. */
  async stop() {
    if (this.#gone) return;
    const tree = this.tree;
    this.#child.kill('SIGTERM');
    await Promise.race([this.#ended, sleep(3000, undefined, { ref: false })]);
    if (this.#gone) return;
    for (const pid of tree) kill(pid);
    await this.#ended;
  }
}

let files = 0;

function openNameless() {
  const name = join(tmpdir(), `apache-lite-bench-${process.pid}-${files++}.log`);
  const descriptor = openSync(name, 'ax+', 0o600);
  unlinkSync(name);
  // Servers that drop their user open it again.
  fchmodSync(descriptor, 0o666);
  return descriptor;
}

/** For the end of this process: nothing may stay behind. */
export function killAll() {
  for (const child of living) {
    for (const pid of processTree(child.pid ?? 0)) kill(pid);
  }
  living.clear();
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/**
 * Waits until a server answers a request.
 * @param {Running} running
 * @param {number} port
 * @param {number} timeout milliseconds
 * @throws {Error} with the program's output, when it ended or did not answer in time
 */
export async function untilAnswering(running, port, timeout = 20_000) {
  const deadline = performance.now() + timeout;
  while (!running.isGone) {
    if (await answers(port)) return;
    if (performance.now() > deadline)
      throw new Error(`no answer within ${timeout / 1000} s\n${running.output}`);
    await sleep(1);
  }
  throw new Error(`it ended at once\n${running.output}`);
}

/**
 * True when an HTTP answer begins.
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(5000, () => socket.destroy());
    socket.once('connect', () =>
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    );
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString('latin1').startsWith('HTTP/1.'));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/**
 * Free ports on 127.0.0.1, handed out one after the other.
 * @param {number} first
 * @param {number} count
 * @returns {() => Promise<number>} rejects when all are used up
 */
export function portSource(first, count) {
  let next = 0;
  return async () => {
    // Round and round: by the time a port comes again, its last user has been stopped.
    for (let tried = 0; tried < count; tried++) {
      const port = first + (next++ % count);
      if (await isFree(port)) return port;
    }
    throw new Error(`no free port in ${first}-${first + count - 1}`);
  };
}

/** @param {number} port */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
