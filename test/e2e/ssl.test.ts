/** HTTPS by the real command: certificates by name, sessions, plain HTTP on the wrong port, uploads and downloads, clients that break off. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';
import { connect as connectNet } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Certificates, hasOpenssl } from '../support/certificates.ts';
import { pause, type Site, startSite } from '../support/with-server.ts';

const MIB = 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly certificate: string;
  readonly protocol: string | null;
  readonly isResumed: boolean;
  readonly isReused: boolean;
}

describe.skipIf(!hasOpenssl())('HTTPS', () => {
  let made: Certificates;
  let site: Site;
  let ca: string;

  const configuration = (it: Site): string =>
    [
      'LoadModule ssl_module modules/mod_ssl.so',
      'LoadModule headers_module modules/mod_headers.so',
      'LoadModule dir_module modules/mod_dir.so',
      'LoadModule mime_module modules/mod_mime.so',
      'LoadModule alias_module modules/mod_alias.so',
      'LoadModule authz_core_module modules/mod_authz_core.so',
      'LoadModule reqtimeout_module modules/mod_reqtimeout.so',
      'RequestReadTimeout handshake=2',
      'LogLevel info',
      `Listen 127.0.0.1:${it.ports[1]} https`,
      'SSLSessionCache none',
      `SSLPassPhraseDialog exec:${made.file('phrase.sh')}`,
      'LogFormat "%s %{SSL_PROTOCOL}x %{SSL_TLS_SNI}x %{cipher}c %{foo}x" tls',
      'CustomLog logs/tls.log tls',
      `<VirtualHost *:${it.ports[1]}>`,
      'ServerName first.example',
      'SSLEngine on',
      `SSLCertificateFile ${made.file('first.crt')}`,
      `SSLCertificateKeyFile ${made.file('first.key')}`,
      `SSLCertificateFile ${made.file('curve.crt')}`,
      `SSLCertificateKeyFile ${made.file('curve.key')}`,
      'Header set X-Server first',
      'Header set X-Tls "%{SSL_PROTOCOL}s %{HTTPS}e"',
      'Header set X-Expr "expr=%{HTTPS} %{SSL:SSL_SERVER_S_DN_CN} %{REQUEST_SCHEME}"',
      '</VirtualHost>',
      `<VirtualHost *:${it.ports[1]}>`,
      'ServerName second.example',
      'SSLEngine on',
      'SSLProtocol TLSv1.2',
      `SSLCertificateFile ${made.file('second.crt')}`,
      `SSLCertificateKeyFile ${made.file('second.enc')}`,
      `SSLCertificateChainFile ${made.file('between.crt')}`,
      'Header set X-Server second',
      '</VirtualHost>',
      '<Location /secure>',
      'SSLRequireSSL',
      '</Location>',
      '<Location /strong>',
      'SSLRequire %{SSL_CIPHER_USEKEYSIZE} >= 128 and %{SSL_PROTOCOL} in {"TLSv1.3"}',
      '</Location>',
      '',
    ].join('\n');

  beforeAll(async () => {
    made = new Certificates();
    ca = made.read('ca.crt');
    made.issue('first', { subject: '/CN=first.example', names: 'DNS:first.example' });
    made.issue('curve', { subject: '/CN=first.example', names: 'DNS:first.example', kind: 'ec' });
    made.issue('between', { subject: '/CN=Between', isAuthority: true });
    made.issue('second', { subject: '/CN=second.example', names: 'DNS:second.example', issuer: 'between' });
    made.openssl('pkcs8', '-topk8', '-passout', 'pass:secret', '-in', 'second.key', '-out', 'second.enc');
    writeFileSync(made.file('phrase.sh'), '#!/bin/sh\necho secret\n', { mode: 0o755 });
    site = await startSite({
      configuration,
      files: {
        'htdocs/index.html': 'hello\n',
        'htdocs/dir/index.html': 'in a directory\n',
        'htdocs/secure/a.txt': 'secure\n',
        'htdocs/strong/a.txt': 'strong\n',
        'htdocs/big.bin': randomBytes(8 * MIB),
      },
    }).catch(async (error: unknown) => {
      made.dispose();
      throw error;
    });
  }, 60_000);
  afterAll(async () => {
    await site?.dispose();
    made?.dispose();
  });

  const port = (): number => site.ports[1] ?? 0;

  function ask(name: string, path: string, options: RequestOptions = {}, body?: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const agent = false;
      const base = { host: '127.0.0.1', port: port(), path, servername: name, ca, agent, timeout: 20_000 };
      const sent = request({ ...base, headers: { Host: name }, ...options }, (response) => {
        const socket = response.socket as TLSSocket;
        // Once it has ended the socket knows no more.
        const seen = {
          certificate: String(socket.getPeerCertificate().subject?.CN),
          protocol: socket.getProtocol(),
          isResumed: socket.isSessionReused(),
        };
        let text = '';
        response.setEncoding('latin1');
        response.on('data', (chunk: string) => (text += chunk));
        response.once('error', reject);
        response.once('end', () => {
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, body: text, isReused: sent.reusedSocket, ...seen });
        });
      });
      sent.once('timeout', () => sent.destroy(new Error('no answer')));
      sent.once('error', reject);
      sent.end(body);
    });
  }

  it('shows the certificate of the server asked for, and speaks its versions', async () => {
    const first = await ask('first.example', '/');
    expect([first.status, first.body, first.certificate, first.protocol]).toEqual([
      200,
      'hello\n',
      'first.example',
      'TLSv1.3',
    ]);
    expect(first.headers).toMatchObject({
      'x-server': 'first',
      'x-tls': 'TLSv1.3 on',
      'x-expr': 'on first.example https',
    });
    // Trusted by the authority above the one that issued it: the chain was sent along. Its key was encrypted.
    const second = await ask('second.example', '/');
    expect([second.status, second.certificate, second.protocol]).toEqual([200, 'second.example', 'TLSv1.2']);
    expect(second.headers['x-server']).toBe('second');
    await expect(ask('second.example', '/', { minVersion: 'TLSv1.3' })).rejects.toThrow(/alert|version/i);
    const unknown = await ask('unknown.example', '/', { checkServerIdentity: () => undefined });
    expect([unknown.status, unknown.certificate]).toEqual([200, 'first.example']);
  });

  it.each([
    ['ECDHE-RSA-AES128-GCM-SHA256', 'rsa'],
    ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ec'],
  ])('has a certificate for %s', async (ciphers, kind) => {
    const socket = await handshake({ servername: 'first.example', ciphers, maxVersion: 'TLSv1.2' });
    const certificate = socket.getPeerX509Certificate();
    expect(certificate?.publicKey.asymmetricKeyType).toBe(kind);
    socket.destroy();
  });

  it('answers 421 for the other server on its connection, and 400 without a Host', async () => {
    const other = await ask('first.example', '/', { headers: { Host: 'second.example' } });
    expect([other.status, other.headers['x-server']]).toEqual([421, undefined]);
    expect(site.errorLog).toContain(
      "AH02032: Hostname first.example provided via SNI and hostname second.example provided via HTTP have no compatible SSL setup for policy 'secure'",
    );
    const socket = await handshake({ servername: 'first.example' });
    socket.write('GET / HTTP/1.0\r\n\r\n');
    expect((await textOf(socket)).slice(0, 16)).toBe('HTTP/1.1 400 Bad');
  });

  it('refers to itself by https', async () => {
    const moved = await ask('first.example', '/dir', { headers: { Host: 'first.example' } });
    expect(moved.headers.location).toBe('https://first.example/dir/');
  });

  it('keeps sections from who does not speak TLS, or too weakly', async () => {
    const plain = await fetch(`http://127.0.0.1:${site.port}/secure/a.txt`);
    expect(plain.status).toBe(403);
    expect((await ask('first.example', '/secure/a.txt')).status).toBe(200);
    expect((await ask('first.example', '/strong/a.txt')).status).toBe(200);
    expect((await ask('first.example', '/strong/a.txt', { maxVersion: 'TLSv1.2' })).status).toBe(403);
    expect(site.errorLog).toContain('AH02219: access to');
    expect(site.errorLog).toContain('AH02229: access to');
  });

  it('tells who speaks plain HTTP', async () => {
    const response = await fetch(`http://127.0.0.1:${port()}/some/where`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(
      "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n Instead use the HTTPS scheme to access this URL, please.<br />\n",
    );
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes sessions of %s', async (maxVersion) => {
    const options = { servername: 'first.example', maxVersion };
    const socket = await handshake(options);
    let session: Buffer | undefined;
    socket.on('session', (latest: Buffer) => {
      session = latest;
    });
    session = maxVersion === 'TLSv1.2' ? socket.getSession() : undefined;
    socket.write('GET / HTTP/1.1\r\nHost: first.example\r\nConnection: close\r\n\r\n');
    await textOf(socket);
    if (session === undefined) throw new Error('no session');
    const again = await handshake({ ...options, session });
    expect(again.isSessionReused()).toBe(true);
    again.destroy();
  });

  it('serves many requests on a connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
    const reused: boolean[] = [];
    for (let i = 0; i < 5; i++) reused.push((await ask('first.example', '/', { agent })).isReused);
    agent.destroy();
    expect(reused).toEqual([false, true, true, true, true]);
  });

  it('sends large files and takes large bodies without keeping them', async () => {
    const expected = createHash('sha256')
      .update(Buffer.from(site.read('htdocs/big.bin'), 'latin1'))
      .digest('hex');
    const before = site.memory();
    for (let i = 0; i < 6; i++) {
      const big = await ask('first.example', '/big.bin');
      expect(createHash('sha256').update(Buffer.from(big.body, 'latin1')).digest('hex')).toBe(expected);
    }
    const body = randomBytes(32 * MIB);
    const upload = await ask(
      'first.example',
      '/',
      { method: 'POST', headers: { Host: 'first.example', 'Content-Length': String(body.length) } },
      body,
    );
    expect(upload.status).toBe(200);
    expect(site.memory('peak') - before).toBeLessThan(96);
  }, 60_000);

  it('gives everything back of handshakes that break off, and survives whatever is sent', async () => {
    const before = site.sockets;
    const hello = Buffer.from('160301007a010000760303', 'hex');
    for (let i = 0; i < 50; i++) {
      const socket = connectNet(port(), '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
      if (i % 5 === 0) socket.write(hello.subarray(0, i % hello.length));
      else if (i % 5 === 1) socket.write(randomBytes(1 + i * 37));
      else if (i % 5 === 2) socket.write(Buffer.concat([hello, randomBytes(300)]));
      else if (i % 5 === 3) connect({ socket, servername: 'first.example', ca }).on('error', () => undefined);
      await pause(2);
      if (i % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    await site.until('the end of all connections', () => site.sockets <= before);
    expect((await ask('first.example', '/')).status).toBe(200);
  }, 30_000);

  it('waits for a handshake as long as RequestReadTimeout allows', async () => {
    const begun = performance.now();
    const socket = connectNet(port(), '127.0.0.1');
    socket.write(Buffer.from('1603010200', 'hex'));
    await new Promise((resolve) => socket.once('close', resolve).resume());
    expect(performance.now() - begun).toBeGreaterThan(1500);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(site.errorLog).toContain('AH01382: Request handshake read timeout');
  }, 15_000);

  it('logs what was spoken', async () => {
    await ask('first.example', '/');
    await site.until('the log line', () =>
      site.read('logs/tls.log').includes('200 TLSv1.3 first.example TLS_AES_256_GCM_SHA384 -\n'),
    );
  });

  function handshake(options: ConnectionOptions): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: port(), ca, ...options }, () => resolve(socket));
      socket.once('error', reject);
    });
  }

  function textOf(socket: TLSSocket): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => (text += chunk));
      socket.once('error', reject);
      socket.once('end', () => {
        socket.destroy();
        resolve(text);
      });
    });
  }
});
