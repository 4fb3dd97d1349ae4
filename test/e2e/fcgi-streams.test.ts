/** FastCGI answers and bodies that are large, slow or given up, through the real command. */
import { request } from 'node:http';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeFcgi, startFakeFcgi } from '../support/fake-fcgi.ts';
import { pause, readAll, readUntil, type Site, startSite } from '../support/with-server.ts';

let application: FakeFcgi;
let site: Site;

beforeAll(async () => {
  application = await startFakeFcgi({ port: 0 });
  const backend = `fcgi://127.0.0.1:${application.port}`;
  site = await startSite({
    configuration:
      `<Proxy "${backend}/kept">\nProxySet enablereuse=on max=2\n</Proxy>\n` +
      `SetEnvIf X-Send-Cl . proxy-sendcl\nProxyPass /app ${backend}/kept\nProxyPass /fresh ${backend}/fresh\n` +
      `ProxyPass /flushed ${backend}/flushed flushpackets=on\nProxyPass /held ${backend}/held\n` +
      '<LocationMatch "^/(flushed|held)">\nSetOutputFilter DEFLATE\n</LocationMatch>\n',
  });
});

afterAll(async () => {
  await site?.dispose();
  await application?.close();
});

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

describe('the answer', () => {
  it('of 64 MiB is not collected for a client that does not read', async () => {
    const socket = site.open(get('/fresh?fake=huge'));
    socket.pause();
    await pause(1500);
    expect(site.memory()).toBeLessThan(160);
    let length = 0;
    socket.on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    socket.resume();
    await new Promise((resolve) => socket.on('end', resolve));
    expect(length).toBeGreaterThan(64 * 1024 * 1024);
  });

  it('that nobody waits for is given up', async () => {
    const { aborts: before, requests } = application.seen;
    const socket = site.open(get('/fresh?fake=silent'));
    await site.until('the request', () => application.seen.requests > requests);
    // Not an orderly end: a client may end its side and still read the answer.
    socket.resetAndDestroy();
    await site.until('the abort', () => application.seen.aborts > before);
  });

  it.each([
    ['/flushed', true],
    ['/held', false],
  ])(
    'that is compressed comes piece by piece only where flushpackets says so: %s',
    async (path, isFlushed) => {
      const { requests } = application.seen;
      let text = '';
      const inflated = createGunzip();
      inflated.on('data', (chunk: Buffer) => {
        text += String(chunk);
      });
      const headers = { 'Accept-Encoding': 'gzip' };
      const sent = request(
        { host: '127.0.0.1', port: site.port, path: `${path}?fake=held`, headers },
        (response) => response.pipe(inflated),
      );
      sent.end();
      const ended = new Promise((resolve) => inflated.on('end', resolve));
      await site.until('the request', () => application.seen.requests > requests);
      if (isFlushed) await site.until('the first part', () => text !== '');
      else await pause(200);
      expect(text).toBe(isFlushed ? 'first\n' : '');
      application.proceed();
      await ended;
      expect(text).toBe('first\nsecond\n');
    },
  );

  it('comes piece by piece as the application writes it', async () => {
    const socket = site.open(get('/fresh?fake=held'));
    await readUntil(socket, 'first\n');
    application.proceed();
    expect(await readAll(socket)).toContain('second\n');
  });
});

describe('the body', () => {
  const post = (target: string, length: number, more = ''): string =>
    `POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n${more}\r\n`;

  it('of several megabytes arrives whole', async () => {
    const body = Buffer.alloc(5_000_000, 'x');
    const socket = site.open(post('/app?fake=count', body.length));
    socket.write(body);
    expect(await readAll(socket)).toContain('5000000');
  });

  it('in chunks is counted where proxy-sendcl asks for it, on the disk beyond memory', async () => {
    const socket = site.open(
      'POST /app?fake=count HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Send-Cl: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    for (let i = 0; i < 40; i++) {
      socket.write('10000\r\n');
      socket.write(Buffer.alloc(65536, 'y'));
      socket.write('\r\n');
    }
    socket.write('0\r\n\r\n');
    expect(await readAll(socket)).toContain(String(40 * 65536));
  });
});

it('no more connections than max are opened, and all requests are answered', async () => {
  const before = application.seen.connections;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => readAll(site.open(get('/app?fake=hello')))),
  );
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*hello\n/);
  expect(application.seen.connections - before).toBeLessThanOrEqual(2);
});
