/** The SHA-256 and SHA-512 schemes of crypt(3), `$5$` and `$6$`. */
import { encodeMixed } from './base64.ts';
import { type Digest, digestOf, stretch } from './stretch.ts';

const DEFAULT_ROUNDS = 5000;
const MIN_ROUNDS = 1000;
const MAX_ROUNDS = 999_999_999;
const SALT_LENGTH = 16;

interface Scheme {
  readonly sha: Digest;
  readonly order: readonly (readonly number[])[];
}

/** Groups of three bytes, a third of the digest apart, whose places rotate from group to group; what is left over comes last. */
function rotating(groups: number, apart: number, step: 1 | 2, last: readonly number[]): number[][] {
  const order: number[][] = [];
  for (let i = 0; i < groups; i++) {
    const places = [i, i + apart, i + 2 * apart];
    const turn = (i * step) % 3;
    order.push([...places.slice(turn), ...places.slice(0, turn)]);
  }
  return [...order, [...last]];
}

const SCHEMES: Readonly<Record<string, Scheme>> = {
  '5': { sha: digestOf('sha256'), order: rotating(10, 10, 2, [31, 30]) },
  '6': { sha: digestOf('sha512'), order: rotating(21, 21, 1, [63]) },
};

/** Hash of a password (byte string of some hundred bytes at most: the time grows with the square) under the scheme, rounds and salt that `setting` starts with; undefined when it names none. */
export async function shaCrypt(password: string, setting: string): Promise<string | undefined> {
  const parsed = /^\$([56])\$(rounds=(\d+)\$)?([^$]*)/.exec(setting);
  const scheme = SCHEMES[parsed?.[1] ?? ''];
  if (parsed === null || scheme === undefined) return undefined;
  const rounds = parsed[3] === undefined ? DEFAULT_ROUNDS : Number(parsed[3]);
  // libxcrypt refuses what glibc once brought within bounds.
  if (rounds < MIN_ROUNDS || rounds > MAX_ROUNDS || parsed[3]?.startsWith('0') === true) return undefined;
  const saltText = (parsed[4] as string).slice(0, SALT_LENGTH);
  const secret = Buffer.from(password, 'latin1');
  const salt = Buffer.from(saltText, 'latin1');
  const digest = await stretched(scheme.sha, secret, salt, rounds);
  return `$${parsed[1]}$${parsed[2] ?? ''}${saltText}$${encodeMixed(digest, scheme.order)}`;
}

function stretched(sha: Digest, secret: Buffer, salt: Buffer, rounds: number): Promise<Buffer> {
  const alternate = sha(secret, salt, secret);
  const parts: Uint8Array[] = [secret, salt, repeatTo(alternate, secret.length)];
  for (let bits = secret.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? alternate : secret);
  const first = sha(...parts);
  const p = repeatTo(sha(...new Array<Buffer>(secret.length).fill(secret)), secret.length);
  const s = repeatTo(sha(...new Array<Buffer>(16 + (first[0] as number)).fill(salt)), salt.length);
  return stretch(sha, first, p, s, rounds);
}

/** A digest over and over, cut at a length. */
function repeatTo(digest: Buffer, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += digest.length)
    digest.copy(bytes, at, 0, Math.min(digest.length, length - at));
  return bytes;
}
