/** Keys that are encrypted: SSLPassPhraseDialog (ssl_engine_pphrase.c). A phrase that opened one key is tried on the next. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { ApplyResult } from '../../../config/directive.ts';
import type { PassPhraseDialog } from './config.ts';
import { privateKeysIn } from './material.ts';
import type { Cmd } from './proxy-rows.ts';

/** How long a program may think of a phrase, in milliseconds. */
const PATIENCE = 60_000;

export function parsePassPhraseDialog(
  cmd: Cmd,
  word: string,
): PassPhraseDialog | { readonly error: ApplyResult } {
  if (/^builtin$/i.test(word)) return 'builtin';
  if (/^exec:/i.test(word)) {
    const command = cmd.serverRootRelative(word.slice('exec:'.length));
    if (statSync(command, { throwIfNoEntry: false }) === undefined)
      return { error: `SSLPassPhraseDialog: file '${command}' does not exist` };
    return { command };
  }
  if (word.startsWith('|'))
    return {
      error: {
        message: 'SSLPassPhraseDialog | is not supported by apache-lite',
        hint: 'a program that prints the phrase is named with "exec:"',
      },
    };
  return { error: 'SSLPassPhraseDialog: Invalid argument' };
}

/** Why there is no key. */
export class KeyError extends Error {
  /** Its file is no key, it has no phrase that opens it, or nobody can be asked for one. */
  readonly code: 'AH02579' | 'AH02580' | 'AH02578';

  constructor(code: KeyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Phrases that opened a key of this process before: a reload need not ask again. */
const knownPhrases: string[] = [];

function isEncrypted(pem: string): boolean {
  return pem.includes('ENCRYPTED');
}

function open(pem: string, passphrase: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch {
    return undefined;
  }
}

function askProgram(command: string, keyId: string, index: number): string {
  // The name of the server with its port, and the kind of key: it is encrypted, so by its place among the keys.
  const server = keyId.slice(0, keyId.lastIndexOf(':'));
  const kind = ['RSA', 'DSA', 'ECC'][index] ?? String(index);
  const output = execFileSync(command, [server, kind], { encoding: 'latin1', timeout: PATIENCE });
  return output.replace(/\r?\n$/, '');
}

/** Reads the key of a file. @param keyId `host:port:index`, for the program that is asked and for messages. Throws KeyError. */
export function readKey(
  path: string,
  keyId: string,
  index: number,
  dialog: PassPhraseDialog | undefined,
): KeyObject {
  const bytes = readFileSync(path);
  const [pem] = privateKeysIn(bytes.toString('latin1'));
  if (pem === undefined) return readBinaryKey(bytes);
  if (!isEncrypted(pem)) {
    try {
      return createPrivateKey(pem);
    } catch {
      throw new KeyError('AH02579', 'Init: Private key not found');
    }
  }
  for (const phrase of knownPhrases) {
    const key = open(pem, phrase);
    if (key !== undefined) return key;
  }
  if (dialog === undefined || dialog === 'builtin')
    throw new KeyError(
      'AH02578',
      'Init: Unable to read pass phrase [Hint: key introduced or changed before restart?]',
    );
  return readByProgram(pem, keyId, index, dialog.command);
}

function readByProgram(pem: string, keyId: string, index: number, command: string): KeyObject {
  const incorrect = new KeyError('AH02580', `Init: Pass phrase incorrect for key ${keyId}`);
  let phrase: string;
  try {
    phrase = askProgram(command, keyId, index);
  } catch (error) {
    throw Object.assign(incorrect, { cause: error });
  }
  const key = open(pem, phrase);
  if (key === undefined) throw incorrect;
  knownPhrases.push(phrase);
  return key;
}

function readBinaryKey(bytes: Buffer): KeyObject {
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    try {
      return createPrivateKey({ key: bytes, format: 'der', type });
    } catch {
      // The next kind.
    }
  }
  throw new KeyError('AH02579', 'Init: Private key not found');
}
