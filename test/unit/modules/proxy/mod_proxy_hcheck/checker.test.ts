import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BackendPool } from '../../../../../src/backend/pool.ts';
import type { Configuration } from '../../../../../src/core/configuration.ts';
import { HeaderFields } from '../../../../../src/http/header-fields.ts';
import {
  Checker,
  fcgiParameters,
  judge,
  requestHead,
} from '../../../../../src/modules/proxy/mod_proxy_hcheck/checker.ts';
import {
  compileProbeCondition,
  holds,
  ProbeContext,
} from '../../../../../src/modules/proxy/mod_proxy_hcheck/condition.ts';
import {
  HttpProbe,
  type ProbeResult,
  startProbe,
} from '../../../../../src/modules/proxy/mod_proxy_hcheck/probe.ts';
import { defineWorker, type Worker } from '../../../../../src/modules/proxy/shared/worker.ts';

function member(url: string, uri = '', passes = 1, fails = 1): Worker {
  const worker = defineWorker(url, false);
  if (typeof worker === 'string') throw new Error(worker);
  worker.isMember = true;
  Object.assign(worker.healthCheck, { uri, passes, fails });
  return worker;
}

describe('what is asked', () => {
  it.each([
    ['http://h:81', '/check', 'GET', false, 'GET /check HTTP/1.0\r\nHost: h:81\r\n\r\n'],
    ['http://h/base', '/check', 'GET', true, 'GET /base//check HTTP/1.1\r\nHost: h:80\r\n\r\n'],
    ['http://h/base', '', 'HEAD', false, 'HEAD /base HTTP/1.0\r\nHost: h:80\r\n\r\n'],
    ['http://h/base', '/x', 'OPTIONS', true, 'OPTIONS * HTTP/1.1\r\nHost: h:80\r\n\r\n'],
    ['http://[::1]:81', '', 'GET', false, 'GET / HTTP/1.0\r\nHost: [::1]:81\r\n\r\n'],
  ])('%s %s %s', (url, uri, verb, isNew, expected) => {
    expect(requestHead(member(url, uri), verb, isNew)).toBe(expected);
  });

  it('of FastCGI', () => {
    const parameters = new Map(fcgiParameters(member('fcgi://h:9000', '/ping?a=b'), 'GET'));
    expect([parameters.get('SCRIPT_NAME'), parameters.get('QUERY_STRING')]).toEqual(['/ping', 'a=b']);
  });
});

describe('what comes of checks', () => {
  it.each([
    // passes, fails, outcomes, what changed with each
    [1, 1, '-+-', ['disabled', 'enabled', 'disabled']],
    [2, 3, '---++', [undefined, undefined, 'disabled', undefined, 'enabled']],
    // Neither count falls meanwhile.
    [2, 2, '-+-+-+', [undefined, undefined, 'disabled', undefined, undefined, 'enabled']],
  ])('%d passes, %d fails: %s', (passes, fails, outcomes, expected) => {
    const worker = member('http://h', '', passes, fails);
    expect([...outcomes].map((outcome) => judge(worker, outcome === '+'))).toEqual(expected);
    expect(worker.state.isAvailable).toBe(expected.findLast((one) => one !== undefined) === 'enabled');
  });

  it('ends an error of another kind, too', () => {
    const worker = member('http://h');
    worker.state.markFailed();
    expect(judge(worker, true)).toBe('enabled');
    expect(worker.state.isAvailable).toBe(true);
  });
});

describe('conditions', () => {
  const fields = new HeaderFields();
  fields.append('X-State', 'fine');
  const context = new ProbeContext({ status: 203, fields, body: 'all UP\n' }, 'GET', 'h');
  it.each([
    ["hc('body') =~ /UP/", true],
    ["%{HC_BODY} == 'all UP'", false],
    ["%{REQUEST_STATUS} -in {'200', '203'}", true],
    ["resp('X-State') == 'fine' && %{REQUEST_METHOD} == 'GET'", true],
    ["hc('other') == '' && %{HC_OTHER} == ''", true],
    ["-U '/x'", false],
  ])('%s', (source, expected) => {
    const condition = compileProbeCondition(source);
    expect(typeof condition).toBe('object');
    if (typeof condition === 'object') expect(holds(condition, context)).toBe(expected);
  });
});

describe('slow backends', () => {
  const servers: Server[] = [];
  const settle = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** Answers with a head, then a byte every few milliseconds for as long as anybody listens. */
  async function dripping(): Promise<{ port: number; seen: string[] }> {
    const seen: string[] = [];
    const server = createServer((socket) => {
      let timer: NodeJS.Timeout | undefined;
      socket.on('data', (data) => {
        seen.push(/^GET (\S+)/.exec(data.toString('latin1'))?.[1] ?? '');
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        timer = setInterval(() => socket.write('x'), 10);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => clearInterval(timer));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    return { port: address.port, seen };
  }

  it('one that drips has failed when its time is over', async () => {
    const { port } = await dripping();
    const pool = new BackendPool({ address: { kind: 'tcp', host: '127.0.0.1', port }, isReusing: false });
    const started = performance.now();
    const results: ProbeResult[] = [];
    await new Promise<void>((resolve) => {
      startProbe(pool, new HttpProbe('GET / HTTP/1.0\r\n\r\n', false), 100, 200, (result) => {
        results.push(result);
        resolve();
      });
    });
    expect(performance.now() - started).toBeGreaterThan(190);
    await settle(50);
    expect(results).toMatchObject([{ kind: 'failed', failure: { kind: 'timeout' } }]);
    expect(pool.counters.used).toBe(0);
  });

  it('leave the others their turn, however few checks are made at once', async () => {
    const { port, seen } = await dripping();
    const members = ['a', 'b', 'c', 'd'].map((name) => member(`http://127.0.0.1:${port}/${name}`));
    for (const { healthCheck, options } of members) {
      Object.assign(healthCheck, { method: 'GET', interval: 1 });
      options.timeout = 20;
    }
    const main = { slots: [], log: { isOn: () => false, write: () => undefined } };
    const providers = { find: () => () => ({ balancers: [{ members }] }) };
    const configuration = { main, virtualServers: [], providers } as unknown as Configuration;
    const checker = new Checker(configuration, () => ({ poolSize: 1 }));
    for (let round = 0; round < 100 && seen.length < 8; round++) {
      checker.look();
      await settle(10);
    }
    checker.stop();
    expect(seen.slice(0, 8).map((path) => path.replace('/', ''))).toEqual([...'abcdabcd']);
  });
});
