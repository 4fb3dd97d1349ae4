/** What a server whose SSLEngine is on needs, and what is said when it is not there; which servers may share connections; variables. */
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Configuration } from '../../../../src/core/configuration.ts';
import { loadConfiguration } from '../../../../src/core/load.ts';
import { modules } from '../../../../src/modules/index.ts';
import { areCompatible } from '../../../../src/modules/ssl/mod_ssl/access.ts';
import {
  alternativeNames,
  commonNames,
  describeCertificate,
  matchesHost,
} from '../../../../src/modules/ssl/mod_ssl/certificate-text.ts';
import {
  certificateVariable,
  exportedNames,
} from '../../../../src/modules/ssl/mod_ssl/certificate-variables.ts';
import { nodeCiphers } from '../../../../src/modules/ssl/mod_ssl/ciphers.ts';
import type { SslServerConf } from '../../../../src/modules/ssl/mod_ssl/config.ts';
import { mergeSslDir, mergeSslServer } from '../../../../src/modules/ssl/mod_ssl/config.ts';
import { elementsOf, oidOf } from '../../../../src/modules/ssl/mod_ssl/der.ts';
import { parseProtocols, versionRange } from '../../../../src/modules/ssl/mod_ssl/protocols.ts';
import { Certificates, hasOpenssl } from '../../../support/certificates.ts';

