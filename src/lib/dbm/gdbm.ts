/**
 * GDBM: all pairs of a file, read in plain code. As the file is read whole no hash function is needed: buckets in turn, and the pairs in each.
 */
import { DbmError } from './error.ts';

/** Magic numbers of GDBM files: plain, and with 64-bit offsets (gdbmconst.h). */
const GDBM_MAGICS: ReadonlyMap<number, boolean> = new Map([
  [0x13579ace, false],
  [0x13579acd, false],
  [0x13579acf, true],
  [0x13579ad0, false],
  [0x13579ad1, true],
]);

/**
 * A header tells where the directory is, the directory points to buckets, and each of them says where its pairs lie. Answers undefined for a file
 * of another kind.
 * @throws DbmError, RangeError for a damaged one
 */
export function parseGdbm(file: Buffer): Map<string, string> | undefined {
  if (file.length < 64) return undefined;
  const magic = file.readUInt32LE(0);
  const isWide = GDBM_MAGICS.get(magic);
  if (isWide === undefined) return undefined;
  const offset = (at: number): number => (isWide ? Number(file.readBigUInt64LE(at)) : file.readUInt32LE(at));
  // magic, block size, directory's offset, its size, its bits, bucket size, entries a bucket
  const word = isWide ? 8 : 4;
  const directory = offset(8);
  const directorySize = file.readUInt32LE(8 + word);
  const bucketElements = file.readUInt32LE(8 + word + 12);
  const entries = new Map<string, string>();
  const seen = new Set<number>();
  const available = isWide ? 16 : 8;
  // av_count and padding, six slots of free space, bits, count
  const head = (isWide ? 8 : 4) + 6 * available + 8;
  const elementSize = isWide ? 24 : 20;
  for (let i = 0; i < directorySize / word; i++) {
    const bucket = offset(directory + i * word);
    if (bucket === 0 || seen.has(bucket)) continue;
    seen.add(bucket);
    for (let n = 0; n < bucketElements; n++) {
      const at = bucket + head + n * elementSize;
      if (file.readInt32LE(at) === -1) continue;
      const data = offset(at + 8);
      const keySize = file.readUInt32LE(at + 8 + word);
      const dataSize = file.readUInt32LE(at + 12 + word);
      if (data + keySize + dataSize > file.length) throw new DbmError();
      entries.set(
        file.toString('latin1', data, data + keySize),
        file.toString('latin1', data + keySize, data + keySize + dataSize),
      );
    }
  }
  return entries;
}
