/**
 * Password hashes as htpasswd writes them, checked as apr_password_validate() does: bcrypt, `$apr1$`, `{SHA}` and what crypt(3) knows
 * (`$1$`, `$5$`, `$6$`, DES). Plain text is no hash. Not known: yescrypt, scrypt and the other newer kinds of crypt(3).
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { compare } from 'bcryptjs';
import { LruCache } from '../lru.ts';
import { desCrypt } from './des-crypt.ts';
import { md5Crypt } from './md5-crypt.ts';
import { shaCrypt } from './sha-crypt.ts';

const MATCHES_KEPT = 1024;
/** Pairs of hash and password that have matched, under a key of this process: the expensive hashes are made to be slow, once is enough. */
const matched = new LruCache<string, true>(MATCHES_KEPT);
const key = randomBytes(32);

/** Whether a password (a byte string) is the one a hash was made of. A hash of a kind that is not known matches nothing. */
export function verifyPassword(hash: string, password: string): boolean | Promise<boolean> {
  if (hash.startsWith('{SHA}')) return isSame(`{SHA}${sha1(password)}`, hash);
  const seen = createHmac('sha256', key)
    .update(hash)
    .update('\0')
    .update(password, 'latin1')
    .digest('base64');
  if (matched.get(seen) === true) return true;
  const answer = verifySlowly(hash, password);
  if (typeof answer === 'boolean') return remember(seen, answer);
  return answer.then((matches) => remember(seen, matches));
}

function remember(seen: string, matches: boolean): boolean {
  if (matches) matched.set(seen, true);
  return matches;
}

/** libxcrypt's CRYPT_MAX_PASSPHRASE_SIZE: crypt(3) refuses longer ones, while `$apr1$` and bcrypt are APR's own. */
const CRYPT_MAX_LENGTH = 512;

function verifySlowly(hash: string, password: string): boolean | Promise<boolean> {
  if (/^\$2[aby]\$/.test(hash)) return verifyBcrypt(hash, password);
  if (hash.startsWith('$apr1$')) return verifyMd5(hash, password);
  if (password.length >= CRYPT_MAX_LENGTH) return false;
  if (hash.startsWith('$1$')) return verifyMd5(hash, password);
  if (/^\$[56]\$/.test(hash)) {
    return shaCrypt(password, hash).then((made) => made !== undefined && isSame(made, hash));
  }
  const made = desCrypt(password, hash);
  return made !== undefined && isSame(made, hash);
}

function verifyMd5(hash: string, password: string): Promise<boolean> {
  return md5Crypt(password, hash).then((made) => isSame(made, hash));
}

/** bcryptjs takes text and hashes its UTF-8 bytes: a password that is no UTF-8 cannot be handed to it, and matches nothing. */
function verifyBcrypt(hash: string, password: string): boolean | Promise<boolean> {
  if (!/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash)) return false;
  const bytes = Buffer.from(password, 'latin1');
  const text = bytes.toString('utf8');
  if (!bytes.equals(Buffer.from(text, 'utf8'))) return false;
  // A number of rounds out of bounds rejects.
  return compare(text, hash).catch(() => false);
}

function sha1(password: string): string {
  return createHash('sha1').update(password, 'latin1').digest('base64');
}

/** Without telling by the time it takes how much of it was right. */
function isSame(made: string, hash: string): boolean {
  const a = Buffer.from(made, 'latin1');
  const b = Buffer.from(hash, 'latin1');
  return a.length === b.length && timingSafeEqual(a, b);
}