describe.skipIf(!hasOpenssl())('servers with TLS', () => {
  let made: Certificates;

  beforeAll(() => {
    made = new Certificates();
    made.issue('one', {
      subject: '/O=An Org\\, Ltd./CN=one.example',
      names: 'DNS:one.example,DNS:*.one.example,email:a@one.example',
    });
    made.issue('curve', { subject: '/CN=one.example', kind: 'ec' });
    made.openssl('pkcs8', '-topk8', '-passout', 'pass:secret', '-in', 'one.key', '-out', 'encrypted.key');
    made.openssl('rsa', '-in', 'one.key', '-outform', 'DER', '-out', 'binary.key');
    writeFileSync(made.file('tells.sh'), `#!/bin/sh\necho "$@" >> ${made.file('asked')}\necho secret\n`, {
      mode: 0o755,
    });
    writeFileSync(made.file('errs.sh'), '#!/bin/sh\necho wrong\n', { mode: 0o755 });
    writeFileSync(made.file('ticket'), Buffer.alloc(48, 7));
    writeFileSync(made.file('short'), Buffer.alloc(20, 7));
    writeFileSync(made.file('garbage'), 'garbage');
  }, 30_000);
  afterAll(() => made?.dispose());

  async function load(
    text: string,
  ): Promise<{ configuration: Configuration | undefined; problems: string[] }> {
    const lines = ['ServerName one.example', 'LogLevel emerg', 'LoadModule ssl_module x', text, ''].join(
      '\n',
    );
    const entry = { name: 'test.conf', text: lines.replaceAll('ROOT', made.root).replaceAll('; ', '\n') };
    const { configuration, problems } = await loadConfiguration(modules, { entry, serverRoot: made.root });
    return {
      configuration,
      problems: problems.list.map(({ code, message }) => `${code}: ${message.replaceAll(made.root, 'ROOT')}`),
    };
  }

  const PAIR = 'SSLCertificateFile ROOT/one.crt; SSLCertificateKeyFile ROOT/one.key';

  it.each<[lines: string, problems: readonly string[]]>([
    [PAIR, []],
    [`${PAIR}; SSLCertificateFile ROOT/curve.crt; SSLCertificateKeyFile ROOT/curve.key`, []],
    ['SSLCertificateFile ROOT/one.crt; SSLCertificateKeyFile ROOT/binary.key', []],
    [
      `${PAIR}; SSLProtocol TLSv1.3; SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256; SSLHonorCipherOrder on`,
      [],
    ],
    [`${PAIR}; SSLSessionTicketKeyFile ROOT/ticket; SSLSessionTickets off; SSLSessionCacheTimeout 60`, []],
    [
      `${PAIR}; SSLOpenSSLConfCmd Curves X25519:P-256; SSLOpenSSLConfCmd MinProtocol TLSv1.2; SSLOpenSSLConfCmd Options -SessionTicket,ServerPreference`,
      [],
    ],
    [
      'SSLVerifyClient none',
      ['AH02572: Failed to configure at least one certificate and key for one.example:443'],
    ],
    [
      'SSLCertificateFile ROOT/garbage',
      ['AH02562: Failed to configure certificate one.example:443:0 (with chain), check ROOT/garbage'],
    ],
    [
      'SSLCertificateFile ROOT/garbage; SSLCertificateChainFile ROOT/ca.crt',
      ['AH02561: Failed to configure certificate one.example:443:0, check ROOT/garbage'],
    ],
    [
      'SSLCertificateFile ROOT/one.crt',
      ['AH02564: Failed to configure encrypted (?) private key one.example:443:0, check ROOT/one.crt'],
    ],
    [
      'SSLCertificateFile ROOT/one.crt; SSLCertificateKeyFile ROOT/curve.key',
      [
        'AH02565: Certificate and private key one.example:443:0 from ROOT/one.crt and ROOT/curve.key do not match',
      ],
    ],
    [
      'SSLCertificateFile ROOT/one.crt; SSLCertificateKeyFile ROOT/encrypted.key',
      ['AH02564: Failed to configure encrypted (?) private key one.example:443:0, check ROOT/encrypted.key'],
    ],
    [
      'SSLCertificateFile ROOT/one.crt; SSLCertificateKeyFile ROOT/encrypted.key; SSLPassPhraseDialog exec:ROOT/errs.sh',
      ['AH02564: Failed to configure encrypted (?) private key one.example:443:0, check ROOT/encrypted.key'],
    ],
    [
      'SSLCertificateFile ROOT/one.crt; SSLCertificateKeyFile ROOT/encrypted.key; SSLPassPhraseDialog exec:ROOT/tells.sh',
      [],
    ],
    [`${PAIR}; SSLCipherSuite nope`, ['AH01898: Unable to configure permitted SSL ciphers']],
    [`${PAIR}; SSLCipherSuite TLSv1.3 nope`, ['AH10127: Unable to configure permitted TLSv1.3 ciphers']],
    [`${PAIR}; SSLProtocol -all`, ['AH02231: No SSL protocols available [hint: SSLProtocol]']],
    [`${PAIR}; SSLOpenSSLConfCmd Groups nope`, ['AH02312: Fatal error initialising mod_ssl, exiting.']],
    [
      `${PAIR}; SSLSessionTicketKeyFile ROOT/short`,
      ['AH02286: Failed to read 48 bytes from ROOT/short ticket file'],
    ],
    [
      `ServerName other.example; ${PAIR}`,
      [
        'AH01909: other.example:443:0 server certificate does NOT include an ID which matches the server name',
      ],
    ],
    [
      'ServerName x; SSLCertificateFile ROOT/ca.crt; SSLCertificateKeyFile ROOT/ca.key',
      [
        'AH01906: x:443:0 server certificate is a CA certificate (BasicConstraints: CA == TRUE !?)',
        'AH01909: x:443:0 server certificate does NOT include an ID which matches the server name',
      ],
    ],
  ])('SSLEngine on; %s', async (lines, expected) => {
    const { configuration, problems } = await load(`SSLEngine on; ${lines}`);
    expect(problems).toEqual(expected);
    const isFatal = expected.some((text) => !/^AH0(?:1906|1909)/.test(text));
    if (!isFatal) expect(configuration?.main.tls).toBeDefined();
    // Where it is off nobody looks.
    expect((await load(lines)).problems).toEqual([]);
  });

  it.each([
    [`Protocol https; ${PAIR}`, true],
    [`Protocol HTTPS; ${PAIR}`, true],
    [`Protocol https; SSLEngine off; ${PAIR}`, false],
    [`Protocol http; ${PAIR}`, false],
    [PAIR, false],
  ])('speaks TLS where Protocol says https and SSLEngine nothing: %s', async (lines, isOn) => {
    expect((await load(lines)).configuration?.main.tls !== undefined).toBe(isOn);
  });

  it('asks for a pass phrase once, by the name of the server', () => {
    expect(made.read('asked')).toBe('one.example:443 RSA\n');
  });

  it('takes expressions with variables of TLS only where it is loaded', async () => {
    const lines = "<If \"%{SSL_PROTOCOL} == 'TLSv1.3' && %{SSL:HTTPS} == 'on'\">; LogLevel warn; </If>";
    expect((await load(lines)).problems).toEqual([]);
    const entry = {
      name: 'test.conf',
      text: `ServerName x\nLoadModule env_module x\n${lines.replaceAll('; ', '\n')}\n`,
    };
    const { problems } = await loadConfiguration(modules, { entry, serverRoot: made.root });
    expect(problems.errors[0]?.message).toContain("Function 'SSL' does not exist");
  });

  it('tells of a certificate what httpd does', () => {
    const certificate = new X509Certificate(made.read('one.crt'));
    const tell = (name: string): string | undefined => certificateVariable(certificate, name);
    expect(tell('S_DN')).toBe('CN=one.example,O=An Org\\, Ltd.');
    expect(tell('S_DN_CN')).toBe('one.example');
    expect(tell('S_DN_O')).toBe('An Org, Ltd.');
    expect(tell('S_DN_O_0_RAW')).toBe('An Org, Ltd.');
    expect(tell('S_DN_O_1')).toBeUndefined();
    expect(tell('S_DN_X')).toBeUndefined();
    expect(tell('I_DN_CN')).toBe('Test CA');
    expect(tell('SAN_DNS_1')).toBe('*.one.example');
    expect(tell('SAN_EMAIL_0')).toBe('a@one.example');
    expect(tell('M_VERSION')).toBe('3');
    expect(tell('M_SERIAL')).toMatch(/^[0-9A-F]+$/);
    expect(tell('A_SIG')).toBe('sha256WithRSAEncryption');
    expect(tell('A_KEY')).toBe('rsaEncryption');
    expect(tell('V_REMAIN')).toMatch(/^[12]$/);
    expect(tell('CERT')).toBe(made.read('one.crt'));
    expect(certificateVariable(new X509Certificate(made.read('curve.crt')), 'A_KEY')).toBe('id-ecPublicKey');
    expect(exportedNames(certificate)).toEqual([
      ['SSL_SERVER_S_DN_O', 'An Org, Ltd.'],
      ['SSL_SERVER_S_DN_CN', 'one.example'],
      ['SSL_SERVER_I_DN_O', 'Test'],
      ['SSL_SERVER_I_DN_CN', 'Test CA'],
      ['SSL_SERVER_SAN_Email_0', 'a@one.example'],
      ['SSL_SERVER_SAN_DNS_0', 'one.example'],
      ['SSL_SERVER_SAN_DNS_1', '*.one.example'],
    ]);
    expect(describeCertificate(certificate)).toMatch(
      /^\[subject: CN=one\.example,O=An Org\\, Ltd\. \/ issuer: CN=Test CA,O=Test \/ serial: [0-9A-F]+ \/ notbefore: .* GMT \/ notafter: .* GMT\]$/,
    );
  });
});

