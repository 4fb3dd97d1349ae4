/**
 * mod_lbmethod_heartbeat: by what servers say of their idle capacity (modules/proxy/balancers/mod_lbmethod_heartbeat.c), as a file has it that
 * mod_heartmonitor of an httpd writes (HeartbeatStorage). mod_heartmonitor itself, and the shared memory by which it tells its own server, are not
 * there.
 */
import { readFileSync, statSync } from 'node:fs';
import { type ApplyResult, type Command, GLOBAL_ONLY, RSRC_CONF } from '../../../config/directive.ts';
import { atoi } from '../../../config/values.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { systemError } from '../../../lib/error-text.ts';
import type { Balancer } from '../shared/balancer.ts';
import { LB_METHODS, type LbMethod, retryMember } from '../shared/balancer-method.ts';
import { runtimePath } from '../shared/runtime-path.ts';
import type { Worker } from '../shared/worker.ts';

const DEFAULT_STORAGE = 'logs/hb.dat';
/** Seconds after which a server that says nothing is out (LBM_HEARTBEAT_MAX_LASTSEEN). */
const LAST_SEEN = 10;
/** A larger file is no list of servers. */
const MAX_FILE = 1024 * 1024;

export interface HeartbeatServerConf {
  storage?: string;
}

/** What a server said of itself. */
export interface Heartbeat {
  readonly busy: number;
  /** Requests it can take; a quarter where it is at none, which may have just been started. */
  readonly ready: number;
  /** Seconds ago; -1: not said. */
  readonly seen: number;
}

/** Lines of `host busy=n&ready=n&lastseen=n`; one without an end does not count, a later one of a host adds to it (readfile_heartbeats). */
export function parseHeartbeats(text: string): Map<string, Heartbeat> {
  const servers = new Map<string, Heartbeat>();
  const lines = text.split('\n');
  lines.pop();
  for (const line of lines) {
    const space = line.indexOf(' ');
    if (line.startsWith('#') || space < 0) continue;
    const host = line.slice(0, space);
    const fields = new Map(
      line
        .slice(space + 1)
        .split('&')
        .map((field) => field.split('=', 2) as [string, string | undefined]),
    );
    const before = servers.get(host) ?? { busy: 0, ready: 0, seen: -1 };
    const number = (name: string, known: number): number => {
      const value = fields.get(name);
      return value === undefined ? known : atoi(value);
    };
    const busy = number('busy', before.busy);
    const ready = Math.max(0, number('ready', before.ready));
    const seen = number('lastseen', before.seen);
    servers.set(host, { busy, ready: busy === 0 ? Math.trunc(ready / 4) : ready, seen });
  }
  return servers;
}

interface KnownFile {
  readonly mtimeMs: number;
  readonly size: number;
  readonly servers: Map<string, Heartbeat>;
}

/** Per path: read again when it has changed. */
const files = new Map<string, KnownFile>();

function readHeartbeats(path: string): Map<string, Heartbeat> {
  const name = Buffer.from(path, 'latin1');
  const { mtimeMs, size } = statSync(name);
  const known = files.get(path);
  if (known !== undefined && known.mtimeMs === mtimeMs && known.size === size) return known.servers;
  if (size > MAX_FILE) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
  const servers = parseHeartbeats(readFileSync(name, 'latin1'));
  files.set(path, { mtimeMs, size, servers });
  return servers;
}

export class ByHeartbeat implements LbMethod {
  readonly name = 'heartbeat';
  readonly #random: () => number;

  /** @param random as Math.random. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  choose(balancer: Balancer, r: Request): Worker | undefined {
    const storage = modLbmethodHeartbeat.server(r.configuration.main).storage ?? DEFAULT_STORAGE;
    const path = runtimePath(r.configuration, storage);
    try {
      return this.pick(balancer.members, readHeartbeats(path), (worker) => retryMember(worker, r.server));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      const message = `lb_heartbeat: Unable to read heartbeats at '${path}'`;
      logRequest(r, 'lbmethod_heartbeat', Level.error, 'AH01213', message, systemError(code));
      return undefined;
    }
  }

  /** One of those that were heard of, as likely as it has places free. */
  pick(
    members: readonly Worker[],
    servers: ReadonlyMap<string, Heartbeat>,
    retry: (worker: Worker) => void,
  ): Worker | undefined {
    let places = 0;
    for (const worker of members) {
      const server = servers.get(worker.host);
      if (server === undefined) continue;
      if (!worker.state.isAvailable) retry(worker);
      if (isUp(worker, server)) places += server.ready;
    }
    if (places === 0) return undefined;
    const place = Math.floor(this.#random() * (places + 1));
    let chosen: Worker | undefined;
    let from = 0;
    for (const worker of members) {
      const server = servers.get(worker.host);
      if (server === undefined || !isUp(worker, server)) continue;
      if (place >= from && place <= from + server.ready) chosen = worker;
      from += server.ready;
    }
    return chosen;
  }
}

function isUp(worker: Worker, server: Heartbeat): boolean {
  return worker.state.isAvailable && server.seen < LAST_SEEN;
}

function setStorage(cmd: Command<HeartbeatServerConf, object>, path: string): ApplyResult {
  cmd.server.storage = path;
  return undefined;
}

export const modLbmethodHeartbeat = defineModule<HeartbeatServerConf>({
  name: 'lbmethod_heartbeat_module',
  file: 'mod_lbmethod_heartbeat.c',
  directives: [
    {
      name: 'HeartbeatStorage',
      shape: 'TAKE1',
      where: RSRC_CONF,
      forbidden: GLOBAL_ONLY,
      usage: 'Path to read heartbeat data.',
      apply: setStorage,
    },
  ],
  providers: { [LB_METHODS]: { heartbeat: new ByHeartbeat() } },
});
