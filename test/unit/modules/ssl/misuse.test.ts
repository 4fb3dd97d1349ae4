/** What is said of misused directives of mod_ssl: a line a case, with httpd's own words, asked of httpd itself where it is installed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../../../src/core/load.ts';
import { httpdLines } from '../../../../src/diagnostics/render.ts';
import { modules } from '../../../../src/modules/index.ts';
import { askHttpd, findHttpd } from '../../../support/httpd.ts';

const ROOT = mkdtempSync(path.join(os.tmpdir(), 'ssl-misuse-'));
mkdirSync(path.join(ROOT, 'logs'));
writeFileSync(path.join(ROOT, 'some.pem'), 'some');
afterAll(() => rmSync(ROOT, { recursive: true }));

const httpd = findHttpd();
const FOLDER = 'missing' in httpd ? 'modules' : httpd.modules;
const MODULES = ['ssl', 'proxy', 'authz_core', 'socache_shmcb'];

function preamble(known: readonly string[]): string[] {
  const loads = MODULES.filter((name) => known.includes(name));
  return [
    `ServerRoot "${ROOT}"`,
    'ServerName localhost',
    `LoadModule mpm_event_module ${FOLDER}/mod_mpm_event.so`,
    ...loads.map((name) => `LoadModule ${name}_module ${FOLDER}/mod_${name}.so`),
    'Listen 127.0.0.1:22691',
  ];
}

/** Lines, separated by `; `, and the message; empty where all is well. ROOT stands for the server's root. */
const CASES: readonly (readonly [lines: string, message: string])[] = [
  ['SSLEngine foo', 'Argument must be On or Off'],
  ['SSLEngine', "SSLEngine takes one argument, SSL switch for the protocol engine ('on', 'off')"],
  ['SSLEngine optional', ''],
  ['<Directory />; SSLEngine on; </Directory>', 'SSLEngine not allowed in <Directory> context'],
  ['<Proxy *>; SSLEngine on; </Proxy>', 'SSLEngine not allowed in <Proxy> context'],
  ['SSLPassPhraseDialog builtin', ''],
  ['SSLPassPhraseDialog foo', 'SSLPassPhraseDialog: Invalid argument'],
  ['SSLPassPhraseDialog exec:/nope', "SSLPassPhraseDialog: file '/nope' does not exist"],
  [
    '<VirtualHost *:22691>; SSLPassPhraseDialog builtin; </VirtualHost>',
    'SSLPassPhraseDialog cannot occur within <VirtualHost> section',
  ],
  ['SSLSessionCache none', ''],
  ['SSLSessionCache shmcb:/tmp/x(512000)', ''],
  ['SSLSessionCache shmcb:/tmp/x(bad)', 'SSLSessionCache: Invalid argument: cache size not numerical'],
  ['SSLSessionCacheTimeout x', ''],
  ['SSLSessionCacheTimeout -1', 'SSLSessionCacheTimeout: Invalid argument'],
  ['SSLCryptoDevice builtin', ''],
  [
    'SSLCryptoDevice foo',
    "SSLCryptoDevice: Invalid argument; must be one of: 'builtin' (none), 'dynamic' (Dynamic engine loading support)",
  ],
  ['SSLRandomSeed startup builtin', ''],
  ['SSLRandomSeed startup file:/dev/urandom 512', ''],
  ['SSLRandomSeed foo builtin', "SSLRandomSeed: invalid context: `foo'"],
  ['SSLRandomSeed startup foo', "SSLRandomSeed: source path 'ROOT/foo' does not exist"],
  ['SSLRandomSeed startup file:/nope', "SSLRandomSeed: source path '/nope' does not exist"],
  ['SSLRandomSeed startup file:/dev/urandom -5', 'SSLRandomSeed: invalid number of bytes specified'],
  [
    'SSLRandomSeed connect egd:/x',
    "Invalid SSLRandomSeed entropy source `egd:/x': This version of OpenSSL does not support the Entropy Gathering Daemon (EGD).",
  ],
  ['SSLVHostSNIPolicy foo', "Invalid SSLVhostSNIPolicy argument 'foo'"],
  ['SSLVHostSNIPolicy strict', ''],
  ['SSLFIPS off', ''],
  ['SSLFIPS x', 'SSLFIPS must be On or Off'],
  ['SSLCipherSuite foo', ''],
  ['SSLCipherSuite TLSv1.2 HIGH', "protocol 'TLSv1.2' not supported"],
  ['SSLProxyCipherSuite ssl HIGH', "protocol 'ssl' not supported"],
  ['SSLCertificateFile /nope', "SSLCertificateFile: file '/nope' does not exist or is empty"],
  ['SSLCertificateFile some.pem', ''],
  ['SSLCertificateKeyFile nope', "SSLCertificateKeyFile: file 'ROOT/nope' does not exist or is empty"],
  ['SSLCertificateChainFile /nope', "SSLCertificateChainFile: file '/nope' does not exist or is empty"],
  ['SSLSessionTicketKeyFile /nope', "SSLSessionTicketKeyFile: file '/nope' does not exist or is empty"],
  ['SSLCACertificatePath /nope', "SSLCACertificatePath: directory '/nope' does not exist"],
  ['SSLCACertificateFile /nope', "SSLCACertificateFile: file '/nope' does not exist or is empty"],
  [
    '<Directory />; SSLCACertificateFile some.pem; </Directory>',
    'Your SSL library does not have support for per-directory CA',
  ],
  ['SSLCADNRequestPath /nope', "SSLCADNRequestPath: directory '/nope' does not exist"],
  ['SSLCADNRequestFile /nope', "SSLCADNRequestFile: file '/nope' does not exist or is empty"],
  ['SSLCARevocationPath /nope', "SSLCARevocationPath: directory '/nope' does not exist"],
  ['SSLCARevocationFile /nope', "SSLCARevocationFile: file '/nope' does not exist or is empty"],
  ['SSLCARevocationCheck foo', "SSLCARevocationCheck: Invalid argument 'foo'"],
  ['SSLCARevocationCheck none', ''],
  ['SSLVerifyClient none', ''],
  ['SSLVerifyClient off', ''],
  ['SSLVerifyClient foo', "SSLVerifyClient: Invalid argument 'foo'"],
  ['SSLVerifyDepth -1', "SSLVerifyDepth: Invalid argument '-1'"],
  ['SSLVerifyDepth 3x', ''],
  ['SSLProtocol foo', "SSLProtocol: Illegal protocol 'foo'"],
  ['SSLProtocol all -SSLv3', ''],
  ['SSLProtocol -SSLv2 all', ''],
  ['SSLProtocol SSLv2', 'SSLProtocol: SSLv2 is no longer supported'],
  ['SSLProxyProtocol SSLv2', 'SSLProtocol: SSLv2 is no longer supported'],
  ['SSLProtocol +SSLv3', 'SSLv3 not supported by this version of OpenSSL'],
  ['SSLProtocol +', "SSLProtocol: Illegal protocol ''"],
  ['SSLHonorCipherOrder x', 'SSLHonorCipherOrder must be On or Off'],
  ['SSLCompression off', ''],
  [
    'SSLCompression on',
    'This version of OpenSSL does not have any compression methods available, cannot enable SSLCompression.',
  ],
  ['SSLSessionTickets off', ''],
  ['SSLInsecureRenegotiation off', ''],
  ['SSLUserName foo', ''],
  ['SSLStrictSNIVHostCheck x', 'SSLStrictSNIVHostCheck must be On or Off'],
  ['SSLSRPVerifierFile /nope', "SSLSRPVerifierFile: file '/nope' does not exist or is empty"],
  ['SSLOptions foo', "SSLOptions: Illegal option 'foo'"],
  ['SSLOptions +', "SSLOptions: Illegal option ''"],
  ['SSLOptions +StdEnvVars -ExportCertData +StrictRequire +OptRenegotiate', ''],
  ['SSLRequireSSL', 'SSLRequireSSL not allowed here'],
  ['<Directory />; SSLRequireSSL on; </Directory>', ''],
  ['SSLRequire true', 'SSLRequire not allowed here'],
  ['<Directory />; SSLRequire true; </Directory>', ''],
  ['<Directory />; SSLRequire %{SSL_CIPHER_USEKEYSIZE} >= 128 and %{HTTPS} eq "on"; </Directory>', ''],
  ['<Directory />; SSLRequire %{SSL_CIPHER} !~ m/^(EXP|NULL)/; </Directory>', ''],
  ['<Directory />; SSLRequire "foobar" in PeerExtList("1.2.3"); </Directory>', ''],
  ['<Directory />; SSLRequire; </Directory>', 'SSLRequire: syntax error, unexpected $end'],
  [
    '<Directory />; SSLRequire "foobar" in OID("1.2.3"); </Directory>',
    "SSLRequire: List-returning function 'OID' does not exist",
  ],
  ['<Directory />; SSLRenegBufferSize -1; </Directory>', 'Invalid size for SSLRenegBufferSize: -1'],
  ['<Location />; Require ssl; </Location>', ''],
  ['<Location />; Require ssl x; </Location>', "'Require ssl' does not take arguments"],
  ['<Location />; Require ssl-verify-client; </Location>', ''],
  ['SSLOCSPEnable x', "SSLOCSPEnable: Invalid argument 'x'"],
  ['SSLOCSPEnable off', ''],
  ['SSLOCSPEnable off foo', "SSLOCSPEnable: Invalid argument 'foo'"],
  ['SSLOCSPResponseTimeSkew -1', 'SSLOCSPResponseTimeSkew: invalid argument'],
  ['SSLOCSPResponderTimeout x', ''],
  [
    'SSLOCSPResponderCertificateFile /nope',
    "SSLOCSPResponderCertificateFile: file '/nope' does not exist or is empty",
  ],
  ['SSLStaplingCache shmcb:/tmp/x(32768)', ''],
  ['SSLUseStapling off', ''],
  ['SSLStaplingResponseMaxAge -5', 'SSLStaplingResponseMaxAge: invalid argument'],
  ['SSLStaplingFakeTryLater x', 'SSLStaplingFakeTryLater must be On or Off'],
  ['SSLOpenSSLConfCmd foo bar', "'foo': invalid OpenSSL configuration command"],
  ['SSLOpenSSLConfCmd foo', 'SSLOpenSSLConfCmd takes two arguments, OpenSSL configuration command'],
  ['SSLOpenSSLConfCmd Curves X25519', ''],
  ['SSLOpenSSLConfCmd DHParameters /nope', "SSLOpenSSLConfCmd: file '/nope' does not exist or is empty"],
  ['SSLLog x', 'SSLLog directive is no longer supported - use ErrorLog.'],
  ['SSLLogLevel', 'SSLLogLevel directive is no longer supported - use LogLevel.'],
  // Towards backends.
  ['SSLProxyEngine maybe', 'SSLProxyEngine must be On or Off'],
  ['<Directory />; SSLProxyEngine on; </Directory>', 'SSLProxyEngine not allowed in <Directory> context'],
  ['<If true>; SSLProxyEngine on; </If>', 'SSLProxyEngine not allowed in <If> context'],
  ['<Proxy *>; SSLProxyEngine on; </Proxy>', ''],
  ['<Proxy *>; <If true>; SSLProxyEngine on; </If>; </Proxy>', ''],
  ['<Proxy *>; <Files x>; SSLProxyVerify none; </Files>; </Proxy>', ''],
  ['SSLProxyVerify 2', "SSLProxyVerify: Invalid argument '2'"],
  ['SSLProxyVerify NONE', ''],
  ['SSLProxyVerifyDepth -1', "SSLProxyVerifyDepth: Invalid argument '-1'"],
  ['SSLProxyProtocol', ''],
  ['SSLProxyProtocol TLSv1.4', "SSLProxyProtocol: Illegal protocol 'TLSv1.4'"],
  ['SSLProxyCACertificateFile /tmp', "SSLProxyCACertificateFile: file '/tmp' does not exist or is empty"],
  ['SSLProxyCACertificatePath x', "SSLProxyCACertificatePath: directory 'ROOT/x' does not exist"],
  ['SSLProxyCARevocationCheck', "SSLProxyCARevocationCheck: Invalid argument ''"],
  ['SSLProxyCARevocationCheck chain foo', "SSLProxyCARevocationCheck: Invalid argument 'foo'"],
  ['SSLProxyCARevocationCheck chain', ''],
  [
    'SSLProxyMachineCertificateFile /nope',
    "SSLProxyMachineCertificateFile: file '/nope' does not exist or is empty",
  ],
];

