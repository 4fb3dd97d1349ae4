/**
 * The traditional scheme of crypt(3): 25 times DES (FIPS 46-3) of a block of zeros, keyed by the password, with the salt's bits swapping
 * halves of the expansion. Bits are bytes of an array here: it runs at a login, and is then remembered.
 */
import { CRYPT_DIGITS } from './base64.ts';

const list = (text: string): Uint8Array => Uint8Array.from(text.trim().split(/\s+/), (n) => Number(n) - 1);

const INITIAL =
  list(`58 50 42 34 26 18 10 2 60 52 44 36 28 20 12 4 62 54 46 38 30 22 14 6 64 56 48 40 32 24 16 8
  57 49 41 33 25 17 9 1 59 51 43 35 27 19 11 3 61 53 45 37 29 21 13 5 63 55 47 39 31 23 15 7`);
const FINAL =
  list(`40 8 48 16 56 24 64 32 39 7 47 15 55 23 63 31 38 6 46 14 54 22 62 30 37 5 45 13 53 21 61 29
  36 4 44 12 52 20 60 28 35 3 43 11 51 19 59 27 34 2 42 10 50 18 58 26 33 1 41 9 49 17 57 25`);
const EXPANSION = list(`32 1 2 3 4 5 4 5 6 7 8 9 8 9 10 11 12 13 12 13 14 15 16 17
  16 17 18 19 20 21 20 21 22 23 24 25 24 25 26 27 28 29 28 29 30 31 32 1`);
const PERMUTATION = list(
  '16 7 20 21 29 12 28 17 1 15 23 26 5 18 31 10 2 8 24 14 32 27 3 9 19 13 30 6 22 11 4 25',
);
const CHOICE_1 = list(`57 49 41 33 25 17 9 1 58 50 42 34 26 18 10 2 59 51 43 35 27 19 11 3 60 52 44 36
  63 55 47 39 31 23 15 7 62 54 46 38 30 22 14 6 61 53 45 37 29 21 13 5 28 20 12 4`);
const CHOICE_2 = list(`14 17 11 24 1 5 3 28 15 6 21 10 23 19 12 4 26 8 16 7 27 20 13 2
  41 52 31 37 47 55 30 40 51 45 33 48 44 49 39 56 34 53 46 42 50 36 29 32`);
const SHIFTS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/** The eight substitution boxes, a hexadecimal digit a value, four rows of sixteen each. */
const BOXES = [
  'e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d',
  'f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9',
  'a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c',
  '7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e',
  '2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453',
  'c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d',
  '4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c',
  'd2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b',
].map((box) => Uint8Array.from(box, (digit) => Number.parseInt(digit, 16)));

const ITERATIONS = 25;
const KEY_LENGTH = 8;

/** Hash of a password (byte string) under the salt of two digits that `setting` starts with; undefined when it does not. */
export function desCrypt(password: string, setting: string): string | undefined {
  const salt = /^[./0-9A-Za-z]{2}/.exec(setting)?.[0];
  if (salt === undefined) return undefined;
  const keys = keySchedule(keyBits(password));
  const expansion = saltedExpansion(salt);
  let block: Uint8Array = new Uint8Array(64);
  for (let i = 0; i < ITERATIONS; i++) block = encrypt(block, keys, expansion);
  let text = salt;
  // 64 bits and two of nothing: eleven digits, highest bits first.
  for (let at = 0; at < 66; at += 6) {
    let digit = 0;
    for (let bit = 0; bit < 6; bit++) digit = (digit << 1) | (block[at + bit] ?? 0);
    text += CRYPT_DIGITS[digit];
  }
  return text;
}

/** Seven bits of each of the first eight characters; the place of the parity bit stays empty. */
function keyBits(password: string): Uint8Array {
  const bits = new Uint8Array(64);
  for (let i = 0; i < Math.min(KEY_LENGTH, password.length); i++) {
    const byte = password.charCodeAt(i);
    for (let bit = 0; bit < 7; bit++) bits[8 * i + bit] = (byte >> (6 - bit)) & 1;
  }
  return bits;
}

function keySchedule(key: Uint8Array): Uint8Array[] {
  let c = CHOICE_1.slice(0, 28).map((at) => key[at] as number);
  let d = CHOICE_1.slice(28).map((at) => key[at] as number);
  return SHIFTS.map((by) => {
    c = rotate(c, by);
    d = rotate(d, by);
    return CHOICE_2.map((at) => (at < 28 ? c[at] : d[at - 28]) as number);
  });
}

function rotate(bits: Uint8Array, by: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...bits.subarray(by), ...bits.subarray(0, by)]);
}

/** Each of the salt's twelve bits that is set swaps a bit of the expansion with the one 24 places on. */
function saltedExpansion(salt: string): Uint8Array {
  const expansion = EXPANSION.slice();
  for (let i = 0; i < 2; i++) {
    const value = CRYPT_DIGITS.indexOf(salt[i] as string);
    for (let bit = 0; bit < 6; bit++) {
      if (((value >> bit) & 1) === 0) continue;
      const at = 6 * i + bit;
      const moved = expansion[at] as number;
      expansion[at] = expansion[at + 24] as number;
      expansion[at + 24] = moved;
    }
  }
  return expansion;
}

function encrypt(block: Uint8Array, keys: readonly Uint8Array[], expansion: Uint8Array): Uint8Array {
  const mixed = INITIAL.map((at) => block[at] as number);
  let left = mixed.subarray(0, 32);
  let right = mixed.subarray(32);
  for (const key of keys) {
    const next = scramble(right, key, expansion);
    for (let i = 0; i < 32; i++) next[i] = (next[i] as number) ^ (left[i] as number);
    left = right;
    right = next;
  }
  // The halves are not swapped after the last round.
  return FINAL.map((at) => (at < 32 ? right[at] : left[at - 32]) as number);
}

/** The cipher function of one round. */
function scramble(half: Uint8Array, key: Uint8Array, expansion: Uint8Array): Uint8Array<ArrayBuffer> {
  const chosen = new Uint8Array(32);
  const bit = (at: number): number => (half[expansion[at] as number] as number) ^ (key[at] as number);
  for (let box = 0; box < 8; box++) {
    const at = 6 * box;
    const row = (bit(at) << 1) | bit(at + 5);
    const column = (bit(at + 1) << 3) | (bit(at + 2) << 2) | (bit(at + 3) << 1) | bit(at + 4);
    const value = (BOXES[box] as Uint8Array)[16 * row + column] as number;
    for (let i = 0; i < 4; i++) chosen[4 * box + i] = (value >> (3 - i)) & 1;
  }
  return PERMUTATION.map((from) => chosen[from] as number);
}
