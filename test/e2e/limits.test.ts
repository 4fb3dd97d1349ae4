/** Limits of requests as configured, and of configurations: ten thousand virtual hosts. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../src/core/load.ts';
import { modules } from '../../src/modules/index.ts';
import { findApacheLite } from '../support/apache-lite.ts';
import { headerOf, RawConnection, rawRequest } from '../support/raw-request.ts';
import { ask, makeSite, type Site, startSite } from '../support/with-server.ts';

describe('limits of requests', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({
      configuration:
        'LimitRequestLine 200\nLimitRequestFieldSize 100\nLimitRequestFields 5\nMaxKeepAliveRequests 3\nKeepAliveTimeout 1\nLimitRequestBody 1000\n',
      files: { 'htdocs/index.html': 'hello\n' },
    });
  });
  afterAll(() => site.dispose());

  it.each([
    ['a request line as long as allowed', `GET /?${'a'.repeat(184)} HTTP/1.1\r\nHost: a\r\n\r\n`, 200],
    ['a longer one', `GET /?${'a'.repeat(300)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ['a field as long as allowed', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(95)}\r\n\r\n`, 200],
    ['a longer one', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(150)}\r\n\r\n`, 400],
    ['as many fields as allowed', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(4)}\r\n`, 200],
    ['one more', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(5)}\r\n`, 400],
    [
      'a body as long as allowed',
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}`,
      200,
    ],
    ['a longer one', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n', 413],
    [
      'a longer one in chunks',
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`,
      413,
    ],
  ])('%s', async (_name, bytes, status) => {
    const { responses } = await rawRequest(bytes, { port: site.port });
    expect(responses[0]?.status).toBe(status);
  });

  it('requests on a connection', async () => {
    const connection = await RawConnection.open({ port: site.port });
    const fields: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      await connection.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
      const answer = await connection.readResponse();
      if (answer === undefined) break;
      fields.push(headerOf(answer, 'keep-alive') ?? headerOf(answer, 'connection'));
    }
    expect(fields).toEqual(['timeout=1, max=3', 'timeout=1, max=2', 'timeout=1, max=1', 'close']);
    expect(await connection.closedWithin(3000)).toBe(true);
    connection.close();
  });

  it('the wait for the next request', async () => {
    const connection = await RawConnection.open({ port: site.port });
    await connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await connection.readResponse())?.status).toBe(200);
    const started = performance.now();
    expect(await connection.closedWithin(5000)).toBe(true);
    expect(performance.now() - started).toBeGreaterThan(800);
    connection.close();
  });
});

describe('ten thousand virtual hosts', () => {
  const hosts = (count: number, port: number): string => {
    let text = '';
    for (let i = 0; i < count; i++)
      text += `<VirtualHost *:${port}>\n  ServerName host${i}.example\n  ServerAlias www.host${i}.example *.wild${i}.example\n  DocumentRoot "\${ROOT}"\n  Header set X-Host ${i}\n  <Location "/closed">\n    Require all denied\n  </Location>\n</VirtualHost>\n`;
    return text;
  };

  it('load in a time that grows no faster than their number', async () => {
    const load = async (count: number): Promise<number> => {
      const text = `Define ROOT /tmp\nServerName main.example\nListen 127.0.0.1:1\n${hosts(count, 1)}`;
      // Time of the processor: others may be busy on the machine.
      const started = process.cpuUsage();
      const { configuration, problems } = await loadConfiguration(modules, {
        entry: { name: 'hosts.conf', text },
        serverRoot: '/tmp',
      });
      const { user, system } = process.cpuUsage(started);
      expect(problems.errors).toEqual([]);
      expect(configuration?.virtualServers.length).toBe(count);
      return (user + system) / 1000;
    };
    await load(1000); // Compiled by now.
    const best = async (count: number): Promise<number> =>
      Math.min(await load(count), await load(count), await load(count));
    const thousand = await best(1000);
    const tenThousand = await best(10_000);
    process.stdout.write(
      `virtual hosts: 1,000 load in ${thousand.toFixed(0)} ms, 10,000 in ${tenThousand.toFixed(0)} ms\n`,
    );
    // About ten when it is linear (more for the garbage of a larger heap), a hundred when each looks at all the others.
    expect(tenThousand / thousand).toBeLessThan(30);
  }, 60_000);

  it('are found by name, alias and wildcard', async () => {
    const site = await makeSite({ files: { 'htdocs/index.html': 'hello\n' } });
    try {
      site.configure(`Define ROOT ${site.root}/htdocs\n${hosts(10_000, site.port)}`);
      const program = findApacheLite();
      if ('missing' in program) throw new Error(program.missing);
      const check = spawnSync(program.command, [...program.prefix, '-t', '-f', site.file], {
        encoding: 'latin1',
        timeout: 20_000,
      });
      expect(check.stderr).toBe('Syntax OK\n');
      await site.start();
      const hostOf = async (host: string): Promise<unknown> =>
        (await ask(site.port, '/', { headers: { Host: host } })).headers['x-host'];
      for (const n of [0, 1, 4999, 9999]) {
        expect(await hostOf(`host${n}.example`)).toBe(String(n));
        expect(await hostOf(`WWW.HOST${n}.EXAMPLE:${site.port}`)).toBe(String(n));
        expect(await hostOf(`any.thing.wild${n}.example`)).toBe(String(n));
      }
      expect(await hostOf('nobody.example')).toBe('0');
      expect((await ask(site.port, '/closed', { headers: { Host: 'host77.example' } })).status).toBe(403);
      const started = performance.now();
      for (let i = 0; i < 100; i++) await hostOf(`host${i * 99}.example`);
      process.stdout.write(
        `a request to one of 10,000 virtual hosts: ${((performance.now() - started) / 100).toFixed(2)} ms\n`,
      );
      expect(site.memory()).toBeLessThan(700);
    } finally {
      await site.dispose();
    }
  }, 60_000);
});
