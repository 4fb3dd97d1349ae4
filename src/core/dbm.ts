/**
 * DBM files of users and groups, for mod_authn_dbm and mod_authz_dbm. Of the kinds that APR knows only SDBM, which is `default` too: the others
 * need a library of their own.
 */
import { parseSdbm } from '../lib/sdbm/index.ts';
import { ParsedFiles } from './line-file.ts';

const files = new ParsedFiles(parseSdbm);

/** What is wrong with a type that a directive names. */
export function dbmTypeFault(directive: string, type: string): string | undefined {
  const name = type.toLowerCase();
  return name === 'default' || name === 'sdbm'
    ? undefined
    : `${directive}: DBM files of type ${type} cannot be read, only SDBM`;
}

/** All pairs of a database, whose name is that of its files without `.pag`; undefined when it cannot be read. */
export function readDbm(path: string): ReadonlyMap<string, string> | undefined {
  const pairs = files.read(`${path}.pag`);
  return typeof pairs === 'string' ? undefined : pairs;
}
