/** DBM maps: SDBM, Berkeley DB hash files (what `dbm:` alone and httxt2dbm mean on most systems) and GDBM, all of them read whole. */
import { readFileSync } from 'node:fs';
import { failureOf, fsPath, type StatFailure } from '../../../core/files.ts';
import { DbmError, parseBerkeleyHash, parseGdbm } from '../../../lib/dbm/index.ts';
import { parseSdbm } from '../../../lib/sdbm/index.ts';

export interface DbmFormat {
  /** The files of a map, the first of which tells by its date whether the map changed. */
  files(path: string): readonly string[];
  checkedFile(path: string): string;
  /** The pairs; undefined for a file that is none of this format. */
  parse(file: Buffer): Map<string, string> | undefined;
}

const sdbm: DbmFormat = {
  files: (path) => [`${path}.dir`, `${path}.pag`],
  checkedFile: (path) => `${path}.pag`,
  parse: parseSdbm,
};
const db: DbmFormat = {
  files: (path) => [path],
  checkedFile: (path) => path,
  parse: parseBerkeleyHash,
};
const gdbm: DbmFormat = {
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
    return error instanceof DbmError || error instanceof RangeError ? 'other' : failureOf(error);
  }
}
