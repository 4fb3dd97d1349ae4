/**
 * Directives that are read, checked in httpd's words, and then have nothing to do here: those whose effect Node.js gives or cannot give
 * anyway, and those of client certificates, OCSP, stapling, SRP and tokens, which are refused unless their value means nothing.
 */
import { statSync } from 'node:fs';
import {
  ACCESS_CONF,
  type ApplyResult,
  GLOBAL_ONLY,
  OR_ALL,
  OR_AUTHCFG,
  RSRC_CONF,
  type ShapeArgs,
} from '../../../config/directive.ts';
import { atoi } from '../../../config/values.ts';
import { allWords } from '../../../config/words.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { type Cmd, parseDepth, parseRevocationCheck, parseVerify, type Row } from './proxy-rows.ts';
import { fileRow, pathRow } from './rows.ts';

const ANYWHERE = RSRC_CONF | OR_AUTHCFG;

function refused(cmd: Cmd, what: string, hint: string): ApplyResult {
  return {
    message: `${cmd.node.name}${what === '' ? '' : ` ${what}`} is not supported by apache-lite`,
    hint,
  };
}

const CLIENT_CERTIFICATES = 'clients are not asked for certificates';
const OCSP = 'certificates of clients are not asked for, and so not looked up';
const STAPLING = 'no OCSP answers are stapled to handshakes';

/** A flag that may only say what holds anyway. */
export function onlyNeutral(neutral: boolean, hint = 'Node.js has no such setting') {
  return (cmd: Cmd, on: boolean): ApplyResult =>
    on === neutral ? undefined : refused(cmd, on ? 'on' : 'off', hint);
}

interface Extras {
  readonly where?: number;
  readonly forbidden?: number;
  readonly noEffect?: string;
}

function row<K extends 'TAKE1' | 'TAKE2' | 'TAKE23' | 'RAW_ARGS' | 'FLAG'>(
  name: string,
  shape: K,
  usage: string,
  apply: (cmd: Cmd, ...args: ShapeArgs[K]) => ApplyResult,
  extras: Extras = {},
): Row {
  return { name, shape, where: RSRC_CONF, usage, apply, ...extras } as Row;
}

function notInSections(cmd: Cmd): ApplyResult {
  return cmd.path === undefined ? undefined : 'Your SSL library does not have support for per-directory CA';
}

const refusedFile = (name: string, usage: string, hint: string, where = RSRC_CONF): Row =>
  fileRow(name, where, usage, (cmd) => refused(cmd, '', hint), notInSections);
const refusedPath = (name: string, usage: string, hint: string, where = RSRC_CONF): Row =>
  pathRow(name, where, usage, (cmd) => refused(cmd, '', hint), notInSections);

/** A number of something that is refused as a whole. */
function idleNumber(name: string, usage: string, noEffect: string): Row {
  return row(
    name,
    'TAKE1',
    usage,
    (cmd, word) => (atoi(word) < 0 ? `${cmd.node.name}: invalid argument` : undefined),
    { noEffect },
  );
}

function idleFlag(name: string, usage: string, noEffect: string): Row {
  return row(name, 'FLAG', usage, () => undefined, { noEffect });
}

function idleText(name: string, usage: string, noEffect: string): Row {
  return row(name, 'TAKE1', usage, () => undefined, { noEffect });
}

function checkSeed(cmd: Cmd, context: string, source: string, bytes: string | undefined): ApplyResult {
  if (!/^(?:startup|connect)$/i.test(context)) return `SSLRandomSeed: invalid context: \`${context}'`;
  if (/^egd:/.test(source))
    return `Invalid SSLRandomSeed entropy source \`${source}': This version of OpenSSL does not support the Entropy Gathering Daemon (EGD).`;
  if (asciiLower(source) !== 'builtin') {
    const path = cmd.serverRootRelative(source.replace(/^(?:file|exec):/, ''));
    if (statSync(path, { throwIfNoEntry: false }) === undefined)
      return `SSLRandomSeed: source path '${path}' does not exist`;
  }
  if (bytes !== undefined && atoi(bytes) < 0) return 'SSLRandomSeed: invalid number of bytes specified';
  return undefined;
}

const CACHES: ReadonlySet<string> = new Set(['shmcb', 'default', 'dbm', 'dc', 'memcache', 'redis']);

function checkSessionCache(_: Cmd, text: string): ApplyResult {
  const key = asciiLower(text);
  if (key === 'none' || key === 'nonenotnull') return undefined;
  const [name = ''] = text.split(':');
  if (!CACHES.has(name))
    return `SSLSessionCache: '${name}' session cache not supported (known names: shmcb,default). Maybe you need to load the appropriate socache module (mod_socache_${name}?).`;
  const size = /\(([^)]*)\)/.exec(text)?.[1];
  if (size !== undefined && !/^\d+$/.test(size))
    return 'SSLSessionCache: Invalid argument: cache size not numerical';
  return undefined;
}

