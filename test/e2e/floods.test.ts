/** Floods, malformed requests, odd clients, and reloads amid them cost the server nothing that lasts. */

import { Agent } from 'node:http';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closed, dial, GET } from '../support/dial.ts';
import { startFakeFcgi } from '../support/fake-fcgi.ts';
import { headerOf, RawConnection, rawRequest } from '../support/raw-request.ts';
import { ask, makeSite, pause, type Site, startSite } from '../support/with-server.ts';

describe('floods', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({
      configuration: 'MaxKeepAliveRequests 0\n',
      files: { 'htdocs/index.html': 'hello\n' },
    });
  });
  afterAll(() => site.dispose());

  it('of pipelined requests are answered in order', async () => {
    const connection = await RawConnection.open({ port: site.port });
    const count = 2000;
    let text = '';
    for (let i = 0; i < count; i++)
      text += `GET /${i % 2 === 0 ? '' : 'none'} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    void connection.send(text);
    for (let i = 0; i < count; i++)
      expect((await connection.readResponse())?.status).toBe(i % 2 === 0 ? 200 : 404);
    connection.close();
  });

  it('of pipelined requests nobody reads the answers of stay bounded', async () => {
    const before = site.memory('peak');
    const socket = await dial(site.port);
    socket.pause();
    const block = Buffer.from(GET.repeat(5000));
    let sent = 0;
    // The server stops reading: then our own socket takes no more.
    while (sent < 100 && socket.write(block)) sent++;
    for (; sent < 100; sent++) {
      const isTaken = socket.write(block);
      if (
        !isTaken &&
        !(await Promise.race([new Promise((done) => socket.once('drain', () => done(true))), pause(2000)]))
      )
        break;
    }
    expect(sent).toBeLessThan(100);
    expect(site.memory('peak') - before).toBeLessThan(100);
    socket.destroy();
    expect((await ask(site.port, '/')).status).toBe(200);
  });

  it('of header bytes end in 400 within bounded memory', async () => {
    const before = site.memory('peak');
    const piece = Buffer.alloc(1 << 20, 'x');
    for (const start of [
      'GET / HTTP/1.1\r\nHost: localhost\r\nX: ',
      'GET /',
      '',
      'GET / HTTP/1.1\r\nHost: localhost\r\n',
    ]) {
      const socket = await dial(site.port, start);
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
      const gone = closed(socket);
      for (let sent = 0; sent < 100 && !socket.destroyed && socket.writable; sent++) {
        const lines = start.endsWith('\n') ? Buffer.from('X-Some: header field\r\n'.repeat(50_000)) : piece;
        if (!socket.write(lines))
          await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), gone]);
      }
      socket.end();
      await gone;
      expect(answer.slice(0, 12), start).toMatch(/^(HTTP\/1\.1 4(00|14)|)$/);
    }
    expect(site.memory('peak') - before).toBeLessThan(100);
    expect((await ask(site.port, '/')).status).toBe(200);
  });

  it('of connections are all served', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 500 }, () => RawConnection.open({ port: site.port, timeout: 15_000 })),
    );
    await Promise.all(sockets.map((socket) => socket.send(GET)));
    const replies = await Promise.all(sockets.map((socket) => socket.readResponse()));
    expect(replies.filter((reply) => reply?.body !== 'hello\n')).toEqual([]);
    for (const socket of sockets) socket.close();
  });
});

describe('malformed requests', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({ files: { 'htdocs/index.html': 'hello\n' } });
  });
  afterAll(() => site.dispose());
  beforeEach(() => expect(site.pid).not.toBe(0));
  afterEach(async () => expect((await ask(site.port, '/')).body).toBe('hello\n'));

  const requests: readonly (readonly [bytes: string, status: number])[] = [
    ['\0\0\0\0\r\n\r\n', 400],
    ['\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n', 400],
    ['GET\r\n\r\n', 400],
    // Whoever says HTTP/2.0 in an HTTP/1 request line is answered all the same.
    ['GET / HTTP/2.0\r\nHost: a\r\n\r\n', 200],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n', 400],
    ['GET / HTTP/1.1\nHost: a\n\n', 400],
    ['GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: bogus\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n', 413],
    ['BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 501],
    [`GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(9000)}\r\n\r\n`, 400],
    [`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(101)}\r\n`, 400],
    ['GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 200],
    ['CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ];
  it.each(requests.map(([bytes, status]) => [JSON.stringify(bytes.slice(0, 70)), status, bytes] as const))(
    '%s is answered %i',
    async (_name, status, bytes) => {
      const { responses } = await rawRequest(bytes, { port: site.port });
      expect(responses[0]?.status).toBe(status);
    },
  );

  it('random bytes', async () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    const words = [
      'GET',
      ' ',
      '/',
      'HTTP/1.1',
      '\r\n',
      'Host:',
      'a',
      ':',
      'Content-Length: 5',
      '%',
      '\0',
      '\xff',
      '\r',
      '\n',
      'Transfer-Encoding: chunked',
      '5',
      ';',
    ];
    await Promise.all(
      Array.from({ length: 300 }, async () => {
        const bytes = Array.from({ length: random(30) }, () => words[random(words.length)]).join('');
        const socket = await dial(site.port, Buffer.from(bytes, 'latin1'));
        socket.resume();
        socket.end();
        await closed(socket);
      }),
    );
    expect(site.errorLog).not.toContain('AL0');
  });
});

describe('old and odd clients', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({ files: { 'htdocs/index.html': 'hello\n' } });
  });
  afterAll(() => site.dispose());

  it('HTTP/1.0 closes, or keeps the connection when asked to', async () => {
    const plain = await rawRequest('GET / HTTP/1.0\r\n\r\n', { port: site.port, probe: true });
    expect(plain.responses[0]).toMatchObject({ status: 200, body: 'hello\n', framing: 'length' });
    expect(plain.connection).toBe('closed');
    const kept = await rawRequest('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', {
      port: site.port,
      probe: true,
    });
    const [answer] = kept.responses;
    expect(answer && headerOf(answer, 'connection')).toBe('Keep-Alive');
    expect(kept.connection).toBe('kept');
  });

  it('HTTP/0.9 gets the body alone', async () => {
    const { responses } = await rawRequest('GET /\r\n', { port: site.port });
    expect(responses[0]).toMatchObject({ status: 0, body: 'hello\n' });
  });

  it('that half-close after their request are answered', async () => {
    const connection = await RawConnection.open({ port: site.port });
    await connection.send(GET);
    connection.finish();
    expect((await connection.readResponse())?.body).toBe('hello\n');
    expect(await connection.closedWithin(3000)).toBe(true);
    connection.close();
  });
});

it('a reload under load loses no answer, also not one that is under way', async () => {
  const site = await startSite({
    files: { 'htdocs/index.html': 'hello\n', 'htdocs/large.txt': Buffer.alloc(4 << 20, 'l') },
  });
  try {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    let isOver = false;
    const outcomes = new Map<string, number>();
    const count = (name: string): void => void outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
    const client = async (target: string, length: number): Promise<void> => {
      while (!isOver) {
        try {
          const { status, body } = await ask(site.port, target, target === '/' ? { agent } : {});
          count(status === 200 && body.length === length ? 'whole' : `${status} ${body.length}`);
        } catch (error) {
          // Of a kept connection the server may close at any time a client knows only that it may ask again.
          count(
            target === '/' && /ECONNRESET|socket hang up|EPIPE/.test(String(error))
              ? 'closed while idle'
              : String(error),
          );
        }
      }
    };
    const clients = [
      ...Array.from({ length: 6 }, () => client('/', 6)),
      client('/large.txt', 4 << 20),
      client('/large.txt', 4 << 20),
    ];
    for (let round = 0; round < 6; round++) {
      const reloads = site.errorLog.split('AH00489').length;
      process.kill(site.pid, round % 2 === 0 ? 'SIGUSR1' : 'SIGHUP');
      await site.until('the reload', () => site.errorLog.split('AH00489').length > reloads);
      const whole = outcomes.get('whole') ?? 0;
      await site.until('more answers', () => (outcomes.get('whole') ?? 0) > whole + 50);
    }
    isOver = true;
    await Promise.all(clients);
    agent.destroy();
    outcomes.delete('whole');
    outcomes.delete('closed while idle');
    expect([...outcomes]).toEqual([]);
  } finally {
    await site.dispose();
  }
});

it('a body of unknown length that never ends is passed on as it comes', async () => {
  const fake = await startFakeFcgi({ script: 'echo' });
  const site = await startSite({
    configuration: `<Location "/">\nSetHandler "proxy:fcgi://127.0.0.1:${fake.port}"\n</Location>\n`,
  });
  try {
    const body = Readable.from(Array.from({ length: 800 }, () => Buffer.alloc(65536, 'z')));
    const before = site.memory('peak');
    const reply = await ask(site.port, '/', {
      method: 'POST',
      headers: { 'Transfer-Encoding': 'chunked' },
      body,
    });
    expect(reply.body.length).toBe(800 * 65536);
    expect(site.memory('peak') - before).toBeLessThan(80);
  } finally {
    await site.dispose();
    await fake.close();
  }
});

it('says which port is taken', async () => {
  const site = await makeSite();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(site.port, '127.0.0.1', resolve));
  try {
    // Whoever listens there answers in place of the server: only its exit tells.
    await site.start();
    await site.until('the exit', () => site.pid === 0);
    expect(await site.stop()).toBe(1);
    expect(site.read('output.log')).toBe(
      `(98)Address already in use: AH00072: make_sock: could not bind to address 127.0.0.1:${site.port}\n` +
        'no listening sockets available, shutting down\nAH00015: Unable to open logs\n',
    );
  } finally {
    await new Promise((resolve) => other.close(resolve));
    await site.dispose();
  }
});