describe('SSLVHostSNIPolicy', () => {
  const on: SslServerConf = { engine: true, certificateFiles: ['a'], keyFiles: ['b'] };
  it.each<[what: string, other: SslServerConf, policies: string]>([
    ['the same', { ...on }, 'secure authonly insecure'],
    ['another certificate', { ...on, certificateFiles: ['c'] }, 'authonly insecure'],
    ['another key', { ...on, keyFiles: ['c'] }, 'authonly insecure'],
    ['another version', { ...on, protocols: new Set(['TLSv1.2'] as const) }, 'authonly insecure'],
    [
      'all versions',
      { ...on, protocols: new Set(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const) },
      'secure authonly insecure',
    ],
    ['other ciphers', { ...on, ciphers: 'HIGH' }, 'authonly insecure'],
    ['the order of ciphers', { ...on, honorsCipherOrder: true }, 'secure authonly insecure'],
    ['a depth', { ...on, verifyDepth: 5 }, 'insecure'],
    ['commands', { ...on, confCommands: [['curves', 'X25519']] }, 'insecure'],
    ['no TLS', { ...on, engine: false }, 'insecure'],
  ])('%s', (_, other, policies) => {
    for (const policy of ['strict', 'secure', 'authonly', 'insecure'] as const) {
      const expected = policies.split(' ').includes(policy);
      expect([policy, areCompatible(on, other, policy)]).toEqual([policy, expected]);
      expect([policy, areCompatible(other, on, policy)]).toEqual([policy, expected]);
    }
  });
});

