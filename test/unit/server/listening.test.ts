/** Sockets of a server: opened, closed and passed on by reloads; and what modules hear of it. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Configuration } from '../../../src/core/configuration.ts';
import { loadConfiguration } from '../../../src/core/load.ts';
import { type AnyModule, defineModule } from '../../../src/core/module.ts';
import { modules } from '../../../src/modules/index.ts';
import { HttpServer, ListenError } from '../../../src/server/http-server.ts';
import { ServerProcess } from '../../../src/server/process.ts';
import { claimPorts, type PortBlock } from '../../support/ports.ts';

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
}

let block: PortBlock;
let port = 0;
let other = 0;
/** What was asked of the system. */
let asked: Asked[] = [];
let hasIpv6 = true;
let server: HttpServer | undefined;

/** What modules heard, by the name of the configuration's server. */
let heard: string[] = [];
const listening = defineModule({
  name: 'listening_module',
  file: 'mod_listening.c',
  always: true,
  begin: ({ main }) => {
    heard.push(`begin ${main.hostname}`);
    if (main.hostname === 'faulty') throw new Error('no begin');
  },
  retire: ({ main }) => void heard.push(`retire ${main.hostname}`),
});

beforeAll(async () => {
  block = await claimPorts({ from: 22600, to: 22699, blockSize: 5 });
  [port = 0, other = 0] = block.ports;
  listening.index = modules.length;
});
afterAll(() => block.release());
beforeEach(() => {
  asked = [];
  heard = [];
  hasIpv6 = true;
  // All addresses stand for 127.0.0.1 alone: the same clash with it, and nothing open to the world.
  const listen = Server.prototype.listen as (this: Server, options: Asked, then: () => void) => Server;
  vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    const [options, then] = args as [Asked, () => void];
    asked.push(options);
    if (options.host === '::' && !hasIpv6) {
      const error = Object.assign(new Error('no IPv6'), { code: 'EAFNOSUPPORT', errno: -97 });
      process.nextTick(() => this.emit('error', error));
      return this;
    }
    return listen.call(this, { ...options, host: '127.0.0.1' }, then);
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server?.stop(false);
  server = undefined;
});

async function load(name: string, ...lines: string[]): Promise<Configuration> {
  const all: AnyModule[] = [...modules, listening];
  const text = [`ServerName ${name}`, 'DocumentRoot /', ...lines, ''].join('\n');
  const entry = { name: 'listening.conf', text };
  const { configuration, problems } = await loadConfiguration(all, { entry, serverRoot: '/tmp' });
  expect(problems.errors).toEqual([]);
  return configuration as Configuration;
}

async function listen(name: string, ...lines: string[]): Promise<HttpServer> {
  server = new HttpServer(await load(name, ...lines));
  await server.listen();
  return server;
}

async function status(): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  await answer.arrayBuffer();
  return answer.status;
}

