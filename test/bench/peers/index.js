/** The servers that are compared. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Running, untilAnswering } from '../processes.js';
import { findApacheLite } from './apache-lite.js';
import { findHttpd } from './httpd.js';
import { findLighttpd } from './lighttpd.js';
import { findNginx } from './nginx.js';

/**
 * @typedef {object} Setup what one configuration is for
 * @property {import('../site.js').Site} site
 * @property {number} port on 127.0.0.1
 * @property {string} home directory for this server's pid file and logs
 * @property {Ability} feature what the configuration has to be able to do, beside serving files
 * @property {readonly string[]} fpmSockets the php-fpm it may use
 * @property {number} upstreamPort where the HTTP server to be proxied listens; 0: none
 * @property {number} vhosts name-based virtual hosts to add
 */

/** @typedef {'static' | 'php' | 'balancer' | 'http-proxy' | 'wordpress' | 'htaccess' | 'filters' | 'autoindex'} Ability */
/** @typedef {Ability | 'php-kept' | 'vhosts' | 'demo'} Skill */

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} version
 * @property {ReadonlySet<Skill>} can
 * @property {(setup: Setup) => string} configure the text of the configuration file
 * @property {(file: string) => import('../processes.js').Command} run in the foreground
 * @property {(file: string) => import('../processes.js').Command} check the configuration and end
 */

/** A setup that serves files and nothing else. */
export const PLAIN = /** @type {const} */ ({ feature: 'static', fpmSockets: [], upstreamPort: 0, vhosts: 0 });

/** @typedef {{ name: string, missing: string }} MissingPeer */
/** @typedef {(options?: { profile?: string | undefined }) => Peer | MissingPeer} PeerFinder */

/** The first one is what the others are compared to. */
/** @type {readonly PeerFinder[]} */
export const finders = [findApacheLite, findHttpd, findNginx, findLighttpd];

let homes = 0;

/**
 * Writes a peer's configuration.
 * @param {Peer} peer
 * @param {Omit<Setup, 'home'>} setup
 * @returns {string} path of the file
 */
export function writeConfiguration(peer, setup) {
  const home = join(setup.site.directory, `${peer.name}-${homes++}`);
  mkdirSync(home);
  // A server that drops its user before it opens its log writes here too.
  chmodSync(home, 0o777);
  const file = join(home, 'server.conf');
  writeFileSync(file, peer.configure({ ...setup, home }), { mode: 0o644 });
  return file;
}

/**
 * Starts a peer and waits until it answers.
 * @param {Peer} peer
 * @param {Omit<Setup, 'home'>} setup
 * @returns {Promise<Running>}
 * @throws {Error} with what it printed, when it does not
 */
export async function startPeer(peer, setup) {
  const running = new Running(peer.run(writeConfiguration(peer, setup)));
  try {
    await untilAnswering(running, setup.port);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}
