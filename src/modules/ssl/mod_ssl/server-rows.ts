/** What servers speak TLS with: certificates, protocols, ciphers, sessions. */
import { type ApplyResult, GLOBAL_ONLY, OR_AUTHCFG, RSRC_CONF } from '../../../config/directive.ts';
import { atoi } from '../../../config/values.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { setCipherSuite } from './ciphers.ts';
import { setConfCommand } from './conf-commands.ts';
import type { SslServerConf } from './config.ts';
import { parsePassPhraseDialog } from './pass-phrase.ts';
import { parseProtocols } from './protocols.ts';
import type { Cmd, Row } from './proxy-rows.ts';
import { onlyNeutral } from './refused-rows.ts';
import { fileRow } from './rows.ts';

type FlagField = 'honorsCipherOrder' | 'sessionTickets' | 'strictSni';

function flagRow(name: string, field: FlagField, usage: string): Row {
  return { name, shape: 'FLAG', where: RSRC_CONF, usage, apply: (cmd, on) => void (cmd.server[field] = on) };
}

/** Several may be named, for keys of several kinds. */
const listRow = (name: string, field: 'certificateFiles' | 'keyFiles', usage: string): Row =>
  fileRow(
    name,
    RSRC_CONF,
    usage,
    (cmd, path) => void (cmd.server[field] = [...(cmd.server[field] ?? []), path]),
    refuseToken,
  );

function refuseToken(cmd: Cmd, path: string): ApplyResult {
  if (!/^(?:pkcs11|engine):/i.test(path)) return undefined;
  return {
    message: `${cmd.node.name}: '${path}' is not supported by apache-lite`,
    hint: 'keys are read from files, not from tokens',
  };
}

const singleRow = (name: string, field: 'chainFile' | 'ticketKeyFile', usage: string): Row =>
  fileRow(name, RSRC_CONF, usage, (cmd, path) => void (cmd.server[field] = path));

function setEngine(cmd: Cmd, word: string): ApplyResult {
  switch (asciiLower(word)) {
    case 'on':
      cmd.server.engine = true;
      return undefined;
    case 'off':
      cmd.server.engine = false;
      return undefined;
    case 'optional':
      cmd.server.engine = false;
      cmd.warn("AH10510: 'SSLEngine optional' is no longer supported");
      return undefined;
    default:
      return 'Argument must be On or Off';
  }
}

function setCiphers(cmd: Cmd, first: string, second: string | undefined): ApplyResult {
  if (cmd.path === undefined) return setCipherSuite(cmd.server, first, second);
  const wrong = setCipherSuite({}, first, second);
  if (wrong !== undefined) return wrong;
  return {
    message: `${cmd.node.name} in a section is not supported by apache-lite`,
    hint: 'ciphers are agreed on before a request is known, and Node.js cannot renegotiate them: set them for the virtual host',
  };
}

function setTimeoutOf(cmd: Cmd, word: string): ApplyResult {
  const seconds = atoi(word);
  if (seconds < 0) return 'SSLSessionCacheTimeout: Invalid argument';
  cmd.server.sessionTimeout = seconds;
  return undefined;
}

const SNI_POLICIES: Readonly<Record<string, NonNullable<SslServerConf['sniPolicy']>>> = {
  strict: 'strict',
  secure: 'secure',
  authonly: 'authonly',
  insecure: 'insecure',
};

function setSniPolicy(cmd: Cmd, word: string): ApplyResult {
  const policy = Object.hasOwn(SNI_POLICIES, asciiLower(word)) ? SNI_POLICIES[asciiLower(word)] : undefined;
  if (policy === undefined) return `Invalid SSLVhostSNIPolicy argument '${word}'`;
  cmd.server.sniPolicy = policy;
  return undefined;
}

export const serverRows: readonly Row[] = [
  {
    name: 'SSLPassPhraseDialog',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage:
      "SSL dialog mechanism for the pass phrase query ('builtin', '|/path/to/pipe_program', or 'exec:/path/to/cgi_program')",
    apply: (cmd, word) => {
      const parsed = parsePassPhraseDialog(cmd, word);
      if (typeof parsed === 'object' && 'error' in parsed) return parsed.error;
      cmd.server.passPhrase = parsed;
      return undefined;
    },
  },
  {
    name: 'SSLVHostSNIPolicy',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'SSL VirtualHost SNI compatibility policy setting',
    apply: setSniPolicy,
  },
  {
    name: 'SSLEngine',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: "SSL switch for the protocol engine ('on', 'off')",
    apply: setEngine,
  },
  {
    name: 'SSLCipherSuite',
    shape: 'TAKE12',
    where: RSRC_CONF | OR_AUTHCFG,
    usage:
      "Colon-delimited list of permitted SSL Ciphers, optional preceded by protocol identifier ('XXX:...:XXX' - see manual)",
    apply: setCiphers,
  },
  listRow(
    'SSLCertificateFile',
    'certificateFiles',
    "SSL Server Certificate file ('/path/to/file' - PEM or DER encoded)",
  ),
  listRow(
    'SSLCertificateKeyFile',
    'keyFiles',
    "SSL Server Private Key file ('/path/to/file' - PEM or DER encoded)",
  ),
  singleRow(
    'SSLCertificateChainFile',
    'chainFile',
    "SSL Server CA Certificate Chain file ('/path/to/file' - PEM encoded)",
  ),
  singleRow(
    'SSLSessionTicketKeyFile',
    'ticketKeyFile',
    "TLS session ticket encryption/decryption key file (RFC 5077) ('/path/to/file' - file with 48 bytes of random data)",
  ),
  {
    name: 'SSLSessionCacheTimeout',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: "SSL Session Cache object lifetime ('N' - number of seconds)",
    apply: setTimeoutOf,
  },
  {
    name: 'SSLProtocol',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    usage: "Enable or disable various SSL protocols ('[+-][TLSv1|TLSv1.1|TLSv1.2] ...' - see manual)",
    apply: (cmd, text) => {
      const parsed = parseProtocols(cmd.node.name, text, (message) => cmd.warn(message));
      if ('error' in parsed) return parsed.error;
      cmd.server.protocols = parsed;
      return undefined;
    },
  },
  flagRow('SSLHonorCipherOrder', 'honorsCipherOrder', "Use the server's cipher ordering preference"),
  {
    name: 'SSLCompression',
    shape: 'FLAG',
    where: RSRC_CONF,
    usage: 'Enable SSL level compression (`on`, `off`)',
    noEffect: 'TLS is not compressed; "on" is refused, as by httpd',
    apply: (_, on) =>
      on
        ? 'This version of OpenSSL does not have any compression methods available, cannot enable SSLCompression.'
        : undefined,
  },
  flagRow('SSLSessionTickets', 'sessionTickets', 'Enable or disable TLS session tickets(`on`, `off`)'),
  {
    name: 'SSLInsecureRenegotiation',
    shape: 'FLAG',
    where: RSRC_CONF,
    usage: 'Enable support for insecure renegotiation',
    apply: onlyNeutral(false),
  },
  flagRow('SSLStrictSNIVHostCheck', 'strictSni', 'Strict SNI virtual host checking'),
  {
    name: 'SSLOpenSSLConfCmd',
    shape: 'TAKE2',
    where: RSRC_CONF,
    usage: 'OpenSSL configuration command',
    apply: setConfCommand,
  },
];
