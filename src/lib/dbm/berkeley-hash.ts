/**
 * Berkeley DB, hash access method: all pairs of a file, read in plain code. As the file is read whole no hash function is needed: pages in turn, and the pairs in each.
 */
import { DbmError } from './error.ts';

const DB_HASH_MAGIC = 0x061561;
/** Page types and item types of Berkeley DB (db_page.h). */
const P_HASH_UNSORTED = 2;
const P_HASH = 13;
const H_KEYDATA = 1;
const H_OFFPAGE = 3;
const DB_PAGE_HEADER = 26;

/**
 * Every page of the hash type holds keys and values in turn; long ones lie on overflow pages. Answers undefined for a file of another kind.
 * @throws DbmError, RangeError for a damaged one
 */
export function parseBerkeleyHash(file: Buffer): Map<string, string> | undefined {
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
      if (hops > file.length / pageSize) throw new DbmError();
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
    if (DB_PAGE_HEADER + 2 * count > pageSize) throw new DbmError();
    let end = pageSize;
    const item = (index: number): string | undefined => {
      const at = u16(start + DB_PAGE_HEADER + 2 * index);
      const stop = end;
      if (at >= stop) throw new DbmError();
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