describe('merging', () => {
  it('puts certificates of a virtual host in the place of the main ones, one by one', () => {
    const merged = mergeSslServer(
      { certificateFiles: ['a', 'b'], engine: true },
      { certificateFiles: ['c'] },
    );
    expect(merged).toEqual({ certificateFiles: ['c', 'b'], engine: true });
  });

  it('adds options with signs to those before, and forgets them for one without', () => {
    const base = { options: { stdEnvVars: true, strictRequire: true } };
    expect(mergeSslDir(base, { options: { stdEnvVars: false } }).options).toEqual({
      stdEnvVars: false,
      strictRequire: true,
    });
    expect(mergeSslDir(base, { optionsReset: true, options: { exportCertData: true } }).options).toEqual({
      exportCertData: true,
    });
    expect(mergeSslDir(base, { userName: 'x' }).options).toEqual(base.options);
  });
});

describe('small parts', () => {
  it.each<[words: string, range: readonly [string, string] | undefined]>([
    ['all', ['TLSv1', 'TLSv1.3']],
    ['all -TLSv1.3', ['TLSv1', 'TLSv1.2']],
    ['all -TLSv1 -TLSv1.1', ['TLSv1.2', 'TLSv1.3']],
    ['TLSv1.2', ['TLSv1.2', 'TLSv1.2']],
    // OpenSSL knows no gaps: from the top down to the first that is missing.
    ['all -TLSv1.2', ['TLSv1.3', 'TLSv1.3']],
    ['TLSv1.1 +TLSv1.3', ['TLSv1.3', 'TLSv1.3']],
    ['-all', undefined],
    ['', undefined],
  ])('SSLProtocol %s', (words, range) => {
    const parsed = parseProtocols('SSLProtocol', words, () => undefined);
    if ('error' in parsed) throw new Error(parsed.error);
    const found = versionRange(parsed);
    expect(found === undefined ? undefined : [found.minVersion, found.maxVersion]).toEqual(range);
  });

  it.each<[entry: string, host: string, matches: boolean]>([
    ['a.example', 'A.Example', true],
    ['*.example', 'a.example', true],
    ['*.example', 'b.a.example', false],
    ['*.example', 'example', false],
    ['*', 'a', false],
    ['a*.example', 'ab.example', false],
    ['*.', 'a.', true],
  ])('%s stands for %s: %s', (entry, host, matches) => {
    expect(matchesHost(entry, host)).toBe(matches);
  });

  it('reads names as Node.js writes them, those in quotes too', () => {
    expect(
      alternativeNames('DNS:a.example, IP Address:1.2.3.4, DNS:"b, DNS:evil.example", email:x', 'DNS'),
    ).toEqual(['a.example', 'b, DNS:evil.example']);
    expect(alternativeNames('DNS:a, email:"x\\u0000\\ny", email:b', 'email')).toEqual(['x\0\ny', 'b']);
    expect(alternativeNames(undefined, 'DNS')).toEqual([]);
    expect(commonNames({ CN: ['a', 'b'] } as never)).toEqual(['a', 'b']);
    expect(commonNames({} as never)).toEqual([]);
  });

  it('tells ciphers of TLS 1.3 from the others', () => {
    expect(
      nodeCiphers({ ciphers: 'HIGH:TLS_AES_128_GCM_SHA256:!aNULL', suites: 'TLS_AES_256_GCM_SHA384' }),
    ).toBe('TLS_AES_256_GCM_SHA384:HIGH:!aNULL');
    expect(nodeCiphers({})).toMatch(/^TLS_.*:DEFAULT$/);
  });

  it('reads DER as far as it goes', () => {
    expect(elementsOf(Buffer.from('0203010203', 'hex'))[0]?.content.toString('hex')).toBe('010203');
    for (const broken of ['02', '0205', '020501', '0284ffffffff', '0280', '02850000000001'])
      expect(elementsOf(Buffer.from(broken, 'hex'))).toEqual([]);
    expect(oidOf(Buffer.from('2a864886f70d01010b', 'hex'))).toBe('1.2.840.113549.1.1.11');
    expect(oidOf(Buffer.alloc(0))).toBe('0.0');
  });
});
