/** SSLProxy*: in servers and in `<Proxy>` sections. */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  PROXY_CONF,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { atoi } from '../../../config/values.ts';
import { allWords } from '../../../config/words.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { setCipherSuite } from './ciphers.ts';
import type { ProxyTlsConf, RevocationMode, SslDirConf, SslServerConf, VerifyMode } from './config.ts';
import { parseProtocols } from './protocols.ts';
import { fileRow, pathRow } from './rows.ts';

export type Cmd = Command<SslServerConf, SslDirConf>;
export type Row = AnyRow<SslServerConf, SslDirConf>;

const WHERE = RSRC_CONF | PROXY_CONF;
/** Sections that are read into the one they stand in. */
const TRANSPARENT: ReadonlySet<string> = new Set(['<limit', '<limitexcept']);
const PROXY_SECTIONS: ReadonlySet<string> = new Set(['<proxy', '<proxymatch']);

/** What the directive is to be noted in. */
function confOf(cmd: Cmd): ProxyTlsConf {
  const innermost = cmd.enclosing.find((key) => !TRANSPARENT.has(key));
  const isInSection = cmd.enclosing.some((key) => PROXY_SECTIONS.has(key));
  const scope = !isInSection ? 'server' : PROXY_SECTIONS.has(innermost ?? '') ? 'section' : 'inner';
  const { dir, server } = cmd;
  let conf = dir.proxy?.[scope];
  if (conf === undefined) {
    conf = {};
    dir.proxy = { ...dir.proxy, [scope]: conf };
    if (scope === 'section') server.proxySections = [...(server.proxySections ?? []), conf];
  }
  return conf;
}

const VERIFY_MODES: ReadonlyMap<string, VerifyMode> = new Map([
  ['none', 'none'],
  ['off', 'none'],
  ['optional', 'optional'],
  ['require', 'require'],
  ['on', 'require'],
  ['optional_no_ca', 'optional_no_ca'],
]);

export function parseVerify(cmd: Cmd, word: string): VerifyMode | { readonly error: string } {
  return VERIFY_MODES.get(asciiLower(word)) ?? { error: `${cmd.node.name}: Invalid argument '${word}'` };
}

export function parseDepth(cmd: Cmd, word: string): number | { readonly error: string } {
  const depth = atoi(word);
  return depth < 0 ? { error: `${cmd.node.name}: Invalid argument '${word}'` } : depth;
}

/** `chain|leaf|none [flags]` (ssl_cmd_crlcheck_parse). Node looks at all of a chain, and has no flags. */
export function parseRevocationCheck(
  cmd: Cmd,
  text: string,
): RevocationMode | { readonly error: ApplyResult } {
  const { name } = cmd.node;
  const [mode = '', ...flags] = allWords(text);
  const key = asciiLower(mode);
  if (key !== 'none' && key !== 'leaf' && key !== 'chain')
    return { error: `${name}: Invalid argument '${mode}'` };
  const unknown = flags.find((flag) => asciiLower(flag) !== 'no_crl_for_cert_ok');
  if (unknown !== undefined) return { error: `${name}: Invalid argument '${unknown}'` };
  if (key === 'leaf' || (key === 'chain' && flags.length > 0)) {
    const what = key === 'leaf' ? 'leaf' : 'no_crl_for_cert_ok';
    return {
      error: {
        message: `${name}: ${what} is not supported by apache-lite`,
        hint: 'node:tls looks for a revocation list of every certificate in the chain: use "chain"',
      },
    };
  }
  return key;
}

type FileField = 'caFile' | 'revocationFile' | 'machineFile' | 'machineChainFile';
type PathField = 'caPath' | 'revocationPath' | 'machinePath';
type FlagField = 'engine' | 'checksExpire' | 'checksName' | 'checksCommonName';

const inFile = (name: string, field: FileField, usage: string): Row =>
  fileRow(name, WHERE, usage, (cmd, path) => void (confOf(cmd)[field] = path));
const inDirectory = (name: string, field: PathField, usage: string): Row =>
  pathRow(name, WHERE, usage, (cmd, path) => void (confOf(cmd)[field] = path));

function flagRow(name: string, field: FlagField, usage: string): Row {
  return { name, shape: 'FLAG', where: WHERE, usage, apply: (cmd, on) => void (confOf(cmd)[field] = on) };
}

