/** A real application behind uWSGI, and bodies of AJP requests that are larger than what is kept, through the real command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findUwsgi, UWSGI_PLUGIN } from '../support/uwsgi.ts';
import { type Site, startSite } from '../support/with-server.ts';

const UWSGI = findUwsgi();

const APPLICATION = `
import hashlib

def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/digest':
        digest = hashlib.sha256()
        source = environ['wsgi.input']
        while True:
            piece = source.read(65536)
            if not piece:
                break
            digest.update(piece)
        body = digest.hexdigest().encode()
    elif path == '/large':
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return (b'x' * 65536 for _ in range(160))
    else:
        body = '|'.join([environ['SCRIPT_NAME'], path, environ['QUERY_STRING'], environ.get('HTTP_X_ONE', '')]).encode()
    start_response('201 Created', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
`;

describe.skipIf(UWSGI === undefined)(
  'uWSGI with a WSGI application (skipped without its plugin for Python)',
  () => {
    let site: Site;
    let uwsgi: ChildProcess;
    let socket: string;

    beforeAll(async () => {
      site = await startSite({
        configuration: ({ root }) => `ProxyPass /app/ unix:${root}/app.sock|uwsgi://app/\n`,
        files: { 'app.py': APPLICATION },
      });
      socket = path.join(site.root, 'app.sock');
      uwsgi = spawn(
        UWSGI as string,
        [
          ['--plugin', UWSGI_PLUGIN],
          ['--socket', socket, '--chmod-socket=666'],
          ['--wsgi-file', path.join(site.root, 'app.py')],
          ['--need-app', '--die-on-term', '--disable-logging'],
        ].flat(),
        { stdio: 'ignore' },
      );
      for (let tries = 0; !existsSync(socket) && tries < 200; tries++)
        await new Promise((resolve) => setTimeout(resolve, 50));
    }, 30_000);

    afterAll(async () => {
      uwsgi?.kill('SIGKILL');
      await site?.dispose();
    });

    it('answers, and is told where the request was for', async () => {
      const response = await fetch(`http://127.0.0.1:${site.ports[0]}/app/a%20b?q=1`, {
        headers: { 'X-One': 'two' },
      });
      expect(response.status).toBe(201);
      expect(await response.text()).toBe('/app|/a b|q=1|two');
    });

    it('gets large bodies whole, and sends them', async () => {
      const body = Buffer.alloc(20 * 1024 * 1024, 'abcdefg');
      const url = `http://127.0.0.1:${site.ports[0]}/app/`;
      const posted = await fetch(`${url}digest`, { method: 'POST', body });
      expect(await posted.text()).toBe(createHash('sha256').update(body).digest('hex'));
      const large = await fetch(`${url}large`);
      expect((await large.arrayBuffer()).byteLength).toBe(160 * 65536);
    });
  },
);

const packet = (payload: Buffer): Buffer => {
  const head = Buffer.from('AB\0\0');
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
};
const ASK = packet(Buffer.from([6, 0x1f, 0xfa]));
const HEAD = packet(Buffer.from('\x04\x00\xc8\x00\x02OK\x00\x00\x00', 'latin1'));
const END = packet(Buffer.from([5, 1]));
const chunk = (body: Buffer): Buffer => {
  const length = Buffer.from([3, body.length >> 8, body.length & 255]);
  return packet(Buffer.concat([length, body, Buffer.from([0])]));
};

/** A container that takes all of a body, piece by piece, and answers with its digest, and as many bytes as it got. */
function serveAjp(socket: Socket, pause: () => Promise<void>): void {
  let buffer = Buffer.alloc(0);
  let digest = createHash('sha256');
  let size = 0;
  let isOpen = false;
  const answer = (): void => {
    socket.write(HEAD);
    socket.write(chunk(Buffer.from(`${digest.digest('hex')} ${size}\n`)));
    for (let left = size; left > 0; left -= 8000)
      socket.write(chunk(Buffer.alloc(Math.min(left, 8000), 'y')));
    socket.write(END);
    isOpen = false;
  };
  const take = async (payload: Buffer): Promise<void> => {
    if (!isOpen) {
      isOpen = true;
      digest = createHash('sha256');
      size = 0;
      // The first piece of an announced body comes unasked.
      if (!payload.includes('\xa0\x08', 0, 'latin1')) socket.write(ASK);
      return;
    }
    const data = payload.subarray(2);
    if (data.length === 0) {
      answer();
      return;
    }
    digest.update(data);
    size += data.length;
    await pause();
    socket.write(ASK);
  };
  let chain = Promise.resolve();
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    buffer = Buffer.concat([buffer, bytes]);
    while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt16BE(2)) {
      const end = 4 + buffer.readUInt16BE(2);
      const payload = Buffer.from(buffer.subarray(4, end));
      buffer = buffer.subarray(end);
      chain = chain.then(() => take(payload));
    }
  });
}

describe('an AJP container', () => {
  let site: Site;
  let container: Server;
  let connections = 0;
  let pieces = 0;

  beforeAll(async () => {
    container = createServer((socket) => {
      connections++;
      serveAjp(socket, () => {
        pieces++;
        return pieces % 50 === 0 ? new Promise((resolve) => setTimeout(resolve, 5)) : Promise.resolve();
      });
    });
    await new Promise<void>((resolve) => container.listen(0, '127.0.0.1', resolve));
    const address = container.address();
    const port = typeof address === 'object' ? address?.port : 0;
    site = await startSite({
      configuration: `ProxyPass /app/ ajp://127.0.0.1:${port}/\n`,
    });
  }, 30_000);

  afterAll(async () => {
    container?.close();
    await site?.dispose();
  });

  it.each([
    ['of known length', false],
    ['in chunks', true],
  ])('asks for a large body %s until it has all of it', async (_how, isChunked) => {
    const body = Buffer.alloc(5 * 1024 * 1024 + 17, 'abcdefg');
    const url = `http://127.0.0.1:${site.ports[0]}/app/x`;
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += 50_000) controller.enqueue(body.subarray(at, at + 50_000));
        controller.close();
      },
    });
    const init = isChunked ? { method: 'POST', body: stream, duplex: 'half' } : { method: 'POST', body };
    const response = await fetch(url, init as RequestInit);
    const answered = Buffer.from(await response.arrayBuffer());
    const line = `${createHash('sha256').update(body).digest('hex')} ${body.length}\n`;
    expect(answered.toString('latin1', 0, line.length)).toBe(line);
    expect(answered.length).toBe(line.length + body.length);
  });

  it('keeps its connection from request to request', async () => {
    const before = connections;
    for (let i = 0; i < 5; i++) {
      const response = await fetch(`http://127.0.0.1:${site.ports[0]}/app/x`, {
        method: 'POST',
        body: 'abc',
      });
      expect(await response.text()).toContain(' 3\nyyy');
    }
    expect(connections - before).toBeLessThanOrEqual(1);
  });
});
