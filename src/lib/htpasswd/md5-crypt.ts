/** The MD5 scheme of crypt(3), `$1$`, and Apache's own marker for the same, `$apr1$` (apr_md5_encode). */
import { encodeMixed } from './base64.ts';
import { digestOf, stretch } from './stretch.ts';

const ROUNDS = 1000;
const SALT_LENGTH = 8;
const ORDER = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]];

const md5 = digestOf('md5');

/** Hash of a password (byte string) under the marker and salt that `setting` starts with. */
export async function md5Crypt(password: string, setting: string): Promise<string> {
  const [, marker = '', rest = ''] = /^(\$(?:apr1|1)\$)([^$]*)/.exec(setting) ?? [];
  const saltText = rest.slice(0, SALT_LENGTH);
  const secret = Buffer.from(password, 'latin1');
  const salt = Buffer.from(saltText, 'latin1');
  const digest = await stretch(md5, md5(firstInput(secret, salt, marker)), secret, salt, ROUNDS);
  return `${marker}${saltText}$${encodeMixed(digest, ORDER)}`;
}

/** Password, marker, salt, bytes of MD5(password salt password) for the password's length, a byte for each bit of the length. */
function firstInput(secret: Buffer, salt: Buffer, marker: string): Buffer {
  const inner = md5(secret, salt, secret);
  const parts: Uint8Array[] = [secret, Buffer.from(marker, 'latin1'), salt];
  for (let left = secret.length; left > 0; left -= inner.length)
    parts.push(inner.subarray(0, Math.min(left, inner.length)));
  for (let bits = secret.length; bits > 0; bits >>= 1)
    parts.push((bits & 1) === 1 ? ZERO : secret.subarray(0, 1));
  return Buffer.concat(parts);
}

const ZERO = Buffer.alloc(1);
