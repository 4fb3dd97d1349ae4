import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Configuration } from '../../../../../src/core/configuration.ts';
import { coreServerOf } from '../../../../../src/core/core-config.ts';
import type { VirtualServer } from '../../../../../src/core/virtual-server.ts';
import { Problems } from '../../../../../src/diagnostics/problem.ts';
import { keepMembers, restoreMembers } from '../../../../../src/modules/proxy/mod_proxy_balancer/persist.ts';
import { Balancer } from '../../../../../src/modules/proxy/shared/balancer.ts';
import type { ConfiguredBalancer } from '../../../../../src/modules/proxy/shared/balancing.ts';
import { defineWorker, type Worker } from '../../../../../src/modules/proxy/shared/worker.ts';

let root: string;
let file: string;
let logged: string[];
let conf: Configuration;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'balancers-'));
  mkdirSync(join(root, 'logs'));
  file = join(root, 'logs', 'balancers.persist');
  logged = [];
  const log = { isOn: () => true, write: ({ message }: { message: string }) => logged.push(message) };
  conf = { serverRoot: root, main: { slots: [], log }, problems: new Problems() } as unknown as Configuration;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Each test has names of its own: what has lived in this process is known by its name. */
function balancerOf(name: string, ...urls: string[]): Balancer {
  const balancer = new Balancer(`balancer://${name}`);
  for (const url of urls) {
    const worker = defineWorker(url, false) as Worker;
    worker.isMember = true;
    balancer.members.push(worker);
  }
  return balancer;
}

function ofServer(balancer: Balancer, hostname = 'www'): ConfiguredBalancer {
  const server = { scheme: 'http', hostname, port: 80 } as VirtualServer;
  return { balancer, server, isPersistent: true };
}

const SEEN = { elected: 7, transferred: 100, read: 50, lbstatus: -30, lbfactor: 250, lbset: 2, route: 'r' };

/** Writes the file of a server whose first member is at odds with its configuration. */
function leave(name: string): void {
  const before = balancerOf(name, 'fcgi://a', 'fcgi://b');
  const [first] = before.members as [Worker];
  Object.assign(first.record, { ...SEEN, busy: 3 });
  first.state.setFlag('D', true);
  first.state.markFailed();
  keepMembers(conf, [ofServer(before)]);
}

describe('what is kept of members', () => {
  it('comes back from the file, for members of the same name', () => {
    leave('file');
    expect(logged).toEqual([]);
    const after = balancerOf('file', 'fcgi://a', 'fcgi://c');
    restoreMembers(conf, [ofServer(after)]);
    const [first, second] = after.members as [Worker, Worker];
    expect(first.record).toEqual({ ...SEEN, busy: 0, redirect: '' });
    expect([first.state.flags.isDisabled, first.state.isInError]).toEqual([true, true]);
    expect([second.record.elected, second.state.isAvailable]).toEqual([0, true]);
  });

  it('is in a file below DefaultRuntimeDir', () => {
    const main = { ...conf.main, slots: [] };
    coreServerOf({ serverConfigs: main }).runtimeDir = 'run';
    mkdirSync(join(root, 'run'));
    keepMembers({ ...conf, main }, [ofServer(balancerOf('elsewhere', 'fcgi://a'))]);
    expect(existsSync(file)).toBe(false);
    expect(JSON.parse(readFileSync(join(root, 'run/balancers.persist'), 'utf8'))).toHaveLength(1);
  });

  it('is shared with the configuration before, which is still at requests', () => {
    const before = balancerOf('living', 'fcgi://a');
    restoreMembers(conf, [ofServer(before)]);
    const [old] = before.members as [Worker];
    old.record.busy = 2;
    const after = balancerOf('living', 'fcgi://a');
    restoreMembers(conf, [ofServer(after)]);
    const [next] = after.members as [Worker];
    old.record.busy--;
    old.state.markFailed();
    expect([next.record.busy, next.state.isInError]).toEqual([1, true]);
  });

  it.each([
    ['different', 'one', 'two'],
    ['of the same name', 'one', 'one'],
  ])("is each server's own, where they are %s", (which, ...hosts) => {
    const make = () => hosts.map((host) => ofServer(balancerOf(`own ${which}`, 'fcgi://a'), host));
    const memberOf = (list: ConfiguredBalancer[], i: number) => list[i]?.balancer.members[0] as Worker;
    const before = make();
    memberOf(before, 0).state.setFlag('D', true);
    memberOf(before, 1).record.elected = 5;
    keepMembers(conf, before);
    const look = (list: ConfiguredBalancer[]) =>
      [0, 1].map((i) => [memberOf(list, i).state.flags.isDisabled, memberOf(list, i).record.elected]);
    // From the file, then from those before in this process.
    for (let round = 0; round < 2; round++) {
      const after = make();
      restoreMembers(conf, after);
      expect(look(after)).toEqual([
        [true, 0],
        [false, 5],
      ]);
      expect(memberOf(after, 0).record).not.toBe(memberOf(after, 1).record);
    }
  });

  it.each([
    ['not JSON', '{'],
    ['no list', '{}'],
    ['other things', '[1, null, {"balancer": "balancer://x"}, []]'],
    [
      'numbers that are none',
      '[{"server":"http://www:80","balancer":"balancer://x","member":"fcgi://a","isInError":false,"errorTime":0,"retries":0,"flags":{},"record":{"elected":"1"}}]',
    ],
  ])('is left aside when it is %s', (_, text) => {
    writeFileSync(file, text);
    const after = balancerOf(`x${text.length}`, 'fcgi://a');
    restoreMembers(conf, [ofServer(after)]);
    expect((after.members[0] as Worker).record.elected).toBe(0);
    expect(conf.problems.hasErrors).toBe(false);
  });

  it('is complained of when it cannot be written', () => {
    rmSync(join(root, 'logs'), { recursive: true });
    leave('unwritable');
    expect([existsSync(file), logged.length]).toEqual([false, 1]);
    expect(logged[0]).toContain('BalancerPersist: what is known of balancers could not be written to');
  });

  it('is nothing without balancers', () => {
    keepMembers(conf, []);
    expect(existsSync(file)).toBe(false);
  });
});
