/** From certificates and what is said of them to what node:tls takes, when the configuration is read (ssl_init_server_ctx of ssl_engine_init.c). */
import { constants, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { ServerTls } from '../../../core/tls.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import { alternativeNames, commonNames, matchesHost } from './certificate-text.ts';
import { checkCiphers, nodeCiphers } from './ciphers.ts';
import { applyConfCommands } from './conf-commands.ts';
import type { SslServerConf } from './config.ts';
import { certificatesIn, readText } from './material.ts';
import { KeyError, readKey } from './pass-phrase.ts';
import type { ContextProblem } from './problem.ts';
import { ALL_PROTOCOLS, versionRange } from './protocols.ts';

const DEFAULT_SESSION_TIMEOUT = 300;
const TICKET_KEY_BYTES = 48;

type Report = (problem: ContextProblem) => void;

/** `host:port`, as log lines name a server (ssl_util_vhostid). */
export function vhostId(server: VirtualServer, isOn: boolean): string {
  return `${server.hostname}:${server.port || (isOn ? 443 : 80)}`;
}

interface Pair {
  /** With the certificates above it. */
  readonly cert: string;
  readonly key: KeyObject;
}

/** What a server whose SSLEngine is on speaks TLS with; undefined: what is wrong has been reported. */
export function makeServerTls(
  server: VirtualServer,
  conf: Readonly<SslServerConf>,
  dialog: SslServerConf['passPhrase'],
  report: Report,
): ServerTls | undefined {
  const versions = versionRange(conf.protocols ?? ALL_PROTOCOLS);
  if (versions === undefined) {
    report({ code: 'AH02231', message: 'No SSL protocols available [hint: SSLProtocol]' });
    return undefined;
  }
  const unknown = checkCiphers(conf);
  if (unknown !== undefined) {
    report(unknown);
    return undefined;
  }
  const pairs = readPairs(server, conf, dialog, report);
  if (pairs === undefined) return undefined;
  const options: SecureContextOptions = {
    ...versions,
    ciphers: nodeCiphers(conf),
    cert: pairs.map(({ cert }) => cert),
    key: pairs.map(({ key }) => key.export({ type: 'pkcs8', format: 'pem' }) as string),
    secureOptions: secureOptions(conf),
    dhparam: ownParameters(conf) ?? 'auto',
    sessionTimeout: conf.sessionTimeout ?? DEFAULT_SESSION_TIMEOUT,
    ...ticketKeys(conf, report),
  };
  return makeContext(options, conf, report);
}

function makeContext(
  options: SecureContextOptions,
  conf: Readonly<SslServerConf>,
  report: Report,
): ServerTls | undefined {
  const fatal = 'Fatal error initialising mod_ssl, exiting.';
  try {
    const wrong = applyConfCommands(conf.confCommands ?? [], options);
    if (wrong !== undefined) {
      report({ code: 'AH02312', message: fatal, hint: `SSLOpenSSLConfCmd ${wrong}` });
      return undefined;
    }
    return { context: createSecureContext(options) };
  } catch (error) {
    report({ code: 'AH02312', message: fatal, hint: String(error) });
    return undefined;
  }
}

function secureOptions(conf: Readonly<SslServerConf>): number {
  const {
    SSL_OP_NO_COMPRESSION,
    SSL_OP_NO_RENEGOTIATION,
    SSL_OP_CIPHER_SERVER_PREFERENCE,
    SSL_OP_NO_TICKET,
  } = constants;
  let bits = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
  if (conf.honorsCipherOrder === true) bits |= SSL_OP_CIPHER_SERVER_PREFERENCE;
  if (conf.sessionTickets === false) bits |= SSL_OP_NO_TICKET;
  return bits;
}

function ticketKeys(conf: Readonly<SslServerConf>, report: Report): { readonly ticketKeys?: Buffer } {
  if (conf.ticketKeyFile === undefined) return {};
  const bytes = Buffer.from(textOf(conf.ticketKeyFile), 'latin1');
  if (bytes.length >= TICKET_KEY_BYTES) return { ticketKeys: bytes.subarray(0, TICKET_KEY_BYTES) };
  report({
    code: 'AH02286',
    message: `Failed to read ${TICKET_KEY_BYTES} bytes from ${conf.ticketKeyFile} ticket file`,
  });
  return {};
}

/** Diffie-Hellman parameters behind the first certificate. */
function ownParameters({ certificateFiles: [first] = [] }: Readonly<SslServerConf>): string | undefined {
  if (first === undefined) return undefined;
  return /-----BEGIN DH PARAMETERS-----[^-]*-----END DH PARAMETERS-----/.exec(textOf(first))?.[0];
}

/** Empty where the file cannot be read: it was there when its directive was, so that what is missing in it is told. */
function textOf(path: string): string {
  try {
    return readText(path);
  } catch {
    return '';
  }
}

/** Certificates with their keys, in the order of the directives (ssl_init_server_certs). */
function readPairs(
  server: VirtualServer,
  conf: Readonly<SslServerConf>,
  dialog: SslServerConf['passPhrase'],
  report: Report,
): Pair[] | undefined {
  const { certificateFiles = [], keyFiles = [], chainFile } = conf;
  const id = vhostId(server, true);
  if (certificateFiles.length === 0) {
    report({
      code: 'AH02572',
      message: `Failed to configure at least one certificate and key for ${id}`,
      hint: 'SSLCertificateFile and SSLCertificateKeyFile name them',
    });
    return undefined;
  }
  let chain: string[];
  try {
    chain = chainFile === undefined ? [] : certificatesIn(readText(chainFile));
  } catch (error) {
    report({ code: 'AH01903', message: 'Failed to configure CA certificate chain!', hint: String(error) });
    return undefined;
  }
  const pairs: Pair[] = [];
  for (const [index, file] of certificateFiles.entries()) {
    const pair = readPair(
      server,
      `${id}:${index}`,
      index,
      file,
      keyFiles[index] ?? file,
      chain,
      dialog,
      report,
    );
    if (pair === undefined) return undefined;
    pairs.push(pair);
  }
  return pairs;
}

function readPair(
  server: VirtualServer,
  keyId: string,
  index: number,
  file: string,
  keyFile: string,
  chain: readonly string[],
  dialog: SslServerConf['passPhrase'],
  report: Report,
): Pair | undefined {
  const certificates = certificatesIn(textOf(file));
  const leaf = certificates[0] === undefined ? undefined : parse(certificates[0]);
  if (leaf === undefined) {
    report(
      chain.length === 0
        ? { code: 'AH02562', message: `Failed to configure certificate ${keyId} (with chain), check ${file}` }
        : { code: 'AH02561', message: `Failed to configure certificate ${keyId}, check ${file}` },
    );
    return undefined;
  }
  let key: KeyObject;
  try {
    key = readKey(keyFile, keyId, index, dialog);
  } catch (error) {
    const hint = error instanceof KeyError ? `${error.code}: ${error.message}` : String(error);
    const message = `Failed to configure encrypted (?) private key ${keyId}, check ${keyFile}`;
    report({ code: 'AH02564', message, hint });
    return undefined;
  }
  if (!leaf.checkPrivateKey(key)) {
    const message = `Certificate and private key ${keyId} from ${file} and ${keyFile} do not match`;
    report({ code: 'AH02565', message });
    return undefined;
  }
  checkPublic(leaf, keyId, server, report);
  // A chain file of its own takes the place of what stands behind the certificate.
  const above = chain.length > 0 ? chain : certificates.slice(1);
  return { cert: [certificates[0], ...above].join('\n'), key };
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** What is odd about a certificate, but no reason not to start (ssl_check_public_cert). */
function checkPublic(leaf: X509Certificate, keyId: string, server: VirtualServer, report: Report): void {
  if (leaf.ca) {
    const message = `${keyId} server certificate is a CA certificate (BasicConstraints: CA == TRUE !?)`;
    report({ code: 'AH01906', message, severity: 'warning' });
  }
  const names = [
    ...alternativeNames(leaf.subjectAltName, 'DNS'),
    ...commonNames(leaf.toLegacyObject().subject),
  ];
  if (names.some((name) => matchesHost(name, server.hostname))) return;
  const message = `${keyId} server certificate does NOT include an ID which matches the server name`;
  report({ code: 'AH01909', message, severity: 'warning' });
}
