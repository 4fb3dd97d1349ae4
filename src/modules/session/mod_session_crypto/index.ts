/**
 * mod_session_crypto: sessions encrypted before they are stored (modules/session/mod_session_crypto.c), by Node's own cryptography and in httpd's
 * format. SessionCryptoDriver may name `openssl`, of which engines and other drivers there are none.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  GLOBAL_ONLY,
  NOT_IN_HTACCESS,
  OR_AUTHCFG,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { allWords } from '../../../config/words.ts';
import { configLines } from '../../../core/line-file.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { SESSION_CODEC_GROUP, type SessionCodec } from '../../../core/session.ts';
import { systemError } from '../../../lib/error-text.ts';
import { CIPHERS, type DecryptFailure, decrypt, encrypt, type Passphrase, passphraseOf } from './cipher.ts';

interface DirConf {
  /** The first encrypts; each may decrypt. */
  passphrases?: readonly Passphrase[];
  cipher?: string;
}
type Cmd = Command<object, DirConf>;

const DEFAULT_CIPHER = 'aes256';
/** Milliseconds, and bytes, a program may take to say a passphrase. */
const PROGRAM_LIMIT = 30_000;
const OUTPUT_LIMIT = 65_536;

const log = (r: Request, level: number, tag: string, message: string): void =>
  logRequest(r, 'session_crypto', level, tag, message);

function add(cmd: Cmd, passphrase: string): void {
  cmd.dir.passphrases = [...(cmd.dir.passphrases ?? []), passphraseOf(passphrase)];
}

/** `exec:program arguments`: the first line that a program prints. */
function addPassphrase(cmd: Cmd, word: string): ApplyResult {
  if (!word.startsWith('exec:')) {
    add(cmd, word);
    return undefined;
  }
  if (cmd.isHtaccess) return 'SessionCryptoPassphrase exec: is not allowed in access files';
  const command = word.slice('exec:'.length);
  const [program, ...args] = allWords(command);
  if (program === undefined) return `Unable to parse exec arguments from ${command}`;
  if (!cmd.runsPrograms) return undefined;
  const path = cmd.serverRootRelative(program);
  const { stdout, status } = spawnSync(path, args, {
    encoding: 'latin1',
    timeout: PROGRAM_LIMIT,
    maxBuffer: OUTPUT_LIMIT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = status === 0 ? (stdout.split(/\r?\n/, 1)[0] as string) : '';
  if (line === '') return `Unable to get bind password from exec of ${command}`;
  add(cmd, line);
  return undefined;
}

function addPassphraseFile(cmd: Cmd, path: string): ApplyResult {
  const file = cmd.serverRootRelative(path);
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    const why = systemError((error as NodeJS.ErrnoException).code ?? '') ?? '(0)unknown error';
    return `SessionCryptoPassphraseFile: Could not open file ${file}: ${why.replace(/^\(\d+\)/, '')}`;
  }
  for (const line of configLines(text)) for (const word of allWords(line)) add(cmd, word);
  return undefined;
}

function setDriver(_cmd: Cmd, words: readonly string[]): ApplyResult {
  const [name, ...options] = words;
  // httpd falls back on the driver it was built with.
  if (name === undefined) return undefined;
  if (name !== 'openssl') return `AH01846: The crypto library '${name}' could not be found`;
  const engine = options.find((option) => option.startsWith('engine='));
  return engine === undefined ? undefined : `SessionCryptoDriver: there are no engines here: ${engine}`;
}

const where = RSRC_CONF | OR_AUTHCFG;
const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'SessionCryptoPassphrase',
    shape: 'ITERATE',
    where,
    usage:
      'The passphrase(s) used to encrypt the session. First will be used for encryption, all phrases will be accepted for decryption',
    apply: addPassphrase,
  },
  {
    name: 'SessionCryptoPassphraseFile',
    shape: 'TAKE1',
    where: RSRC_CONF | ACCESS_CONF,
    forbidden: NOT_IN_HTACCESS,
    usage:
      'File containing passphrase(s) used to encrypt the session, one per line. First will be used for encryption, all phrases will be accepted for decryption',
    apply: addPassphraseFile,
  },
  {
    name: 'SessionCryptoCipher',
    shape: 'TAKE1',
    where,
    usage: 'The underlying crypto cipher to use',
    apply: (cmd, name) => void (cmd.dir.cipher = name),
  },
  {
    name: 'SessionCryptoDriver',
    shape: 'TAKE_ARGV',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'The underlying crypto library driver to use',
    apply: setDriver,
  },
];

const FAILURES: Readonly<Record<DecryptFailure, readonly [level: number, tag: string, message: string]>> = {
  short: [Level.debug, 'AH10005', 'too short to decrypt, aborting'],
  forged: [Level.debug, 'AH10006', 'auth does not match, skipping'],
  damaged: [Level.debug, 'AH01839', 'apr_crypto_block_decrypt_finish failed'],
};

function cipherOf(r: Request, name = DEFAULT_CIPHER): (typeof CIPHERS)[string] | undefined {
  const kind = Object.hasOwn(CIPHERS, name) ? CIPHERS[name] : undefined;
  if (kind === undefined) {
    const known = Object.keys(CIPHERS).join(', ');
    const message = `cipher '${name}' not recognised by crypto driver. session encryption not possible, options: ${known}`;
    log(r, Level.error, 'AH01824', message);
  }
  return kind;
}

const codec: SessionCodec = {
  encode(r, text) {
    const { passphrases, cipher } = modSessionCrypto.dir(r);
    const passphrase = passphrases?.[0];
    if (passphrase === undefined) return text;
    const kind = cipherOf(r, cipher);
    if (kind !== undefined) return encrypt(text, passphrase, kind);
    log(r, Level.debug, 'AH01841', 'encrypt session failed');
    return null;
  },
  decode(r, stored) {
    const { passphrases, cipher } = modSessionCrypto.dir(r);
    if (passphrases === undefined) return stored;
    const kind = cipherOf(r, cipher);
    if (kind !== undefined) {
      const found = decrypt(stored, passphrases, kind);
      if (typeof found === 'object') return found.text;
      const [level, tag, message] = FAILURES[found];
      log(r, level, tag, message);
      if (found !== 'short') log(r, Level.info, 'AH01840', 'decryption failed');
    }
    log(r, Level.error, 'AH01842', 'decrypt session failed, wrong passphrase?');
    return null;
  },
};

export const modSessionCrypto = defineModule<object, DirConf>({
  name: 'session_crypto_module',
  file: 'mod_session_crypto.c',
  directives: rows,
  mergeDir: (base, add) => ({ ...base, ...add }),
  providers: { [SESSION_CODEC_GROUP]: { crypto: codec } },
});
