/** Answers and bodies of HTTP backends that are large, slow or given up, through the real command. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, pause, readAll, readUntil, type Site, startSite } from '../support/with-server.ts';

const MIB = 1024 * 1024;
const LARGE = 50 * MIB;
const CHUNK = Buffer.alloc(256 * 1024, 'a');

/** What the backend saw. */
const seen = { requests: 0, aborted: 0, bodyBytes: 0, connections: 0 };
let backend: Server;
let raw: ReturnType<typeof createTcpServer>;
let closing: ReturnType<typeof createTcpServer>;
let site: Site;
/** Lets the answer that is held go on. */
let proceed = (): unknown => undefined;

beforeAll(async () => {
  backend = createServer((request, response) => {
    seen.requests++;
    const target = new URL(request.url ?? '/', 'http://x');
    response.on('close', () => {
      if (!response.writableEnded) seen.aborted++;
    });
    let received = 0;
    if (target.pathname !== '/stall') {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
        seen.bodyBytes += chunk.length;
      });
    }
    switch (target.pathname) {
      case '/large':
        if (target.searchParams.has('length')) response.setHeader('Content-Length', LARGE);
        fill(response, LARGE);
        break;
      case '/count':
        request.on('end', () => response.end(String(received)));
        break;
      case '/early':
        response.statusCode = 413;
        response.end('enough');
        break;
      case '/held':
        response.write('first\n');
        proceed = () => response.end('second\n');
        break;
      case '/die':
        response.setHeader('Content-Length', 1000);
        response.write('partial');
        request.socket.destroySoon();
        break;
      case '/silent':
      case '/stall':
        break;
      default:
        response.end('hello\n');
    }
  });
  backend.on('connection', () => seen.connections++);
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  // Takes connections and a request, and never reads on.
  raw = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.pause());
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  // Says that it keeps a connection, and closes it at the second request.
  closing = createTcpServer((socket) => {
    let requests = 0;
    socket.on('error', () => undefined);
    socket.on('data', () => {
      if (++requests > 1) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n');
    });
  });
  await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve));
  const closingPort = (closing.address() as AddressInfo).port;
  const port = (backend.address() as AddressInfo).port;
  const rawPort = (raw.address() as AddressInfo).port;
  site = await startSite({
    configuration:
      `SetEnvIf X-Send-Cl . proxy-sendcl\nProxyPass /few/ http://127.0.0.1:${port}/few/ max=2\n` +
      `ProxyPass /app/ http://127.0.0.1:${port}/\nProxyPass /deaf/ http://127.0.0.1:${rawPort}/ timeout=2\n` +
      `ProxyPass /closing/ http://127.0.0.1:${closingPort}/\n`,
  });
});

afterAll(async () => {
  await site?.dispose();
  backend?.closeAllConnections();
  backend?.close();
  raw?.close();
  closing?.close();
});

function fill(response: NodeJS.WritableStream, total: number): void {
  let left = total;
  const more = (): void => {
    while (left > 0) {
      const piece = CHUNK.subarray(0, Math.min(CHUNK.length, left));
      left -= piece.length;
      if (!response.write(piece)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

describe('the answer', () => {
  it.each(['/app/large', '/app/large?length'])(
    '%s: 50 MiB are not collected for a client that does not read',
    async (target) => {
      const socket = site.open(get(target));
      socket.pause();
      await pause(1200);
      const before = site.memory();
      let length = 0;
      let most = before;
      socket.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length % (8 * MIB) < chunk.length) most = Math.max(most, site.memory());
      });
      socket.resume();
      await new Promise((resolve) => socket.on('close', resolve));
      expect(length).toBeGreaterThanOrEqual(LARGE);
      expect(before).toBeLessThan(160);
      expect(most).toBeLessThan(200);
    },
  );

  it('that nobody waits for is given up', async () => {
    const { aborted, requests } = seen;
    const socket = site.open(get('/app/silent'));
    await site.until('the request', () => seen.requests > requests);
    socket.resetAndDestroy();
    await site.until('the end', () => seen.aborted > aborted);
  });

  it('that nobody reads any more is given up amid its body', async () => {
    const { aborted } = seen;
    const socket = site.open(get('/app/large'));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.resetAndDestroy();
    await site.until('the end', () => seen.aborted > aborted);
  });

  it('comes piece by piece as the backend writes it', async () => {
    const socket = site.open(get('/app/held'));
    expect(await readUntil(socket, 'first\n')).toContain('HTTP/1.1 200 OK');
    proceed();
    expect(await readAll(socket)).toContain('second\n');
  });

  it('that breaks off is never taken for whole', async () => {
    const text = await readAll(site.open(get('/app/die')));
    expect(text).toContain('Content-Length: 1000\r\n');
    expect(text.endsWith('partial')).toBe(true);
  });
});

describe('the body', () => {
  const post = (target: string, length: number): string =>
    `POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;

  it('of 50 MiB arrives whole, with flat memory', async () => {
    const socket = site.open(post('/app/count', LARGE));
    fill(socket, LARGE);
    const text = await readAll(socket);
    expect(text).toContain(String(LARGE));
    expect(site.memory()).toBeLessThan(200);
  });

  it.each(['', 'X-Send-Cl: 1\r\n'])('in chunks arrives whole (%j)', async (field) => {
    const socket = site.open(
      `POST /app/count HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${field}Transfer-Encoding: chunked\r\n\r\n`,
    );
    for (let i = 0; i < 40; i++) {
      socket.write('10000\r\n');
      socket.write(Buffer.alloc(65536, 'y'));
      socket.write('\r\n');
    }
    socket.write('0\r\n\r\n');
    expect(await readAll(socket)).toContain(String(40 * 65536));
  });

  it('is not collected for a backend that does not read it, which then takes too long', async () => {
    const socket = site.open(post('/deaf/x', LARGE));
    fill(socket, LARGE);
    const text = await readAll(socket);
    expect(site.memory()).toBeLessThan(200);
    expect(text).toMatch(/^HTTP\/1\.1 504 Gateway Timeout\r\n/);
  });

  it('is not waited for when the backend has answered', async () => {
    const socket = site.open(post('/app/early', LARGE));
    socket.write(CHUNK);
    const text = await readUntil(socket, 'enough');
    socket.destroy();
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('of a client that goes away costs the backend a request that is cut off', async () => {
    const { requests, aborted } = seen;
    const socket = site.open(post('/app/count', LARGE));
    socket.write(CHUNK);
    await site.until('the request', () => seen.requests > requests);
    socket.resetAndDestroy();
    await site.until('the end', () => seen.aborted > aborted);
  });
});

it('a request whose kept connection turns out closed is sent again when that does no harm', async () => {
  const statuses: number[] = [];
  for (const method of ['GET', 'GET', 'GET', 'POST', 'GET'])
    statuses.push((await ask(site.port, '/closing/', { method })).status);
  expect(statuses).toEqual([200, 200, 200, 502, 200]);
});

it('no more connections than max are opened, and all requests are answered', async () => {
  const before = seen.connections;
  const answers = await Promise.all(Array.from({ length: 20 }, () => readAll(site.open(get('/few/hello')))));
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*hello\n/);
  expect(seen.connections - before).toBeLessThanOrEqual(2);
});