function checkStaplingCache(_: Cmd, text: string): ApplyResult {
  const [name = ''] = text.split(':');
  if (CACHES.has(name)) return undefined;
  return `SSLStaplingCache: '${name}' stapling cache not supported (known names: shmcb,default) Maybe you need to load the appropriate socache module (mod_socache_${name}?)`;
}

function checkOcsp(cmd: Cmd, text: string): ApplyResult {
  const [mode = '', ...flags] = allWords(text);
  const key = asciiLower(mode);
  if (key !== 'on' && key !== 'off' && key !== 'leaf') return `${cmd.node.name}: Invalid argument '${mode}'`;
  const unknown = flags.find((flag) => asciiLower(flag) !== 'no_ocsp_for_cert_ok');
  if (unknown !== undefined) return `${cmd.node.name}: Invalid argument '${unknown}'`;
  return key === 'off' ? undefined : refused(cmd, mode, OCSP);
}

const NO_OCSP = 'OCSP is not asked: SSLOCSPEnable other than off is refused';
const NO_STAPLING = 'nothing is stapled: SSLUseStapling on is refused';

const sessionRows: readonly Row[] = [
  row(
    'SSLSessionCache',
    'TAKE1',
    "SSL Session Cache storage ('none', 'nonenotnull', 'dbm:/path/to/file')",
    checkSessionCache,
    {
      forbidden: GLOBAL_ONLY,
      noEffect: 'one process serves all connections, and sessions are resumed by tickets',
    },
  ),
  row(
    'SSLCryptoDevice',
    'TAKE1',
    "SSL external Crypto Device usage ('builtin', '...')",
    (_, name) =>
      asciiLower(name) === 'builtin'
        ? undefined
        : "SSLCryptoDevice: Invalid argument; must be one of: 'builtin' (none), 'dynamic' (Dynamic engine loading support)",
    { forbidden: GLOBAL_ONLY, noEffect: 'OpenSSL as built into Node.js has no devices' },
  ),
  row(
    'SSLRandomSeed',
    'TAKE23',
    "SSL Pseudo Random Number Generator (PRNG) seeding source ('startup|connect builtin|file:/path|exec:/path [bytes]')",
    checkSeed,
    { forbidden: GLOBAL_ONLY, noEffect: 'OpenSSL seeds itself from the system' },
  ),
  row(
    'SSLFIPS',
    'FLAG',
    "Enable FIPS-140 mode (`on', `off')",
    onlyNeutral(false, 'Node.js is told so when it starts (--enable-fips)'),
    {
      forbidden: GLOBAL_ONLY,
    },
  ),
  row(
    'SSLRenegBufferSize',
    'TAKE1',
    'Configure the amount of memory that will be used for buffering the request body if a per-location SSL renegotiation is required due to changed access control requirements',
    (_, word) => (atoi(word) < 0 ? `Invalid size for SSLRenegBufferSize: ${word}` : undefined),
    { where: ACCESS_CONF | OR_AUTHCFG, noEffect: 'nothing is renegotiated' },
  ),
  row(
    'SSLLog',
    'RAW_ARGS',
    'SSLLog directive is no longer supported - use ErrorLog.',
    () => 'SSLLog directive is no longer supported - use ErrorLog.',
    {
      where: RSRC_CONF | ACCESS_CONF | OR_ALL,
    },
  ),
  row(
    'SSLLogLevel',
    'RAW_ARGS',
    'SSLLogLevel directive is no longer supported - use LogLevel.',
    () => 'SSLLogLevel directive is no longer supported - use LogLevel.',
    {
      where: RSRC_CONF | ACCESS_CONF | OR_ALL,
    },
  ),
];

