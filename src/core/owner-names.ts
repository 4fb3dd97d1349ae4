/**
 * Users and groups as /etc/passwd and /etc/group have them, by name and by id (apr_uid_name_get, apr_uid_get and their kin); read again when a
 * stat shows a change.
 */
import { ParsedFiles } from './line-file.ts';

interface User {
  readonly uid: number;
  /** The primary group; undefined where the line has none. */
  readonly gid: number | undefined;
  readonly home: string;
}

/** Lines by name and names by id; where two lines have the same, the first counts. */
interface Table<T> {
  readonly byName: ReadonlyMap<string, T>;
  readonly names: ReadonlyMap<number, string>;
}

function parseTable<T>(file: Buffer, read: (id: number, fields: readonly string[]) => T): Table<T> {
  const byName = new Map<string, T>();
  const names = new Map<number, string>();
  for (const line of file.toString('latin1').split('\n')) {
    const fields = line.split(':');
    const [name = '', , id = ''] = fields;
    if (name === '' || !/^\d+$/.test(id)) continue;
    const number = Number(id);
    if (!byName.has(name)) byName.set(name, read(number, fields));
    if (!names.has(number)) names.set(number, name);
  }
  return { byName, names };
}

const users = new ParsedFiles((file) =>
  parseTable<User>(file, (uid, [, , , gid = '', , home = '']) => ({
    uid,
    gid: /^\d+$/.test(gid) ? Number(gid) : undefined,
    home,
  })),
);
const groups = new ParsedFiles((file) => parseTable(file, (gid) => gid));

/** Without the file nobody has a name. */
function usersNow(): Table<User> | undefined {
  const table = users.read('/etc/passwd');
  return typeof table === 'string' ? undefined : table;
}

function groupsNow(): Table<number> | undefined {
  const table = groups.read('/etc/group');
  return typeof table === 'string' ? undefined : table;
}

/** `#1000` names an id. */
function numberOf(name: string): number | undefined {
  return /^#\d+$/.test(name) ? Number(name.slice(1)) : undefined;
}

/** The id of a user, by name or as `#1000`; undefined for a name nobody has. */
export function userId(name: string): number | undefined {
  return numberOf(name) ?? usersNow()?.byName.get(name)?.uid;
}

/** The id of a group, by name or as `#1000`; undefined for a name no group has. */
export function groupId(name: string): number | undefined {
  return numberOf(name) ?? groupsNow()?.byName.get(name);
}

/** A user's name; undefined for an id without one. */
export function userName(uid: number): string | undefined {
  return usersNow()?.names.get(uid);
}

export function groupName(gid: number): string | undefined {
  return groupsNow()?.names.get(gid);
}

/** The id of a user's own group; undefined for a name nobody has. */
export function primaryGroupId(user: string): number | undefined {
  return usersNow()?.byName.get(user)?.gid;
}

/** A user's home directory; undefined for a name nobody has (apr_uid_homepath_get). */
export function homeDirectory(user: string): string | undefined {
  return usersNow()?.byName.get(user)?.home;
}
