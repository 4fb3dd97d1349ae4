/**
 * DBM maps, read in plain code: SDBM, Berkeley DB hash files (what `dbm:` alone and httxt2dbm mean on most systems) and GDBM. All of them are read
 * whole, so that no hash function is needed: pages or buckets in turn, and the pairs in each.
 */
import { readFileSync } from 'node:fs';
import { failureOf, fsPath, type StatFailure } from '../../../core/files.ts';

export interface DbmFormat {
  readonly name: 'sdbm' | 'db' | 'gdbm';
  /** The files of a map, the first of which tells by its date whether the map changed. */
  files(path: string): readonly string[];
  checkedFile(path: string): string;
  /** The pairs; undefined for a file that is none of this format. */
  parse(file: Buffer): Map<string, string> | undefined;
}

class Broken extends Error {}

const sdbm: DbmFormat = {
  name: 'sdbm',
  files: (path) => [`${path}.dir`, `${path}.pag`],
  checkedFile: (path) => `${path}.pag`,
  parse: parseSdbm,
};
const db: DbmFormat = {
  name: 'db',
  files: (path) => [path],
  checkedFile: (path) => path,
  parse: parseBerkeleyHash,
};
const gdbm: DbmFormat = {
  name: 'gdbm',
  files: (path) => [path],
  checkedFile: (path) => path,
  parse: parseGdbm,
};

/** The format of a type's name; httpd's default is that of its APR, Berkeley DB where Debian built it. */
export function dbmFormat(type: string): DbmFormat | undefined {
  switch (type.toLowerCase()) {
    case 'sdbm':
      return sdbm;
    case 'gdbm':
      return gdbm;
    case 'db':
    case 'default':
      return db;
    default:
      return undefined;
  }
}

export function readDbm(path: string, format: DbmFormat): ReadonlyMap<string, string> | StatFailure {
  try {
    return format.parse(readFileSync(fsPath(format.checkedFile(path)))) ?? 'other';
  } catch (error) {
    return error instanceof Broken || error instanceof RangeError ? 'other' : failureOf(error);
  }
}

const SDBM_PAGE = 1024;

/** SDBM: pages of 1 KiB; a count, the offsets of keys and values in turn, and the texts from the page's end on down. */
function parseSdbm(file: Buffer): Map<string, string> {
  const entries = new Map<string, string>();
  for (let start = 0; start + SDBM_PAGE <= file.length; start += SDBM_PAGE) {
    const page = file.subarray(start, start + SDBM_PAGE);
    const count = page.readUInt16LE(0);
    if (count > SDBM_PAGE / 2 - 1 || count % 2 !== 0) throw new Broken();
    let end = SDBM_PAGE;
    for (let i = 1; i < count; i += 2) {
      const key = page.readUInt16LE(2 * i);
      const value = page.readUInt16LE(2 * i + 2);
      if (key > end || value > key) throw new Broken();
      entries.set(page.toString('latin1', key, end), page.toString('latin1', value, key));
      end = value;
    }
  }
  return entries;
}

const DB_HASH_MAGIC = 0x061561;
/** Page types and item types of Berkeley DB (db_page.h). */
const P_HASH_UNSORTED = 2;
const P_HASH = 13;
const H_KEYDATA = 1;
const H_OFFPAGE = 3;
const DB_PAGE_HEADER = 26;

/** Berkeley DB, hash access method: every page of the hash type holds keys and values in turn; long ones lie on overflow pages. */
function parseBerkeleyHash(file: Buffer): Map<string, string> | undefined {
  if (file.length < 72) return undefined;
  const isLittle = file.readUInt32LE(12) === DB_HASH_MAGIC;
  if (!isLittle && file.readUInt32BE(12) !== DB_HASH_MAGIC) return undefined;
  const u32 = (at: number): number => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const u16 = (at: number): number => (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const pageSize = u32(20);
  if (pageSize < 512 || pageSize > 65536) return undefined;
  const overflow = (page: number, length: number): string => {
    let text = '';
    for (let at = page, hops = 0; at !== 0 && text.length < length; at = u32(at * pageSize + 16), hops++) {
      if (hops > file.length / pageSize) throw new Broken();
      const start = at * pageSize;
      // On an overflow page the field of the free offset is the length of what it holds.
      text += file.toString('latin1', start + DB_PAGE_HEADER, start + DB_PAGE_HEADER + u16(start + 22));
    }
    return text.slice(0, length);
  };
  const entries = new Map<string, string>();
  for (let start = pageSize; start + pageSize <= file.length; start += pageSize) {
    const type = file[start + 25];
    if (type !== P_HASH && type !== P_HASH_UNSORTED) continue;
    const count = u16(start + 20);
    if (DB_PAGE_HEADER + 2 * count > pageSize) throw new Broken();
    let end = pageSize;
    const item = (index: number): string | undefined => {
      const at = u16(start + DB_PAGE_HEADER + 2 * index);
      const stop = end;
      if (at >= stop) throw new Broken();
      end = at;
      const kind = file[start + at];
      if (kind === H_KEYDATA) return file.toString('latin1', start + at + 1, start + stop);
      return kind === H_OFFPAGE ? overflow(u32(start + at + 4), u32(start + at + 8)) : undefined;
    };
    for (let i = 0; i + 1 < count; i += 2) {
      const key = item(i);
      const value = item(i + 1);
      if (key !== undefined && value !== undefined) entries.set(key, value);
    }
  }
  return entries;
}

/** Magic numbers of GDBM files: plain, and with 64-bit offsets (gdbmconst.h). */
const GDBM_MAGICS: ReadonlyMap<number, boolean> = new Map([
  [0x13579ace, false],
  [0x13579acd, false],
  [0x13579acf, true],
  [0x13579ad0, false],
  [0x13579ad1, true],
]);

/** GDBM: a header that tells where the directory is, the directory's pointers to buckets, and in each of them where the pairs lie. */
function parseGdbm(file: Buffer): Map<string, string> | undefined {
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
      if (data + keySize + dataSize > file.length) throw new Broken();
      entries.set(
        file.toString('latin1', data, data + keySize),
        file.toString('latin1', data + keySize, data + keySize + dataSize),
      );
    }
  }
  return entries;
}
