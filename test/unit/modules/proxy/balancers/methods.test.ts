import { describe, expect, it } from 'vitest';
import type { Request } from '../../../../../src/core/request.ts';
import { ByBusyness } from '../../../../../src/modules/proxy/balancers/mod_lbmethod_bybusyness.ts';
import { ByRequests } from '../../../../../src/modules/proxy/balancers/mod_lbmethod_byrequests.ts';
import { ByTraffic } from '../../../../../src/modules/proxy/balancers/mod_lbmethod_bytraffic.ts';
import {
  ByHeartbeat,
  parseHeartbeats,
} from '../../../../../src/modules/proxy/balancers/mod_lbmethod_heartbeat.ts';
import { Balancer } from '../../../../../src/modules/proxy/shared/balancer.ts';
import type { LbMethod } from '../../../../../src/modules/proxy/shared/balancer-method.ts';
import { defineWorker, type Worker } from '../../../../../src/modules/proxy/shared/worker.ts';

const r = {
  server: { log: { isOn: () => false } },
  perDir: { slots: [] },
} as unknown as Request;

/** Members m1, m2, ... with parameters as BalancerMember has them. */
function balancerOf(...members: string[]): Balancer {
  const balancer = new Balancer('balancer://b');
  members.forEach((words, index) => {
    const worker = defineWorker(`fcgi://m${index + 1}`, false) as Worker;
    worker.isMember = true;
    for (const word of words.split(' ').filter(Boolean)) {
      const [key, value] = word.split('=') as [string, string];
      expect(worker.setOption(key, value)).toBeUndefined();
    }
    balancer.members.push(worker);
  });
  return balancer;
}

/** The numbers of those chosen for so many requests. */
function choices(balancer: Balancer, method: LbMethod, requests: number): string {
  let chosen = '';
  for (let i = 0; i < requests; i++) chosen += method.choose(balancer, r)?.host.slice(1) ?? '-';
  return chosen;
}

describe("byrequests chooses in httpd's order", () => {
  it.each([
    ['in proportion', ['', 'loadfactor=2', 'loadfactor=3'], '32132332132332132332'],
    ['by hundredths', ['loadfactor=1.5', 'loadfactor=1.25', ''], '12312312132132112312'],
    [
      'spares for those that are out',
      ['status=D', 'status=N', 'status=R', 'status=R', 'status=R', ''],
      '634634634634',
    ],
    ['a set that is out is passed over', ['status=D', 'lbset=2', 'lbset=2', 'lbset=4'], '232323'],
    ['standbys when nothing else is left', ['status=S', 'status=H', 'status=H'], '232323'],
    ['standbys of a set come before the next set', ['status=D', 'status=H', 'lbset=1'], '222'],
    ['a spare is not needed', ['', 'status=R'], '111'],
    ['a spare that is draining is no spare', ['status=D', 'status=RN', ''], '333'],
    ['nobody', ['status=D', 'status=S', 'status=C', 'status=U', 'status=N'], '----'],
    ['in error without a time', ['status=E', ''], '1212'],
    ['no members', [], '--'],
  ])('%s', (_, members, expected) => {
    expect(choices(balancerOf(...members), new ByRequests(), expected.length)).toBe(expected);
  });

  it('a failed member is out until its time is over', () => {
    const balancer = balancerOf('retry=0', 'retry=100', '');
    const [first, second] = balancer.members as [Worker, Worker];
    first.state.markFailed();
    second.state.markFailed();
    expect(choices(balancer, new ByRequests(), 4)).toBe('1313');
    expect([first.state.retries, second.state.retries]).toEqual([1, 0]);
  });

  it('what all have in hand stays nothing together', () => {
    const balancer = balancerOf('loadfactor=7', 'loadfactor=1.3', 'loadfactor=99 status=R', 'status=D');
    choices(balancer, new ByRequests(), 1000);
    expect(balancer.members.reduce((sum, { record }) => sum + record.lbstatus, 0)).toBe(0);
  });
});

describe('bytraffic', () => {
  it('chooses who has carried least for its factor', () => {
    const balancer = balancerOf('', 'loadfactor=2', '');
    const method = new ByTraffic();
    let chosen = '';
    for (let i = 0; i < 20; i++) {
      const worker = method.choose(balancer, r) as Worker;
      worker.record.transferred += 860;
      worker.record.read += 3000;
      chosen += worker.host.slice(1);
    }
    expect(chosen).toBe('12321232123212321232');
  });

  it('rounds each way down, as integers are', () => {
    const balancer = balancerOf('', '');
    const [first, second] = balancer.members as [Worker, Worker];
    Object.assign(first.record, { transferred: 99, read: 99 });
    Object.assign(second.record, { transferred: 0, read: 0 });
    expect(choices(balancer, new ByTraffic(), 1)).toBe('1');
    first.record.read = 100;
    expect(choices(balancer, new ByTraffic(), 1)).toBe('2');
  });
});

describe('bybusyness', () => {
  it('is byrequests while all are equally busy', () => {
    expect(choices(balancerOf('', 'loadfactor=2', ''), new ByBusyness(), 20)).toBe('21322132213221322132');
  });

  it('chooses who is at fewest', () => {
    const balancer = balancerOf('', '', '');
    (balancer.members[0] as Worker).record.busy = 1;
    // Measured: the first member at a slow request, and then seven more when it is done.
    expect(choices(balancer, new ByBusyness(), 7)).toBe('2323232');
  });
});

describe('heartbeat', () => {
  it.each([
    ['one line', 'h busy=1&ready=30&lastseen=2&version=1\n', { busy: 1, ready: 30, seen: 2 }],
    ['just started', 'h busy=0&ready=7&lastseen=0\n', { busy: 0, ready: 1, seen: 0 }],
    ['lines add up', 'h busy=1\nh ready=4\n', { busy: 1, ready: 4, seen: -1 }],
    ['not ended', 'h busy=1&ready=30', undefined],
    ['two spaces', 'h  ready=2&busy=5\n', { busy: 5, ready: 0, seen: -1 }],
    ['comment', '#h busy=1\n', undefined],
    ['no fields', 'h\n', undefined],
    ['negative', 'h busy=1&ready=-5&lastseen=1\n', { busy: 1, ready: 0, seen: 1 }],
  ])('reads %s', (_, text, expected) => {
    expect(parseHeartbeats(text).get('h')).toEqual(expected);
  });

  it.each([
    [0, '1'],
    [29 / 41, '1'],
    [30 / 41, '2'],
    [0.999, '2'],
  ])('picks by places that are free: %f is %s', (random, expected) => {
    const servers = parseHeartbeats(
      'm1 busy=1&ready=30&lastseen=1\nm2 busy=1&ready=10&lastseen=9\nm3 busy=1&ready=9&lastseen=10\n',
    );
    const balancer = balancerOf('', '', '', '');
    expect(new ByHeartbeat(() => random).pick(balancer.members, servers, () => undefined)?.host).toBe(
      `m${expected}`,
    );
  });
});
