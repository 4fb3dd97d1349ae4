import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REALLY_LAST } from '../../src/core/hooks.ts';
import { loadConfiguration } from '../../src/core/load.ts';
import { type AnyModule, defineModule } from '../../src/core/module.ts';
import type { Request } from '../../src/core/request.ts';
import { modules } from '../../src/modules/index.ts';
import { HttpServer } from '../../src/server/http-server.ts';
import { runsAsRoot, serverUser } from '../differential/server-user.ts';
import { findHttpd, startServer } from '../support/httpd.ts';
import { claimPorts, type PortBlock } from '../support/ports.ts';
import {
  frame,
  isOnWire,
  type MergeCase,
  type MergeRequest,
  mergeCases,
  type Shown,
  updateCase,
  writeSite,
} from './merge-cases.ts';
import { fieldText } from './merge-dump.ts';
import { UPDATE } from './reading.ts';

const httpd = findHttpd();
let root: string;
let site: string;
let block: PortBlock;

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'conf-merge-'));
  site = path.join(root, 'site');
  // The user that httpd serves as must be able to read it.
  chmodSync(root, 0o755);
  mkdirSync(path.join(root, 'logs'));
  writeFileSync(path.join(root, 'mime.types'), 'text/plain txt\ntext/html html\n');
  writeFileSync(path.join(root, 'users'), '');
  block = await claimPorts();
});
afterAll(async () => {
  await block.release();
  rmSync(root, { recursive: true });
});

/** Sees every request at its end. */
let onRequest: (r: Request) => void = () => undefined;
const observer = defineModule({
  name: 'observer_module',
  file: 'mod_observer.c',
  hooks: { logTransaction: { run: (r) => onRequest(r.final), order: REALLY_LAST } },
  always: true,
});
observer.index = modules.length;
const observed: readonly AnyModule[] = [...modules, observer];

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(port: number, { host, path: target }: MergeRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: target, headers: { host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    }).on('error', reject);
  });
}

/** A line of what an answer shows. */
function wireLine(one: Shown, { status, headers, body }: Answer): string {
  switch (one.kind) {
    case 'env':
      return `${one.name} = ${String(headers[`x-env-${one.name.toLowerCase()}`] || '-')}`;
    case 'header':
      return `${one.name} = ${String(headers[one.name.toLowerCase()] ?? '-')}`;
    case 'status':
      return `status = ${status}`;
    default:
      return `body = ${JSON.stringify(body)}`;
  }
}

/** A line of what the configuration in force for a request says. */
function configurationLine(one: Shown, r: Request): string {
  if (one.kind !== 'dir' && one.kind !== 'server') throw new Error(`seen on the wire only: ${one.kind}`);
  const module = modules.find(({ name }) => name === `${one.module}_module`);
  if (module === undefined) throw new Error(`no such module: ${one.module}`);
  const conf = one.kind === 'dir' ? module.dir(r) : module.server(r.server);
  return `${one.kind === 'server' ? 'server ' : ''}${one.module}.${one.field} = ${fieldText(module, conf, one.field)}`;
}

async function outcomesOf(one: MergeCase): Promise<Map<MergeRequest, string>> {
  writeSite(site, one);
  const port = block.ports[0] as number;
  const text = frame(one, site, port, []);
  const loaded = await loadConfiguration(observed, { entry: { name: one.name, text }, serverRoot: root });
  expect(loaded.problems.errors.map(({ message }) => message)).toEqual([]);
  const { configuration } = loaded;
  if (configuration === undefined) throw new Error('no configuration');
  for (const server of [configuration.main, ...configuration.virtualServers])
    server.log.sink = () => undefined;
  const server = new HttpServer(configuration);
  await server.listen();
  try {
    const outcomes = new Map<MergeRequest, string>();
    for (const request of one.requests) {
      const seen = new Promise<Request>((resolve) => {
        onRequest = resolve;
      });
      const answer = await ask(port, request);
      const r = await seen;
      const lines = one.shown.map((item) =>
        isOnWire(item) ? wireLine(item, answer) : configurationLine(item, r),
      );
      outcomes.set(
        request,
        `${lines.join('\n')}\n`.replaceAll(root, '$ROOT').replaceAll(String(port), '$PORT'),
      );
    }
    return outcomes;
  } finally {
    await server.stop(false);
  }
}

const cases = mergeCases();

describe('fixtures/conf/merge', () => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    expect(one.requests.length).toBeGreaterThan(0);
    const outcomes = await outcomesOf(one);
    if (UPDATE) updateCase(one, outcomes);
    else
      for (const request of one.requests)
        expect(outcomes.get(request), request.heading).toBe(request.expected);
  });
});

const LOADED =
  'mpm_event authn_core authn_file authz_core authz_host authz_user auth_basic access_compat allowmethods mime dir alias env setenvif headers autoindex';

describe.skipIf('missing' in httpd)('httpd answers the same, as far as it can be seen', () => {
  const asked = cases.filter(({ shown }) => shown.some(isOnWire));
  test.each(asked.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    if ('missing' in httpd) return;
    writeSite(site, one);
    const port = block.ports[1] as number;
    const load = LOADED.split(' ').map(
      (name) => `LoadModule ${name}_module "${httpd.modules}/mod_${name}.so"`,
    );
    if (runsAsRoot()) load.push(`User ${serverUser.name}`, `Group ${serverUser.name}`);
    const file = path.join(root, 'httpd.conf');
    writeFileSync(file, frame(one, site, port, load), 'latin1');
    const running = await startServer(httpd, file, port);
    try {
      for (const request of one.requests) {
        const answer = await ask(port, request);
        const theirs = one.shown.filter(isOnWire).map((item) => wireLine(item, answer));
        const ours = request.expected
          .split('\n')
          .filter((_, index) => one.shown[index] !== undefined && isOnWire(one.shown[index]));
        const seen = theirs.map((line) => line.replaceAll(root, '$ROOT').replaceAll(String(port), '$PORT'));
        expect(seen, request.heading).toEqual(ours);
      }
    } finally {
      await running.stop();
    }
  });
});
