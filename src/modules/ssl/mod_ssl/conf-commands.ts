/** SSLOpenSSLConfCmd: the commands of OpenSSL's SSL_CONF_cmd that Node.js has a setting for; the others are refused by name. */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContextOptions, SecureVersion } from 'node:tls';
import type { ApplyResult } from '../../../config/directive.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { checkedFile } from './material.ts';
import type { Cmd } from './proxy-rows.ts';

type Setting = (value: string, options: SecureContextOptions) => string | undefined;

const VERSIONS: ReadonlyMap<string, SecureVersion> = new Map([
  ['tlsv1', 'TLSv1'],
  ['tlsv1.1', 'TLSv1.1'],
  ['tlsv1.2', 'TLSv1.2'],
  ['tlsv1.3', 'TLSv1.3'],
]);

function version(field: 'minVersion' | 'maxVersion'): Setting {
  return (value, options) => {
    const found = VERSIONS.get(asciiLower(value));
    if (found === undefined) return `no version of TLS: ${value}`;
    options[field] = found;
    return undefined;
  };
}

/** Names of SSL_CONF_cmd's `Options`, and the bit that is set when one is on (or, with `false`, off). */
const OPTION_BITS: Readonly<Record<string, readonly [bit: number, whenOn: boolean]>> = {
  sessionticket: [constants.SSL_OP_NO_TICKET, false],
  serverpreference: [constants.SSL_OP_CIPHER_SERVER_PREFERENCE, true],
  prioritizechacha: [constants.SSL_OP_PRIORITIZE_CHACHA, true],
  norenegotiation: [constants.SSL_OP_NO_RENEGOTIATION, true],
  compression: [constants.SSL_OP_NO_COMPRESSION, false],
  encryptthenmac: [constants.SSL_OP_NO_ENCRYPT_THEN_MAC, false],
};

const setOptions: Setting = (value, options) => {
  for (const word of value.split(',')) {
    const isOn = !word.startsWith('-');
    const name = asciiLower(word.replace(/^[+-]/, '').trim());
    const known = Object.hasOwn(OPTION_BITS, name) ? OPTION_BITS[name] : undefined;
    if (known === undefined) return `option ${word} has no setting in Node.js`;
    const [bit, whenOn] = known;
    const before = options.secureOptions ?? 0;
    options.secureOptions = isOn === whenOn ? before | bit : before & ~bit;
  }
  return undefined;
};

const curves: Setting = (value, options) => {
  options.ecdhCurve = value;
  return undefined;
};

const SETTINGS: Readonly<Record<string, Setting>> = {
  groups: curves,
  curves,
  ecdhparameters: curves,
  signaturealgorithms: (value, options) => {
    options.sigalgs = value;
    return undefined;
  },
  minprotocol: version('minVersion'),
  maxprotocol: version('maxVersion'),
  options: setOptions,
  dhparameters: (value, options) => {
    options.dhparam = readFileSync(value);
    return undefined;
  },
};

/** Others that OpenSSL has. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'cipherstring',
  'ciphersuites',
  'certificate',
  'privatekey',
  'serverinfofile',
  'chaincapath',
  'chaincafile',
  'verifycapath',
  'verifycafile',
  'requestcapath',
  'requestcafile',
  'clientcapath',
  'clientcafile',
  'recordpadding',
  'numtickets',
  'clientsignaturealgorithms',
  'protocol',
  'verifymode',
]);
const FILES: ReadonlySet<string> = new Set(['certificate', 'privatekey', 'dhparameters']);

export function setConfCommand(cmd: Cmd, name: string, value: string): ApplyResult {
  const key = asciiLower(name);
  if (!Object.hasOwn(SETTINGS, key) && !NOT_HERE.has(key))
    return `'${name}': invalid OpenSSL configuration command`;
  let path = value;
  if (FILES.has(key)) {
    const checked = checkedFile(cmd, value);
    if ('error' in checked) return checked.error;
    path = checked.path;
  }
  if (NOT_HERE.has(key))
    return {
      message: `SSLOpenSSLConfCmd ${name} is not supported by apache-lite`,
      hint: 'there is a directive of mod_ssl for most of them; Node.js has no such setting',
    };
  cmd.server.confCommands = [...(cmd.server.confCommands ?? []), [key, path]];
  return undefined;
}

/** Puts the commands into the options. Answers what is wrong. */
export function applyConfCommands(
  commands: readonly (readonly [name: string, value: string])[],
  options: SecureContextOptions,
): string | undefined {
  for (const [name, value] of commands) {
    const wrong = SETTINGS[name]?.(value, options);
    if (wrong !== undefined) return `${name}: ${wrong}`;
  }
  return undefined;
}
