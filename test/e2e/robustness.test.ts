/** What hostile, broken and vanishing peers do must cost the server nothing that lasts. */

import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closed, dial } from '../support/dial.ts';
import { type FakeFcgi, startFakeFcgi } from '../support/fake-fcgi.ts';
import { RawConnection, rawRequest } from '../support/raw-request.ts';
import { ask, pause, type Site, startSite } from '../support/with-server.ts';

describe('clients that vanish', () => {
  let site: Site;
  let fake: FakeFcgi;
  beforeAll(async () => {
    fake = await startFakeFcgi({
      script: [
        { awaitBody: true },
        { stdout: 'Content-Type: text/plain\r\n\r\n' },
        { fill: 1 << 20 },
        { end: {} },
      ],
    });
    site = await startSite({
      configuration: `<Location "/app">\nSetHandler "proxy:fcgi://127.0.0.1:${fake.port}"\n</Location>\nCustomLog logs/access.log "%r %>s %X"\n`,
      files: { 'htdocs/index.html': 'hello\n', 'htdocs/large.txt': Buffer.alloc(8 << 20, 'l') },
    });
  });
  afterAll(async () => {
    await site.dispose();
    await fake.close();
  });

  /** Waits until the server holds what it held before. */
  const settled = (sockets: number): Promise<void> =>
    site.until('the close of all sockets', () => site.sockets <= sockets);

  it('leak nothing, a thousand of them', async () => {
    const waves = async (count: number): Promise<void> => {
      const requests = [
        'GET /large.txt HTTP/1.1\r\nHost: localhost\r\n\r\n',
        'POST /app HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nsome',
        'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsome',
        'GET /app HTTP/1.1\r\nHost: localhost\r\n\r\n',
        'GET / HTTP/1.1\r\nHos',
      ];
      for (let i = 0; i < count; i += 50) {
        const sockets = await Promise.all(
          Array.from({ length: 50 }, (_, n) => dial(site.port, requests[n % requests.length])),
        );
        // Some have an answer under way, others nothing yet; half of them end by a reset.
        await Promise.race([pause(20), new Promise((resolve) => sockets[0]?.once('data', resolve))]);
        for (const [n, socket] of sockets.entries()) {
          if (n % 2 === 0) socket.resetAndDestroy();
          else socket.destroy();
        }
        await Promise.all(sockets.map(closed));
      }
    };
    expect((await ask(site.port, '/')).status).toBe(200);
    const { sockets } = site;
    await waves(200);
    await settled(sockets);
    const memory = site.memory();
    const descriptors = site.descriptors().length;
    await waves(1000);
    await settled(sockets);
    await site.until('the last descriptor to go', () => site.descriptors().length <= descriptors);
    expect(site.memory() - memory).toBeLessThan(60);
    await site.until('the end of backend connections', () => fake.seen.open === 0);
    expect((await ask(site.port, '/app')).body.length).toBe(1 << 20);
    expect(site.errorLog).not.toContain('AL0');
  });

  it('mid-download: the file is closed and the request is logged as aborted', async () => {
    const socket = await dial(site.port, 'GET /large.txt HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.resetAndDestroy();
    await site.until('the line', () =>
      site.read('logs/access.log').includes('GET /large.txt HTTP/1.1 200 X'),
    );
    await site.until(
      'the close of the file',
      () => !site.descriptors().some((name) => name.endsWith('large.txt')),
    );
  });

  it('mid-upload: the application hears of it', async () => {
    const { aborts, open } = fake.seen;
    const socket = await dial(
      site.port,
      'POST /app HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nsome',
    );
    await site.until('the request', () => fake.seen.open > open);
    socket.resetAndDestroy();
    await site.until('the end of the request', () => fake.seen.open === open);
    expect(fake.seen.aborts).toBeGreaterThan(aborts);
  });
});

describe('backends that fail', () => {
  let site: Site;
  let silent: Server;
  const held = new Set<Socket>();
  let fake: FakeFcgi;
  beforeAll(async () => {
    fake = await startFakeFcgi({ script: 'hello' });
    silent = createServer((socket) => {
      held.add(socket);
      socket.on('error', () => undefined);
      socket.resume();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address() as { port: number };
    site = await startSite({
      configuration: `ProxyTimeout 1
<Location "/silent">\nSetHandler "proxy:fcgi://127.0.0.1:${address.port}"\n</Location>
<Location "/fake">\nSetHandler "proxy:fcgi://127.0.0.1:${fake.port}"\n</Location>\n`,
      files: { 'htdocs/index.html': 'hello\n' },
    });
  });
  afterAll(async () => {
    await site.dispose();
    await fake.close();
    for (const socket of held) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('that dies mid-answer: the client sees that the answer is not whole', async () => {
    const script = JSON.stringify([
      { stdout: 'Content-Type: text/plain\r\n\r\npartial' },
      { sleep: 50 },
      { close: 'reset' },
    ]);
    const { responses } = await rawRequest(
      `GET /fake HTTP/1.1\r\nHost: localhost\r\nX-Fake: ${script}\r\n\r\n`,
      { port: site.port },
    );
    expect(responses[0]).toMatchObject({ status: 200, framing: 'chunked', body: 'partial', truncated: true });
  });

  it('that dies before it answers: 503', async () => {
    for (const name of ['close-at-once', 'reset-at-once', 'bad-version'])
      expect((await ask(site.port, '/fake', { headers: { 'X-Fake': name } })).status, name).toBe(503);
  });

  it('that accepts and never answers: 504 after ProxyTimeout, and the connection is given up', async () => {
    const started = performance.now();
    expect((await ask(site.port, '/silent')).status).toBe(504);
    expect(performance.now() - started).toBeGreaterThan(900);
    await site.until('the close', () =>
      [...held].every((socket) => socket.destroyed || socket.readableEnded),
    );
  });
});

describe('slow clients', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({
      configuration:
        'TimeOut 1\nRequestReadTimeout header=2 body=0\nKeepAliveTimeout 500ms\nCustomLog logs/access.log "%m %U %>s"\n',
      files: { 'htdocs/index.html': 'hello\n', 'htdocs/large.txt': Buffer.alloc(10 << 20, 'l') },
    });
  });
  afterAll(() => site.dispose());

  it('that send heads byte by byte lose their connections, others are served meanwhile', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 200 }, () => dial(site.port, 'GET / HTTP/1.1\r\nHost: localhost\r\nX: ')),
    );
    expect((await ask(site.port, '/')).status).toBe(200);
    for (const socket of sockets) socket.resume();
    // Each byte comes in time, the head does not.
    const drip = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('x');
    }, 200);
    await Promise.all(sockets.map(closed));
    clearInterval(drip);
    await site.until('the lines', () => site.read('logs/access.log').split(' 408\n').length > 200);
  });

  it('that send nothing at all are closed without an answer', async () => {
    const connection = await RawConnection.open({ port: site.port });
    expect(await connection.closedWithin(5000)).toBe(true);
    expect(connection.pending).toBe('');
  });

  it('that stop amid a body get 408 and are closed', async () => {
    const connection = await RawConnection.open({ port: site.port });
    await connection.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345');
    expect((await connection.readResponse())?.status).toBe(408);
    expect(await connection.closedWithin(5000)).toBe(true);
    connection.close();
  });

  it('that read nothing lose their connections', async () => {
    const socket = await dial(site.port, 'GET /large.txt HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.pause();
    await site.until('the end of the request', () =>
      site.read('logs/access.log').includes('GET /large.txt 200'),
    );
    socket.destroy();
  });
});
