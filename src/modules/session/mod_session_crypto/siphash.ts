/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012), a keyed hash of 64 bits: what httpd signs encrypted sessions with. Words of 64 bits are pairs of
 * 32, low half first: who sends a cookie decides how long it is, and BigInt takes many times as long.
 */

/** The state v0 to v3. */
type State = Int32Array;

/** `key`: 16 bytes. Answers 8 bytes. */
export function sipHash(key: Buffer, message: Buffer): Buffer {
  const k0 = key.readInt32LE(0);
  const k1 = key.readInt32LE(4);
  const k2 = key.readInt32LE(8);
  const k3 = key.readInt32LE(12);
  const v = Int32Array.of(
    k0 ^ 0x70736575,
    k1 ^ 0x736f6d65,
    k2 ^ 0x6e646f6d,
    k3 ^ 0x646f7261,
    k0 ^ 0x6e657261,
    k1 ^ 0x6c796765,
    k2 ^ 0x79746573,
    k3 ^ 0x74656462,
  );
  const whole = message.length & ~7;
  for (let from = 0; from < whole; from += 8)
    absorb(v, message.readInt32LE(from), message.readInt32LE(from + 4));
  const last = Buffer.alloc(8);
  message.copy(last, 0, whole);
  last[7] = message.length & 0xff;
  absorb(v, last.readInt32LE(0), last.readInt32LE(4));
  v[4] = at(v, 4) ^ 0xff;
  rounds(v, 4);
  const hash = Buffer.alloc(8);
  hash.writeInt32LE(at(v, 0) ^ at(v, 2) ^ at(v, 4) ^ at(v, 6), 0);
  hash.writeInt32LE(at(v, 1) ^ at(v, 3) ^ at(v, 5) ^ at(v, 7), 4);
  return hash;
}

const at = (v: State, index: number): number => v[index] as number;

function absorb(v: State, low: number, high: number): void {
  v[6] = at(v, 6) ^ low;
  v[7] = at(v, 7) ^ high;
  rounds(v, 2);
  v[0] = at(v, 0) ^ low;
  v[1] = at(v, 1) ^ high;
}

function rounds(v: State, count: number): void {
  for (let i = 0; i < count; i++) {
    mix(v, 0, 2, 13);
    swap(v, 0);
    mix(v, 4, 6, 16);
    mix(v, 0, 6, 21);
    mix(v, 4, 2, 17);
    swap(v, 4);
  }
}

/** `a += b; b = rotated(b, by) ^ a`, for `by` below 32. */
function mix(v: State, a: number, b: number, by: number): void {
  const bLow = at(v, b);
  const bHigh = at(v, b + 1);
  const low = (at(v, a) >>> 0) + (bLow >>> 0);
  const high = at(v, a + 1) + bHigh + (low > 0xffffffff ? 1 : 0);
  v[a] = low;
  v[a + 1] = high;
  v[b] = ((bLow << by) | (bHigh >>> (32 - by))) ^ low;
  v[b + 1] = ((bHigh << by) | (bLow >>> (32 - by))) ^ high;
}

/** Rotates a word by 32. */
function swap(v: State, a: number): void {
  const low = at(v, a);
  v[a] = at(v, a + 1);
  v[a + 1] = low;
}
