/** CRC-32 as gzip has it (RFC 1952 section 8), over bytes that come in pieces. */
import * as zlib from 'node:zlib';

/** zlib's own, where this Node.js has it (20.15, 22.2). */
const native = (zlib as { crc32?: (data: Buffer, value?: number) => number }).crc32;

let table: Uint32Array | undefined;

function makeTable(): Uint32Array {
  const made = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : 0xedb88320 ^ (value >>> 1);
    made[byte] = value;
  }
  return made;
}

/** What zlib's crc32() answers: `value` is the sum so far. */
export function crc32InScript(data: Buffer, value = 0): number {
  table ??= makeTable();
  let sum = ~value >>> 0;
  for (let i = 0; i < data.length; i++)
    sum = ((table[(sum ^ (data[i] as number)) & 0xff] as number) ^ (sum >>> 8)) >>> 0;
  return ~sum >>> 0;
}

export class Crc32 {
  #value = 0;
  get value(): number {
    return this.#value;
  }
  update(data: Buffer): void {
    this.#value = native === undefined ? crc32InScript(data, this.#value) : native(data, this.#value);
  }
}
