/** SSLProxy*: real handshakes with backends whose certificates are good, old, revoked, of somebody else. */
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackendTls } from '../../../../src/backend/connect.ts';
import { BackendPool } from '../../../../src/backend/pool.ts';
import { PerDirConfig } from '../../../../src/config/per-dir.ts';
import type { Configuration } from '../../../../src/core/configuration.ts';
import { loadConfiguration } from '../../../../src/core/load.ts';
import type { Request } from '../../../../src/core/request.ts';
import { modules } from '../../../../src/modules/index.ts';
import {
  PROXY_TLS,
  PROXY_TLS_NAME,
  type ProxyTlsProvider,
} from '../../../../src/modules/proxy/shared/tls.ts';
import { Certificates, hasOpenssl } from '../../../support/certificates.ts';

describe.skipIf(!hasOpenssl())('backends over TLS', () => {
  let made: Certificates;
  const servers: Server[] = [];
  const ports = new Map<string, number>();
  const seen: { name: string; servername: unknown; client: unknown; isReused: boolean }[] = [];

  async function serve(name: string, chain: readonly string[], isDemanding = false): Promise<void> {
    const server = createServer(
      {
        key: made.read(`${name}.key`),
        cert: chain.map((one) => made.read(`${one}.crt`)).join('\n'),
        ca: made.read('ca.crt'),
        requestCert: isDemanding,
        rejectUnauthorized: false,
      },
      (socket: TLSSocket & { servername?: unknown }) => {
        socket.on('error', () => undefined);
        const client = socket.getPeerCertificate().subject?.CN;
        seen.push({ name, servername: socket.servername, client, isReused: socket.isSessionReused() });
        socket.write('hello');
        socket.resume();
      },
    );
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    ports.set(name, address.port);
  }

  beforeAll(async () => {
    made = new Certificates();
    made.issue('good', { subject: '/O=Org/CN=localhost', names: 'DNS:localhost,IP:127.0.0.1' });
    made.issue('common', { subject: '/CN=localhost' });
    made.issue('other', { subject: '/CN=other.example', names: 'DNS:other.example,DNS:*.wild.example' });
    made.issue('mixed', { subject: '/CN=first.example/CN=localhost', names: 'DNS:a.example' });
    made.issue('old', { subject: '/CN=localhost', from: '20200101000000Z', until: '20210101000000Z' });
    made.issue('early', { subject: '/CN=localhost', from: '20400101000000Z', until: '20410101000000Z' });
    made.issue('revoked', { subject: '/CN=localhost' });
    made.issue('between', { subject: '/CN=Between', isAuthority: true });
    made.issue('deep', { subject: '/CN=localhost', issuer: 'between' });
    made.issue('client', { subject: '/CN=client' });
    made.openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'self.key',
      '-out',
      'self.crt',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    );
    made.revoke('revoked');
    for (const name of ['good', 'common', 'other', 'mixed', 'old', 'early', 'revoked', 'self'])
      await serve(name, [name]);
    await serve('deep', ['deep', 'between']);
    made.openssl('pkcs8', '-topk8', '-nocrypt', '-in', 'client.key', '-out', 'client.p8');
  }, 60_000);

  afterAll(async () => {
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    made?.dispose();
  });

  async function load(
    text: string,
  ): Promise<{ configuration: Configuration | undefined; problems: string[] }> {
    const all = text.replaceAll('ROOT', made.root);
    const lines = [
      'ServerName localhost',
      'LogLevel emerg',
      'LoadModule ssl_module x',
      'LoadModule proxy_module x',
      all,
      '',
    ];
    const entry = { name: 'test.conf', text: lines.join('\n') };
    const { configuration, problems } = await loadConfiguration(modules, { entry, serverRoot: made.root });
    return { configuration, problems: problems.list.map(({ code, message }) => `${code}: ${message}`) };
  }

  /** As a request would ask that no section says anything about. */
  function outgoing(configuration: Configuration, host: string | undefined): BackendTls | undefined {
    const provider = configuration.providers.find(PROXY_TLS, PROXY_TLS_NAME) as ProxyTlsProvider;
    const { main } = configuration;
    return provider.outgoing({ server: main, perDir: main.lookupDefaults } as unknown as Request, host);
  }

  function connect(port: number, tls: BackendTls): Promise<string> {
    const pool = new BackendPool({
      address: { kind: 'tcp', host: '127.0.0.1', port },
      tls,
      connectTimeout: 5000,
    });
    return new Promise<string>((resolve) => {
      pool.acquire({
        onAcquireFailed: ({ kind, detail }) => resolve(`${kind}: ${detail}`),
        onAcquired: (connection) => {
          connection.take({
            onData: (bytes) => {
              // What a TLS 1.3 server leaves for the next handshake comes with the first bytes.
              setTimeout(() => {
                pool.release(connection, false);
                resolve(bytes.toString());
              }, 20);
            },
            onWritable: () => undefined,
            onSocketEnd: () => resolve('end'),
            onSocketFailure: ({ kind, detail }) => resolve(`${kind}: ${detail}`),
            onIdleTimeout: () => undefined,
          });
        },
      });
    });
  }

  const VERIFY = 'SSLProxyVerify require; SSLProxyCACertificateFile ROOT/ca.crt';
  const REVOKED = `${VERIFY}; SSLProxyCARevocationCheck chain; SSLProxyCARevocationFile ROOT/crl.pem`;

  /** Whose certificate, directives behind `SSLProxyEngine on`, the host asked for, what comes of it. */
  const CASES: readonly (readonly [backend: string, lines: string, host: string, outcome: RegExp])[] = [
    ['good', '', 'localhost', /^hello$/],
    ['good', VERIFY, 'localhost', /^hello$/],
    ['good', VERIFY, 'LOCALHOST', /^hello$/],
    ['self', '', 'localhost', /^hello$/],
    ['self', VERIFY, 'localhost', /^tls: .*SELF_SIGNED/],
    ['good', 'SSLProxyVerify require', 'localhost', /^tls: .*(UNABLE_TO|SELF_SIGNED_CERT_IN_CHAIN)/],
    ['self', 'SSLProxyVerify optional_no_ca', 'localhost', /^hello$/],
    ['good', 'SSLProxyVerify optional_no_ca', 'localhost', /^hello$/],
    [
      'old',
      'SSLProxyVerify optional_no_ca; SSLProxyCheckPeerExpire off',
      'localhost',
      /^tls: Certificate Verification/,
    ],
    [
      'self',
      `SSLProxyVerify optional; SSLProxyCACertificateFile ROOT/ca.crt`,
      'localhost',
      /^tls: .*SELF_SIGNED/,
    ],
    // Names.
    ['good', '', '127.0.0.1', /^tls: SSL Proxy: Peer certificate does not match for hostname 127.0.0.1$/],
    ['common', '', 'localhost', /^hello$/],
    ['mixed', '', 'localhost', /^hello$/],
    ['mixed', '', 'a.example', /^hello$/],
    ['other', '', 'localhost', /^tls: SSL Proxy: Peer certificate does not match for hostname localhost$/],
    ['other', '', 'x.wild.example', /^hello$/],
    ['other', '', 'y.x.wild.example', /^tls: SSL Proxy: Peer certificate does not match/],
    ['other', '', 'wild.example', /^tls: SSL Proxy: Peer certificate does not match/],
    ['other', 'SSLProxyCheckPeerName off', 'localhost', /^hello$/],
    ['other', 'SSLProxyCheckPeerCN off', 'localhost', /^hello$/],
    ['other', 'SSLProxyCheckPeerName on; SSLProxyCheckPeerCN off', 'localhost', /^tls: /],
    [
      'mixed',
      'SSLProxyCheckPeerName off; SSLProxyCheckPeerCN on',
      'localhost',
      /^tls: SSL Proxy: Peer certificate CN mismatch: Certificate CN: first.example Requested hostname: localhost$/,
    ],
    // Dates.
    ['old', '', 'localhost', /^tls: SSL Proxy: Peer certificate is expired$/],
    ['early', '', 'localhost', /^tls: SSL Proxy: Peer certificate is expired$/],
    ['old', 'SSLProxyCheckPeerExpire off', 'localhost', /^hello$/],
    ['old', `${VERIFY}; SSLProxyCheckPeerExpire off`, 'localhost', /^tls: .*CERT_HAS_EXPIRED/],
    // Depth.
    [
      'deep',
      VERIFY,
      'localhost',
      /^tls: .*Chain too long \(chain has 2 certificates, but maximum allowed are only 1\)/,
    ],
    ['deep', `${VERIFY}; SSLProxyVerifyDepth 2`, 'localhost', /^hello$/],
    ['good', `${VERIFY}; SSLProxyVerifyDepth 0`, 'localhost', /^tls: .*Chain too long/],
    // Revocation.
    ['good', REVOKED, 'localhost', /^hello$/],
    ['revoked', REVOKED, 'localhost', /^tls: .*CERT_REVOKED/],
    ['deep', `${REVOKED}; SSLProxyVerifyDepth 2`, 'localhost', /^tls: .*UNABLE_TO_GET_CRL/],
    // Protocols and ciphers.
    [
      'good',
      'SSLProxyProtocol TLSv1.2; SSLProxyCipherSuite ECDHE-RSA-AES128-GCM-SHA256',
      'localhost',
      /^hello$/,
    ],
    [
      'good',
      'SSLProxyCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256; SSLProxyProtocol TLSv1.3',
      'localhost',
      /^hello$/,
    ],
  ];

  it.each(CASES)('%s, %s, for %s', async (backend, lines, host, outcome) => {
    const { configuration, problems } = await load(`SSLProxyEngine on\n${lines.replaceAll('; ', '\n')}`);
    expect(problems.filter((text) => !text.startsWith('AH01897'))).toEqual([]);
    const tls = configuration === undefined ? undefined : outgoing(configuration, host);
    if (tls === undefined) throw new Error('no TLS');
    const got = await connect(ports.get(backend) ?? 0, tls);
    expect(got).toMatch(outcome);
    // Refused or not, the answer does not change with a session left behind.
    expect(await connect(ports.get(backend) ?? 0, tls)).toMatch(outcome);
  });

  it('is off unless the configuration turns it on', async () => {
    const { configuration } = await load('SSLProxyVerify none');
    if (configuration === undefined) throw new Error('not loaded');
    expect(outgoing(configuration, 'localhost')).toBeUndefined();
  });

  it('names the host by SNI, not an address; offers a session again; is one object for the same host', async () => {
    const { configuration } = await load('SSLProxyEngine on\nSSLProxyCheckPeerName off');
    if (configuration === undefined) throw new Error('not loaded');
    const named = outgoing(configuration, 'some.example');
    const byAddress = outgoing(configuration, '127.0.0.1');
    if (named === undefined || byAddress === undefined) throw new Error('no TLS');
    expect(outgoing(configuration, 'some.example')).toBe(named);
    expect(named.key).not.toBe(byAddress.key);
    seen.length = 0;
    const port = ports.get('good') ?? 0;
    for (const tls of [named, byAddress, named]) expect(await connect(port, tls)).toBe('hello');
    expect(seen.map(({ servername, isReused }) => [servername, isReused])).toEqual([
      ['some.example', false],
      [false, false],
      ['some.example', true],
    ]);
  });

  it.each(['x'.repeat(300), 'a_b', '-', '\u00e9'])('takes any host for a name: %s', async (host) => {
    const { configuration } = await load('SSLProxyEngine on');
    if (configuration === undefined) throw new Error('not loaded');
    const tls = outgoing(configuration, host);
    if (tls === undefined) throw new Error('no TLS');
    expect(await connect(ports.get('good') ?? 0, tls)).toMatch(
      /^tls: SSL Proxy: Peer certificate does not match/,
    );
  });

  it.each(['client.key', 'client.p8'])(
    'shows the certificate of SSLProxyMachineCertificateFile with %s',
    async (key) => {
      const { writeFileSync } = await import('node:fs');
      writeFileSync(made.file('machine.pem'), `${made.read('client.crt')}\n${made.read(key)}`);
      await serve('good', ['good'], true);
      const { configuration } = await load(
        `SSLProxyEngine on\nSSLProxyMachineCertificateFile ROOT/machine.pem`,
      );
      const tls = configuration === undefined ? undefined : outgoing(configuration, 'localhost');
      if (tls === undefined) throw new Error('no TLS');
      seen.length = 0;
      expect(await connect(ports.get('good') ?? 0, tls)).toBe('hello');
      expect(seen[0]?.client).toBe('client');
    },
  );

  it.each<[lines: string, problem: string]>([
    ['SSLProxyCipherSuite nope', 'AH01898: Unable to configure permitted SSL ciphers'],
    ['SSLProxyCipherSuite TLSv1.3 nope', 'AH10127: Unable to configure permitted TLSv1.3 ciphers'],
    ['SSLProxyProtocol all -all', 'AH02231: No SSL protocols available [hint: SSLProtocol]'],
    [
      'SSLProxyCACertificateFile /etc/passwd',
      'AH01895: Unable to configure verify locations for client authentication',
    ],
    [
      'SSLProxyCARevocationCheck chain',
      'AH01899: Host localhost:80: CRL checking has been enabled, but neither SSLProxyCARevocationFile nor SSLProxyCARevocationPath is configured',
    ],
    [
      'SSLProxyCARevocationCheck chain\nSSLProxyCARevocationFile /etc/passwd',
      'AH01901: Host localhost:80: unable to configure X.509 CRL storage for certificate revocation',
    ],
    ['SSLProxyMachineCertificateFile ROOT/client.crt', 'AH02206: no client certs found for SSL proxy'],
  ])('%s', async (lines, problem) => {
    expect((await load(`SSLProxyEngine on\n${lines}`)).problems).toEqual([problem]);
    expect((await load(`<Proxy *>\nSSLProxyEngine on\n${lines}\n</Proxy>`)).problems).toEqual([problem]);
    // Where it is off nobody looks.
    expect((await load(lines)).problems).toEqual([]);
  });

  it('takes of two <Proxy> sections the later one, each with its server', async () => {
    const { configuration } = await load(
      [
        'SSLProxyEngine on',
        '<Proxy https://localhost/>',
        'SSLProxyCheckPeerName off',
        '<If true>',
        'SSLProxyVerify none',
        '</If>',
        '</Proxy>',
        '<Proxy https://localhost/x>',
        'SSLProxyCheckPeerExpire off',
        '</Proxy>',
      ].join('\n'),
    );
    if (configuration === undefined) throw new Error('not loaded');
    const ssl = modules.find(({ name }) => name === 'ssl_module');
    const proxy = modules.find(({ name }) => name === 'proxy_module');
    if (ssl === undefined || proxy === undefined) throw new Error('no modules');
    const { main } = configuration;
    const { sections } = main.slots[proxy.index] as { sections: { perDir: typeof main.lookupDefaults }[] };
    const merged = sections.reduce(
      (perDir, section) => perDir.merge(section.perDir, modules),
      main.lookupDefaults,
    );
    expect((merged.slots[ssl.index] as { proxy: unknown }).proxy).toEqual({
      server: { engine: true },
      section: { checksExpire: false },
      inner: undefined,
    });
  });

  it('tells once what is wrong with a section within <Proxy>, which nobody looks at before a request', async () => {
    const { configuration } = await load('SSLProxyEngine on\nLogLevel error');
    const ssl = modules.find(({ name }) => name === 'ssl_module');
    if (configuration === undefined || ssl === undefined) throw new Error('not loaded');
    const { main } = configuration;
    const slots: unknown[] = [];
    slots[ssl.index] = {
      proxy: { server: { engine: true }, inner: { caFile: `${made.root}/good.key` } },
    };
    const written: string[] = [];
    main.log.write = ({ tag, message }) => void written.push(`${tag}: ${message}`);
    const provider = configuration.providers.find(PROXY_TLS, PROXY_TLS_NAME) as ProxyTlsProvider;
    const r = { server: main, perDir: new PerDirConfig(slots) } as unknown as Request;
    expect(provider.outgoing(r, 'localhost')).toBeUndefined();
    expect(provider.outgoing(r, 'localhost')).toBeUndefined();
    expect(written).toEqual([
      expect.stringMatching(
        /^AH01895: Unable to configure verify locations for client authentication \(.*no certificate in /,
      ),
    ]);
  });
});
