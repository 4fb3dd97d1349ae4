/**
 * C's long of 64 bits, as a pair of 32-bit words: magic compares numbers sign-extended to that width, and there is no call for big integers
 * where each of some hundred rules is asked of a file.
 */
export interface Long {
  /** Upper half, signed. */
  readonly hi: number;
  /** Lower half, signed. */
  readonly lo: number;
}

export const ALL_BITS: Long = { hi: -1, lo: -1 };
export const ZERO: Long = { hi: 0, lo: 0 };

export function ofInt(value: number): Long {
  return { hi: value < 0 ? -1 : 0, lo: value | 0 };
}

export function isEqual(a: Long, b: Long): boolean {
  return a.hi === b.hi && a.lo === b.lo;
}

/** Signed comparison. */
export function isGreater(a: Long, b: Long): boolean {
  return a.hi === b.hi ? a.lo >>> 0 > b.lo >>> 0 : a.hi > b.hi;
}

export function and(a: Long, b: Long): Long {
  return { hi: a.hi & b.hi, lo: a.lo & b.lo };
}

export function toBigInt(value: Long): bigint {
  return (BigInt(value.hi) << 32n) | BigInt(value.lo >>> 0);
}

const LARGEST = 2n ** 63n - 1n;
const NUMBER = /^[ \t\n\v\f\r]*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/;

/** strtol(text, &end, 0): the number that `text` begins with, and how many characters it takes; 0 and none for no number. */
export function readLong(text: string): { readonly value: Long; readonly length: number } {
  const found = NUMBER.exec(text);
  if (found === null) return { value: ZERO, length: 0 };
  const [whole, sign, digits = '0'] = found;
  const isOctal = digits.length > 1 && /^0[0-7]/.test(digits);
  let value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  if (value > LARGEST) value = sign === '-' ? LARGEST + 1n : LARGEST;
  if (sign === '-') value = -value;
  return {
    value: { hi: Number(BigInt.asIntN(32, value >> 32n)), lo: Number(BigInt.asIntN(32, value)) },
    length: whole.length,
  };
}
