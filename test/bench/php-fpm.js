/** A php-fpm of its own for each server: a static pool on a unix socket. Kept connections of one server hold no children of another's. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Running } from './processes.js';

/**
 * More children than the ten connections a server may keep: a kept connection holds its child, and one that found none
 * would wait for ever.
 */
const CHILDREN = 16;

/** @returns {string | undefined} the command, where it is installed */
export function findPhpFpm() {
  for (const directory of ['/usr/sbin', '/usr/local/sbin']) {
    if (!existsSync(directory)) continue;
    const name = readdirSync(directory).find((file) => /^php-fpm(\d[\d.]*)?$/.test(file));
    if (name !== undefined) return join(directory, name);
  }
  return undefined;
}

let pools = 0;

/**
 * @param {string} command
 * @param {import('./site.js').Site} site
 * @returns {Promise<{ running: Running, socket: string }>}
 */
export async function startPhpFpm(command, site) {
  const name = join(site.directory, `fpm-${pools++}`);
  const file = `${name}.conf`;
  const socket = `${name}.sock`;
  const isRoot = process.getuid?.() === 0;
  writeFileSync(
    file,
    `[global]
error_log = ${name}.log
daemonize = no
[bench]
${isRoot ? 'user = www-data\ngroup = www-data\n' : ''}listen = ${socket}
listen.mode = 0666
listen.backlog = 511
pm = static
pm.max_children = ${CHILDREN}
pm.max_requests = 0
`,
  );
  const running = new Running({ command, args: ['-n', '-y', file, '-F'] });
  const deadline = performance.now() + 10_000;
  while (!existsSync(socket)) {
    if (running.isGone || performance.now() > deadline) {
      await running.stop();
      throw new Error(`php-fpm did not start\n${running.output}`);
    }
    await sleep(10);
  }
  return { running, socket };
}

/**
 * Several of them.
 * @param {string | undefined} command
 * @param {import('./site.js').Site} site
 * @param {number} count
 */
export async function startPhpFpms(command, site, count) {
  const started = [];
  try {
    while (command !== undefined && started.length < count) started.push(await startPhpFpm(command, site));
  } catch (error) {
    await Promise.all(started.map(({ running }) => running.stop()));
    throw error;
  }
  return started;
}
