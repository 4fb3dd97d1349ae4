/** What the MD5 and SHA schemes of crypt(3) have in common: rounds that mix a digest with the password and the salt. */
import { createHash } from 'node:crypto';

export type Digest = (...parts: readonly Uint8Array[]) => Buffer;

export function digestOf(name: 'md5' | 'sha256' | 'sha512'): Digest {
  return (...parts) => {
    const hash = createHash(name);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
}

/** Bytes hashed between pauses: about a millisecond. */
const SLICE = 1 << 18;
/** A round costs that much even when it hashes nothing. */
const ROUND = 512;

/** Every round hashes what the round before gave; `p` stands for the password, `s` for the salt. */
export async function stretch(
  digest: Digest,
  start: Buffer,
  p: Uint8Array,
  s: Uint8Array,
  rounds: number,
): Promise<Buffer> {
  const perPause = Math.max(1, Math.floor(SLICE / (ROUND + 2 * p.length)));
  let made = start;
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1;
    const parts: Uint8Array[] = [odd ? p : made];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(odd ? made : p);
    made = digest(...parts);
    if (round % perPause === perPause - 1) await pause();
  }
  return made;
}

/** Lets everything else run. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