/** What httpd does and we do not. */
const REFUSED: readonly (readonly [lines: string, message: string])[] = [
  ['SSLVerifyClient require', 'SSLVerifyClient require is not supported by apache-lite'],
  [
    '<Location />; SSLVerifyClient optional; </Location>',
    'SSLVerifyClient optional is not supported by apache-lite',
  ],
  ['SSLCACertificateFile some.pem', 'SSLCACertificateFile is not supported by apache-lite'],
  ['SSLCARevocationCheck chain', 'SSLCARevocationCheck chain is not supported by apache-lite'],
  ['SSLUseStapling on', 'SSLUseStapling on is not supported by apache-lite'],
  ['SSLOCSPEnable on', 'SSLOCSPEnable on is not supported by apache-lite'],
  ['SSLSRPUnknownUserSeed x', 'SSLSRPUnknownUserSeed is not supported by apache-lite'],
  ['SSLInsecureRenegotiation on', 'SSLInsecureRenegotiation on is not supported by apache-lite'],
  ['SSLFIPS on', 'SSLFIPS on is not supported by apache-lite'],
  ['SSLOptions +FakeBasicAuth', 'SSLOptions FakeBasicAuth is not supported by apache-lite'],
  ['SSLOptions LegacyDNStringFormat', 'SSLOptions LegacyDNStringFormat is not supported by apache-lite'],
  ['SSLCertificateFile pkcs11:foo', "SSLCertificateFile: 'pkcs11:foo' is not supported by apache-lite"],
  ['SSLPassPhraseDialog |/bin/true', 'SSLPassPhraseDialog | is not supported by apache-lite'],
  ['SSLOpenSSLConfCmd CipherString HIGH', 'SSLOpenSSLConfCmd CipherString is not supported by apache-lite'],
  [
    '<Location />; SSLCipherSuite HIGH; </Location>',
    'SSLCipherSuite in a section is not supported by apache-lite',
  ],
  ['SSLProxyCARevocationCheck leaf', 'SSLProxyCARevocationCheck: leaf is not supported by apache-lite'],
];

