/**
 * Nonces: the time they were made (or a counter, where each serves once) and a hash of that under a secret of this process, so that nothing
 * need be kept to know them again (gen_nonce of modules/aaa/mod_auth_digest.c).
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { NONCE_LENGTH, NONCE_TIME_LENGTH } from './field.ts';

const secret = randomBytes(20);
let served = 0n;

/** `stamp`: microseconds since 1970, or a number of its own for a nonce that serves once. */
export function makeNonce(stamp: bigint, realm: string, opaque: string | undefined): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, stamp));
  const time = bytes.toString('base64');
  return time + hashOf(time, realm, opaque);
}

/** A number that no other nonce of this process has. */
export function nextSerial(): bigint {
  return served++;
}

/** The hash a nonce of that time would have: 40 hexadecimal digits. */
export function hashOf(time: string, realm: string, opaque: string | undefined): string {
  const hash = createHmac('sha1', secret);
  hash.update(realm, 'latin1').update('\0').update(time, 'latin1');
  // Without one is not the same as with an empty one.
  if (opaque !== undefined) hash.update('\0').update(opaque, 'latin1');
  return hash.digest('hex');
}

/** Whether a nonce of NONCE_LENGTH characters was made here, for that realm and client. */
export function isOwnNonce(nonce: string, realm: string, opaque: string | undefined): boolean {
  if (nonce.length !== NONCE_LENGTH) return false;
  const made = Buffer.from(hashOf(nonce.slice(0, NONCE_TIME_LENGTH), realm, opaque), 'latin1');
  return timingSafeEqual(made, Buffer.from(nonce.slice(NONCE_TIME_LENGTH), 'latin1'));
}

export function stampOf(nonce: string): bigint {
  const bytes = Buffer.from(nonce.slice(0, NONCE_TIME_LENGTH), 'base64');
  return bytes.length === 8 ? bytes.readBigInt64LE() : 0n;
}
