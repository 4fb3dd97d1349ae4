/**
 * Encrypted sessions in httpd's own format, so that either server reads what the other has written: base64 of
 * `SipHash(MD5(passphrase), what follows)`, salt, initialisation vector, ciphertext in CBC mode under PBKDF2-HMAC-SHA1 of the passphrase.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  pbkdf2Sync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { LruCache } from '../../../lib/lru.ts';
import { sipHash } from './siphash.ts';

const SIGNATURE_LENGTH = 8;
const SALT_LENGTH = 16;
const ITERATIONS = 4096;
const KEYS_KEPT = 1024;

export interface CipherKind {
  readonly algorithm: string;
  readonly keyLength: number;
  readonly blockLength: number;
}

/** Ciphers by the names of SessionCryptoCipher. */
export const CIPHERS: Readonly<Record<string, CipherKind>> = {
  '3des192': { algorithm: 'des-ede3-cbc', keyLength: 24, blockLength: 8 },
  aes128: { algorithm: 'aes-128-cbc', keyLength: 16, blockLength: 16 },
  aes192: { algorithm: 'aes-192-cbc', keyLength: 24, blockLength: 16 },
  aes256: { algorithm: 'aes-256-cbc', keyLength: 32, blockLength: 16 },
};

/** Keys already made of a passphrase and a salt: that takes a millisecond, and this process uses one salt for all it writes. */
const keys = new LruCache<string, Buffer>(KEYS_KEPT);
const ownSalt = randomBytes(SALT_LENGTH);

function keyFor(passphrase: string, salt: Buffer, kind: CipherKind): Buffer {
  const name = `${kind.algorithm}\0${salt.toString('latin1')}\0${passphrase}`;
  let key = keys.get(name);
  if (key === undefined) {
    key = pbkdf2Sync(Buffer.from(passphrase, 'latin1'), salt, ITERATIONS, kind.keyLength, 'sha1');
    keys.set(name, key);
  }
  return key;
}

export interface Passphrase {
  readonly text: string;
  readonly signingKey: Buffer;
}

export function passphraseOf(text: string): Passphrase {
  return { text, signingKey: createHash('md5').update(text, 'latin1').digest() };
}

export function encrypt(text: string, passphrase: Passphrase, kind: CipherKind): string {
  const vector = randomBytes(kind.blockLength);
  const cipher = createCipheriv(kind.algorithm, keyFor(passphrase.text, ownSalt, kind), vector);
  const data = Buffer.concat([ownSalt, vector, cipher.update(text, 'latin1'), cipher.final()]);
  return Buffer.concat([sipHash(passphrase.signingKey, data), data]).toString('base64');
}

/** `short`: it can be nothing encrypted; `forged`: signed under none of the passphrases; `damaged`: signed, and yet not to be decrypted. */
export type DecryptFailure = 'short' | 'forged' | 'damaged';

/** Tries all passphrases. Nothing expensive is done before a signature fits. */
export function decrypt(
  encoded: string,
  passphrases: readonly Passphrase[],
  kind: CipherKind,
): { readonly text: string } | DecryptFailure {
  const all = Buffer.from(encoded, 'base64');
  const head = SIGNATURE_LENGTH + SALT_LENGTH + kind.blockLength;
  if (all.length < head) return 'short';
  const signature = all.subarray(0, SIGNATURE_LENGTH);
  const data = all.subarray(SIGNATURE_LENGTH);
  let failure: DecryptFailure = 'forged';
  for (const passphrase of passphrases) {
    if (!timingSafeEqual(signature, sipHash(passphrase.signingKey, data))) continue;
    const salt = data.subarray(0, SALT_LENGTH);
    const vector = data.subarray(SALT_LENGTH, SALT_LENGTH + kind.blockLength);
    try {
      const decipher = createDecipheriv(kind.algorithm, keyFor(passphrase.text, salt, kind), vector);
      const text = Buffer.concat([
        decipher.update(data.subarray(SALT_LENGTH + kind.blockLength)),
        decipher.final(),
      ]);
      return { text: text.toString('latin1').split('\0', 1)[0] as string };
    } catch {
      // Wrong padding, or no whole blocks: made with another cipher.
      failure = 'damaged';
    }
  }
  return failure;
}
