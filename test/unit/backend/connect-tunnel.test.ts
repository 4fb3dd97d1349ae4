import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackendTls, openSocket } from '../../../src/backend/connect.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';

const credentials = Buffer.from('user:password').toString('base64');

describe.skipIf(!hasOpenssl())('TLS behind another proxy', () => {
  let certificates: Certificates;
  let server: Server;
  let proxy: Server;
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  /** What the proxy says to CONNECT, by the host asked for. */
  const answers: Readonly<Record<string, string>> = {
    refused: 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n',
    nonsense: 'no such thing\r\n\r\n',
    endless: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(9000)}`,
    closing: '',
  };

  beforeAll(async () => {
    certificates = new Certificates();
    certificates.issue('server', { subject: '/CN=localhost', names: 'DNS:localhost' });
    server = createTlsServer(
      { cert: certificates.read('server.crt'), key: certificates.read('server.key') },
      (socket) => socket.on('data', (bytes: Buffer) => socket.end(`heard ${bytes.toString()}`)),
    );
    await listen(server);
    const { port } = server.address() as AddressInfo;
    proxy = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', (bytes: Buffer) => {
        const head = bytes.toString('latin1');
        asked.push(head);
        const answer = answers[/^CONNECT ([^:]+)/.exec(head)?.[1] ?? ''];
        if (answer !== undefined) {
          if (answer === '') socket.end();
          else socket.write(answer);
          return;
        }
        socket.write('HTTP/1.0 200 Connection ');
        const way = connect(port, '127.0.0.1');
        sockets.add(way);
        setTimeout(() => {
          socket.write('established\r\nX: 1\r\n\r\n');
          socket.pipe(way).pipe(socket);
        }, 20);
      });
    });
    await listen(proxy);
  });

  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
    proxy?.close();
    certificates?.dispose();
  });

  /** What comes of a message sent to a host behind the proxy: the answer, or the error's code. */
  function say(host: string, message: string): Promise<string> {
    const { port } = proxy.address() as AddressInfo;
    const tls: BackendTls = {
      key: host,
      options: { ca: certificates.read('ca.crt'), servername: 'localhost' },
    };
    const address = {
      kind: 'tcp',
      host: '127.0.0.1',
      port,
      behind: { authority: `${host}:443`, credentials },
    } as const;
    return new Promise((resolve) => {
      let text = '';
      const socket = openSocket(
        address,
        { tls },
        {
          onReady: () => socket.write(message),
          onBytes: (bytes) => {
            text += bytes.toString('latin1');
          },
          onDrain: () => undefined,
          onEnd: () => socket.end(),
          onError: (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message),
          onClose: () => resolve(text),
        },
      );
    });
  }

  it('is spoken with the server, once the proxy has made the connection', async () => {
    expect(await say('localhost', 'hello')).toBe('heard hello');
    expect(asked.at(-1)).toMatch(
      /^CONNECT localhost:443 HTTP\/1\.0\r\nProxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\nProxy-agent: \S+ \S+\r\n\r\n$/,
    );
  });

  it('carries more than one buffer both ways', async () => {
    const long = 'x'.repeat(10_000);
    expect(await say('localhost', long)).toBe(`heard ${long}`);
  });

  it.each(Object.keys(answers))('does not begin when the proxy will not (%s)', async (host) => {
    expect(await say(host, 'hello')).toBe('ECONNREFUSED');
  });

  it('does not begin without a proxy', async () => {
    const socket = await new Promise<string>((resolve) => {
      const tls: BackendTls = { key: 'none', options: {} };
      const behind = { authority: 'localhost:443', credentials: undefined };
      openSocket(
        { kind: 'tcp', host: '127.0.0.1', port: 1, behind },
        { tls },
        {
          onReady: () => resolve('ready'),
          onBytes: () => undefined,
          onDrain: () => undefined,
          onEnd: () => undefined,
          onError: (error) => resolve((error as NodeJS.ErrnoException).code ?? ''),
          onClose: () => undefined,
        },
      );
    });
    expect(socket).toBe('ECONNREFUSED');
  });
});

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}
