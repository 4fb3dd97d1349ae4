/** FastCGI answers and bodies that are large, slow or given up, through the real command. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeFcgi, startFakeFcgi } from '../support/fake-fcgi.ts';
import { type Site, startSite } from '../support/with-server.ts';

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

function open(head: string): Socket {
  const socket = connect(site.port, '127.0.0.1');
  socket.write(head);
  return socket;
}

function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await pause(25);
  expect(holds()).toBe(true);
}

describe('the answer', () => {
  it('of 64 MiB is not collected for a client that does not read', async () => {
    const socket = open(get('/fresh?fake=huge'));
    socket.pause();
    await pause(1500);
    expect(residentMiB(site.pid)).toBeLessThan(160);
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
    const socket = open(get('/fresh?fake=silent'));
    await until(() => application.seen.requests > requests);
    // Not an orderly end: a client may end its side and still read the answer.
    socket.resetAndDestroy();
    await until(() => application.seen.aborts > before);
  });

  it.each([
    ['/flushed', true],
    ['/held', false],
  ])(
    'that is compressed comes piece by piece only where flushpackets says so: %s',
    async (path, isFlushed) => {
      const parts: string[] = [];
      const inflated = createGunzip();
      inflated.on('data', (chunk: Buffer) => parts.push(String(chunk)));
      const headers = { 'Accept-Encoding': 'gzip' };
      const sent = request(
        { host: '127.0.0.1', port: site.port, path: `${path}?fake=slow`, headers },
        (response) => response.pipe(inflated),
      );
      sent.end();
      await new Promise((resolve) => inflated.on('end', resolve));
      expect(parts.join('')).toBe('first\nsecond\n');
      expect(parts[0] === 'first\n').toBe(isFlushed);
    },
  );

  it('comes piece by piece as the application writes it', async () => {
    const socket = open(get('/fresh?fake=slow'));
    const first = await new Promise<string>((resolve) =>
      socket.once('data', (chunk: Buffer) => resolve(String(chunk))),
    );
    expect(first).toContain('first\n');
    expect(first).not.toContain('second');
    expect(await readAll(socket)).toContain('second\n');
  });
});

describe('the body', () => {
  const post = (target: string, length: number, more = ''): string =>
    `POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n${more}\r\n`;

  it('of several megabytes arrives whole', async () => {
    const body = Buffer.alloc(5_000_000, 'x');
    const socket = open(post('/app?fake=count', body.length));
    socket.write(body);
    expect(await readAll(socket)).toContain('5000000');
  });

  it('in chunks is counted where proxy-sendcl asks for it, on the disk beyond memory', async () => {
    const socket = open(
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
  const answers = await Promise.all(Array.from({ length: 20 }, () => readAll(open(get('/app?fake=hello')))));
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*hello\n/);
});

/** Resident memory of a process, by /proc. */
function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}