export const proxyRows: readonly Row[] = [
  flagRow('SSLProxyEngine', 'engine', "SSL switch for the proxy protocol engine ('on', 'off')"),
  {
    name: 'SSLProxyProtocol',
    shape: 'RAW_ARGS',
    where: WHERE,
    usage:
      "SSL Proxy: enable or disable SSL protocol flavors ('[+-][TLSv1|TLSv1.1|TLSv1.2] ...' - see manual)",
    apply: (cmd, text) => {
      const parsed = parseProtocols(cmd.node.name, text, (message) => cmd.warn(message));
      if ('error' in parsed) return parsed.error;
      confOf(cmd).protocols = parsed;
      return undefined;
    },
  },
  {
    name: 'SSLProxyCipherSuite',
    shape: 'TAKE12',
    where: WHERE,
    usage:
      "SSL Proxy: colon-delimited list of permitted SSL ciphers , optionally preceded by protocol specifier ('XXX:...:XXX' - see manual)",
    apply: (cmd, first, second) => setCipherSuite(confOf(cmd), first, second),
  },
  {
    name: 'SSLProxyVerify',
    shape: 'TAKE1',
    where: WHERE,
    usage: "SSL Proxy: whether to verify the remote certificate ('on' or 'off')",
    apply: (cmd, word) => {
      const mode = parseVerify(cmd, word);
      if (typeof mode === 'object') return mode.error;
      confOf(cmd).verify = mode;
      return undefined;
    },
  },
  {
    name: 'SSLProxyVerifyDepth',
    shape: 'TAKE1',
    where: WHERE,
    usage: "SSL Proxy: maximum certificate verification depth ('N' - number of intermediate certificates)",
    apply: (cmd, word) => {
      const depth = parseDepth(cmd, word);
      if (typeof depth === 'object') return depth.error;
      confOf(cmd).verifyDepth = depth;
      return undefined;
    },
  },
  inFile(
    'SSLProxyCACertificateFile',
    'caFile',
    "SSL Proxy: file containing server certificates ('/path/to/file' - PEM encoded certificates)",
  ),
  inDirectory(
    'SSLProxyCACertificatePath',
    'caPath',
    "SSL Proxy: directory containing server certificates ('/path/to/dir' - contains PEM encoded certificates)",
  ),
  inDirectory(
    'SSLProxyCARevocationPath',
    'revocationPath',
    "SSL Proxy: CA Certificate Revocation List (CRL) path ('/path/to/dir' - contains PEM encoded files)",
  ),
  inFile(
    'SSLProxyCARevocationFile',
    'revocationFile',
    "SSL Proxy: CA Certificate Revocation List (CRL) file ('/path/to/file' - PEM encoded)",
  ),
  {
    name: 'SSLProxyCARevocationCheck',
    shape: 'RAW_ARGS',
    where: WHERE,
    usage: 'SSL Proxy: CA Certificate Revocation List (CRL) checking mode',
    apply: (cmd, text) => {
      const mode = parseRevocationCheck(cmd, text);
      if (typeof mode === 'object') return mode.error;
      confOf(cmd).revocationCheck = mode;
      return undefined;
    },
  },
  inFile(
    'SSLProxyMachineCertificateFile',
    'machineFile',
    "SSL Proxy: file containing client certificates ('/path/to/file' - PEM encoded certificates)",
  ),
  inDirectory(
    'SSLProxyMachineCertificatePath',
    'machinePath',
    "SSL Proxy: directory containing client certificates ('/path/to/dir' - contains PEM encoded certificates)",
  ),
  inFile(
    'SSLProxyMachineCertificateChainFile',
    'machineChainFile',
    "SSL Proxy: file containing issuing certificates of the client certificate (`/path/to/file' - PEM encoded certificates)",
  ),
  flagRow(
    'SSLProxyCheckPeerExpire',
    'checksExpire',
    "SSL Proxy: check the peer certificate's expiration date",
  ),
  flagRow('SSLProxyCheckPeerCN', 'checksCommonName', "SSL Proxy: check the peer certificate's CN"),
  flagRow(
    'SSLProxyCheckPeerName',
    'checksName',
    "SSL Proxy: check the peer certificate's name (must be present in subjectAltName extension or CN",
  ),
];
