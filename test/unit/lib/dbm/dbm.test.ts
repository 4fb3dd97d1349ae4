import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DbmError, parseBerkeleyHash, parseGdbm } from '../../../../src/lib/dbm/index.ts';

type Pairs = readonly (readonly [key: string, value: string])[];
const PAGE = 512;

/** One page of pairs as Berkeley DB writes it; a value that does not fit lies on overflow pages. */
function berkeley(pairs: Pairs, isLittle: boolean): Buffer {
  const pages = [Buffer.alloc(PAGE), Buffer.alloc(PAGE)];
  const u32 = (page: Buffer, value: number, at: number) =>
    isLittle ? page.writeUInt32LE(value, at) : page.writeUInt32BE(value, at);
  const u16 = (page: Buffer, value: number, at: number) =>
    isLittle ? page.writeUInt16LE(value, at) : page.writeUInt16BE(value, at);
  const [meta, hash] = pages as [Buffer, Buffer];
  u32(meta, 0x061561, 12);
  u32(meta, PAGE, 20);
  hash[25] = 13;
  u16(hash, 2 * pairs.length, 20);
  let end = PAGE;
  pairs.flat().forEach((text, index) => {
    const item = Buffer.from(`\x01${text}`, 'latin1');
    if (text.length > 100) {
      item.fill(0).writeUInt8(3, 0);
      u32(item, pages.length, 4);
      u32(item, text.length, 8);
      for (let from = 0; from < text.length; from += PAGE - 26) {
        const page = Buffer.alloc(PAGE);
        const length = page.write(text.slice(from, from + PAGE - 26), 26, 'latin1');
        u16(page, length, 22);
        page[25] = 7;
        pages.push(page);
        if (from + PAGE - 26 < text.length) u32(page, pages.length, 16);
      }
    }
    const stored = text.length > 100 ? item.subarray(0, 12) : item;
    end -= stored.length;
    stored.copy(hash, end);
    u16(hash, end, 26 + 2 * index);
  });
  return Buffer.concat(pages);
}

/** A directory of one bucket as GDBM writes it. */
function gdbm(pairs: Pairs, isWide: boolean): Buffer {
  const file = Buffer.alloc(4096);
  const word = isWide ? 8 : 4;
  const offset = (value: number, at: number) =>
    isWide ? file.writeBigUInt64LE(BigInt(value), at) : file.writeUInt32LE(value, at);
  file.writeUInt32LE(isWide ? 0x13579acf : 0x13579ace, 0);
  offset(256, 8);
  file.writeUInt32LE(2 * word, 8 + word);
  file.writeUInt32LE(pairs.length + 1, 8 + word + 12);
  // Both halves of the directory are of the same bucket.
  offset(512, 256);
  offset(512, 256 + word);
  const head = 512 + (isWide ? 8 : 4) + 12 * word + 8;
  let data = 2048;
  [...pairs, undefined].forEach((pair, index) => {
    const at = head + index * (isWide ? 24 : 20);
    file.writeInt32LE(pair === undefined ? -1 : 7, at);
    if (pair === undefined) return;
    offset(data, at + 8);
    file.writeUInt32LE(pair[0].length, at + 8 + word);
    file.writeUInt32LE(pair[1].length, at + 12 + word);
    data += file.write(pair.join(''), data, 'latin1');
  });
  return file;
}

const PAIRS: Pairs = [
  ['alice', 'hash:staff'],
  ['b\xe9b', ''],
  ['long', 'x'.repeat(1100)],
];

describe.each([
  ['Berkeley DB', parseBerkeleyHash, berkeley(PAIRS, true)],
  ['Berkeley DB of the other byte order', parseBerkeleyHash, berkeley(PAIRS, false)],
  ['GDBM', parseGdbm, gdbm(PAIRS, false)],
  ['GDBM with wide offsets', parseGdbm, gdbm(PAIRS, true)],
] as const)('%s', (_, parse, file) => {
  const parseDamaged = (damaged: Buffer): ReadonlyMap<string, string> | undefined => {
    try {
      return parse(damaged);
    } catch (error) {
      expect(error instanceof DbmError || error instanceof RangeError).toBe(true);
      return undefined;
    }
  };

  it('all pairs', () => {
    expect([...(parse(file) ?? [])]).toEqual(PAIRS);
  });

  it('is nothing of another kind', () => {
    expect(parse(Buffer.alloc(4096))).toBeUndefined();
    expect(parse(Buffer.from('text'))).toBeUndefined();
  });

  it('cut anywhere', () => {
    for (let length = 0; length < file.length; length++) parseDamaged(file.subarray(0, length));
    expect(parseDamaged(file.subarray(0, 600))?.size ?? 0).toBe(0);
  });

  it('with any bytes changed', () => {
    const change = fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const damaged = Buffer.from(file);
        for (const [at, byte] of changes) damaged[at] = byte;
        for (const [key, value] of parseDamaged(damaged) ?? [])
          expect(key.length + value.length).toBeLessThanOrEqual(2 * file.length);
      }),
      { numRuns: 1000 },
    );
  });
});