describe('sockets', () => {
  it('without an address are those of IPv4 where there is no IPv6', async () => {
    hasIpv6 = false;
    await listen('a', `Listen ${port}`);
    expect(asked.map(({ host }) => host)).toEqual(['::', '0.0.0.0']);
    expect(await status()).toBe(403);
  });

  it('say [::] when neither can be opened', async () => {
    hasIpv6 = false;
    await listen('a', `Listen 127.0.0.1:${port}`);
    const second = new HttpServer(await load('b', `Listen ${port}`));
    await expect(second.listen()).rejects.toMatchObject({ code: 'ERR_LISTEN', address: `[::]:${port}` });
    await second.stop(false);
  });

  it('of a reload take the place of those that were in their way', async () => {
    const running = await listen('a', `Listen ${port}`);
    await running.reload(await load('b', `Listen 127.0.0.1:${port}`));
    expect(await status()).toBe(403);
    await running.reload(await load('c', `Listen ${port}`));
    expect(await status()).toBe(403);
    expect(running.addresses).toHaveLength(1);
    await vi.waitFor(() => expect(heard).toContain('retire b'));
    expect(heard.filter((word) => word.startsWith('begin'))).toEqual(['begin a', 'begin b', 'begin c']);
  });

  it('that made room are opened again when the reload fails', async () => {
    const taken = await listen('taken', `Listen 127.0.0.1:${other}`);
    const running = await listen('a', `Listen ${port}`);
    const next = await load('b', `Listen 127.0.0.1:${port}`, `Listen 127.0.0.1:${other}`);
    await expect(running.reload(next)).rejects.toBeInstanceOf(ListenError);
    expect(await status()).toBe(403);
    expect(running.configuration.main.hostname).toBe('a');
    expect(running.addresses).toEqual([{ host: '127.0.0.1', port }]);
    expect(heard).toEqual(['begin taken', 'begin a']);
    await taken.stop(false);
  });

  it('of a reload wait for as many clients as the new configuration says', async () => {
    const running = await listen('a', `Listen 127.0.0.1:${port}`, 'ListenBacklog 11');
    await running.reload(await load('b', `Listen 127.0.0.1:${other}`, 'ListenBacklog 12'));
    expect(asked.map(({ backlog }) => backlog)).toEqual([11, 12]);
  });
});

describe('modules', () => {
  it('hear once of the beginning and the end of each configuration', async () => {
    const running = await listen('a', `Listen 127.0.0.1:${port}`);
    await running.reload(await load('b', `Listen 127.0.0.1:${port}`));
    await vi.waitFor(() => expect(heard).toEqual(['begin a', 'begin b', 'retire a']));
    await running.stop(true);
    await running.stop(false);
    expect(heard).toEqual(['begin a', 'begin b', 'retire a', 'retire b']);
  });

  it('hear nothing of a configuration that does not come to serve', async () => {
    const running = await listen('a', `Listen 127.0.0.1:${port}`);
    const second = new HttpServer(await load('b', `Listen 127.0.0.1:${port}`));
    await expect(second.listen()).rejects.toBeInstanceOf(ListenError);
    await second.stop(false);
    expect(heard).toEqual(['begin a']);
    await running.stop(false);
  });

  it('that cannot begin leave the configuration before in force', async () => {
    const running = await listen('a', `Listen 127.0.0.1:${port}`);
    const faulty = await load('faulty', `Listen 127.0.0.1:${port}`);
    await expect(running.reload(faulty)).rejects.toThrow('no begin');
    expect(running.configuration.main.hostname).toBe('a');
    expect(heard).toEqual(['begin a', 'begin faulty', 'retire faulty']);
    expect(await status()).toBe(403);
    const refused = running.reload(await load('b', `Listen 127.0.0.1:${port}`), () => {
      throw new Error('not now');
    });
    await expect(refused).rejects.toThrow('not now');
    expect(heard).toHaveLength(3);
    expect(await status()).toBe(403);
  });
});

it('a process that cannot start leaves nothing behind', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'apache-lite-start-'));
  const pidFile = path.join(root, 'pid');
  const closed = vi.fn(async () => undefined);
  let hadPidFile = false;
  const starting = new ServerProcess({
    configuration: await load('a', `Listen 127.0.0.1:${port}`, `PidFile ${pidFile}`),
    logs: { open: async () => ({ writeText: () => undefined, close: closed }) },
    commandLine: '',
    serverBuilt: '',
    isForeground: true,
    isDebug: true,
    reload: () => Promise.reject(new Error('never')),
    describeProblems: () => '',
    detach: () => {
      hadPidFile = existsSync(pidFile);
      throw new Error('no terminal');
    },
  });
  await expect(starting.start()).rejects.toThrow('no terminal');
  expect(hadPidFile).toBe(true);
  expect(existsSync(pidFile)).toBe(false);
  expect(closed).toHaveBeenCalledTimes(1);
  await expect(status()).rejects.toThrow();
  rmSync(root, { recursive: true });
});