const clientRows: readonly Row[] = [
  row(
    'SSLVerifyClient',
    'TAKE1',
    "SSL Client verify type ('none', 'optional', 'require', 'optional_no_ca')",
    (cmd, word) => {
      const mode = parseVerify(cmd, word);
      if (typeof mode === 'object') return mode.error;
      return mode === 'none' ? undefined : refused(cmd, word, CLIENT_CERTIFICATES);
    },
    { where: ANYWHERE },
  ),
  row(
    'SSLVerifyDepth',
    'TAKE1',
    "SSL Client verify depth ('N' - number of intermediate certificates)",
    (cmd, word) => {
      const depth = parseDepth(cmd, word);
      if (typeof depth === 'object') return depth.error;
      if (cmd.path === undefined) cmd.server.verifyDepth = depth;
      return undefined;
    },
    { where: ANYWHERE, noEffect: CLIENT_CERTIFICATES },
  ),
  refusedPath(
    'SSLCACertificatePath',
    "SSL CA Certificate path ('/path/to/dir' - contains PEM encoded files)",
    CLIENT_CERTIFICATES,
    ANYWHERE,
  ),
  refusedFile(
    'SSLCACertificateFile',
    "SSL CA Certificate file ('/path/to/file' - PEM encoded)",
    CLIENT_CERTIFICATES,
    ANYWHERE,
  ),
  refusedPath(
    'SSLCADNRequestPath',
    "SSL CA Distinguished Name path ('/path/to/dir' - symlink hashes to PEM of acceptable CA names to request)",
    CLIENT_CERTIFICATES,
  ),
  refusedFile(
    'SSLCADNRequestFile',
    "SSL CA Distinguished Name file ('/path/to/file' - PEM encoded to derive acceptable CA names to request)",
    CLIENT_CERTIFICATES,
  ),
  refusedPath(
    'SSLCARevocationPath',
    "SSL CA Certificate Revocation List (CRL) path ('/path/to/dir' - contains PEM encoded files)",
    CLIENT_CERTIFICATES,
  ),
  refusedFile(
    'SSLCARevocationFile',
    "SSL CA Certificate Revocation List (CRL) file ('/path/to/file' - PEM encoded)",
    CLIENT_CERTIFICATES,
  ),
  row(
    'SSLCARevocationCheck',
    'RAW_ARGS',
    'SSL CA Certificate Revocation List (CRL) checking mode',
    (cmd, text) => {
      const mode = parseRevocationCheck(cmd, text);
      if (typeof mode === 'object') return mode.error;
      return mode === 'none' ? undefined : refused(cmd, mode, CLIENT_CERTIFICATES);
    },
  ),
  refusedFile(
    'SSLSRPVerifierFile',
    "SRP verifier file ('/path/to/file' - created by srptool)",
    'Node.js does not speak SRP',
  ),
  row(
    'SSLSRPUnknownUserSeed',
    'TAKE1',
    "SRP seed for unknown users (to avoid leaking a user's existence) ('some secret text')",
    (cmd) => refused(cmd, '', 'Node.js does not speak SRP'),
  ),
];

const ocspRows: readonly Row[] = [
  row(
    'SSLOCSPEnable',
    'RAW_ARGS',
    "Enable use of OCSP to verify certificate revocation mode ('on', 'leaf', 'off')",
    checkOcsp,
  ),
  idleText('SSLOCSPDefaultResponder', 'URL of the default OCSP Responder', NO_OCSP),
  idleFlag('SSLOCSPOverrideResponder', "Force use of the default responder URL ('on', 'off')", NO_OCSP),
  idleNumber('SSLOCSPResponseTimeSkew', 'Maximum time difference in OCSP responses', NO_OCSP),
  idleNumber('SSLOCSPResponseMaxAge', 'Maximum age of OCSP responses', NO_OCSP),
  idleNumber('SSLOCSPResponderTimeout', 'OCSP responder query timeout', NO_OCSP),
  idleFlag('SSLOCSPUseRequestNonce', "Whether OCSP queries use a nonce or not ('on', 'off')", NO_OCSP),
  idleText('SSLOCSPProxyURL', 'Proxy URL to use for OCSP requests', NO_OCSP),
  idleFlag('SSLOCSPNoVerify', "Do not verify OCSP Responder certificate ('on', 'off')", NO_OCSP),
  {
    ...fileRow(
      'SSLOCSPResponderCertificateFile',
      RSRC_CONF,
      "Trusted OCSP responder certificates(`/path/to/file' - PEM encoded certificates)",
      () => undefined,
    ),
    noEffect: NO_OCSP,
  },
  row(
    'SSLStaplingCache',
    'TAKE1',
    "SSL Stapling Response Cache storage (`dbm:/path/to/file')",
    checkStaplingCache,
    {
      forbidden: GLOBAL_ONLY,
      noEffect: NO_STAPLING,
    },
  ),
  row(
    'SSLUseStapling',
    'FLAG',
    "SSL switch for the OCSP Stapling protocol (`on', `off')",
    onlyNeutral(false, STAPLING),
  ),
  idleNumber(
    'SSLStaplingResponseTimeSkew',
    'SSL stapling option for maximum time difference in OCSP responses',
    NO_STAPLING,
  ),
  idleNumber('SSLStaplingResponderTimeout', 'SSL stapling option for OCSP responder timeout', NO_STAPLING),
  idleNumber(
    'SSLStaplingResponseMaxAge',
    'SSL stapling option for maximum age of OCSP responses',
    NO_STAPLING,
  ),
  idleNumber(
    'SSLStaplingStandardCacheTimeout',
    'SSL stapling option for normal OCSP Response Cache Lifetime',
    NO_STAPLING,
  ),
  idleFlag(
    'SSLStaplingReturnResponderErrors',
    "SSL stapling switch to return Status Errors Back to Client(`on', `off')",
    NO_STAPLING,
  ),
  idleFlag(
    'SSLStaplingFakeTryLater',
    "SSL stapling switch to send tryLater response to client on error (`on', `off')",
    NO_STAPLING,
  ),
  idleNumber(
    'SSLStaplingErrorCacheTimeout',
    'SSL stapling option for OCSP Response Error Cache Lifetime',
    NO_STAPLING,
  ),
  idleText('SSLStaplingForceURL', 'SSL stapling option to Force the OCSP Stapling URL', NO_STAPLING),
];

export const refusedRows: readonly Row[] = [...sessionRows, ...clientRows, ...ocspRows];