const textOf = (lines: string, known: readonly string[]): string =>
  `${[...preamble(known), ...lines.split('; ')].join('\n')}\n`;
const named = (message: string): string => message.replace('ROOT', ROOT);

async function firstError(lines: string): Promise<string> {
  const known = modules.map(({ name }) => name.replace(/_module$/, ''));
  const entry = { name: 'test.conf', text: textOf(lines, known) };
  const { problems } = await loadConfiguration(modules, { entry, serverRoot: ROOT, environment: {} });
  const first = problems.errors.find(({ code }) => code === 'AH00526');
  return first === undefined ? '' : (httpdLines(first).at(-1) ?? '');
}

describe('misused directives of mod_ssl', () => {
  test.each(CASES)('%s', async (lines, message) => {
    expect(await firstError(lines)).toBe(named(message));
  });
  test.each(REFUSED)('%s, refused', async (lines, message) => {
    expect(await firstError(lines)).toBe(named(message));
  });
});

describe.skipIf('missing' in httpd)('misused directives of mod_ssl, in httpd', () => {
  const ask = (lines: string): unknown =>
    'missing' in httpd ? undefined : askHttpd(httpd, path.join(ROOT, 'test.conf'), textOf(lines, MODULES));
  test.each(CASES)('%s', (lines, message) => {
    expect(ask(lines)).toEqual({ said: named(message), status: message === '' ? 0 : 1 });
  });
  test.each(REFUSED)('%s is accepted', (lines) => {
    expect(ask(lines)).toEqual({ said: '', status: 0 });
  });
});
