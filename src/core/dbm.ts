/**
 * DBM files of users and groups, for mod_authn_dbm and mod_authz_dbm, in the formats of httpd's APR: Berkeley DB (`default`, as Debian builds it), GDBM
 * and SDBM. A file is read whole, and again when a stat shows a change.
 */
import { parseBerkeleyHash, parseGdbm } from '../lib/dbm/index.ts';
import { parseSdbm } from '../lib/sdbm/index.ts';
import { ParsedFiles } from './line-file.ts';

type Pairs = ReadonlyMap<string, string>;

interface DbmFormat {
  readonly files: ParsedFiles<{ readonly pairs: Pairs | undefined }>;
  /** Behind the name that a directive gives. */
  readonly suffix: string;
}

/** What is damaged is as little a database as what is of another format. */
function format(parse: (file: Buffer) => Pairs | undefined, suffix = ''): DbmFormat {
  const read = (file: Buffer): Pairs | undefined => {
    try {
      return parse(file);
    } catch {
      return undefined;
    }
  };
  return { files: new ParsedFiles((file) => ({ pairs: read(file) })), suffix };
}

const db = format(parseBerkeleyHash);
const formats: ReadonlyMap<string, DbmFormat> = new Map([
  ['default', db],
  ['db', db],
  ['gdbm', format(parseGdbm)],
  ['sdbm', format(parseSdbm, '.pag')],
]);

/** What is wrong with a type that a directive names. */
export function dbmTypeFault(directive: string, type: string): string | undefined {
  return formats.has(type.toLowerCase())
    ? undefined
    : `${directive}: DBM files of type ${type} cannot be read, only DB (default), GDBM and SDBM`;
}

/** All pairs of a database of a type that dbmTypeFault() has let pass; undefined when it cannot be read. */
export function readDbm(path: string, type = 'default'): Pairs | undefined {
  const kind = formats.get(type.toLowerCase());
  if (kind === undefined) return undefined;
  const found = kind.files.read(path + kind.suffix);
  return typeof found === 'string' ? undefined : found.pairs;
}
