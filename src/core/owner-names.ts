/** Names of user and group ids as /etc/passwd and /etc/group have them, read once (apr_uid_name_get). */
import { readFileSync } from 'node:fs';

const tables = new Map<string, Map<number, string>>();

function namesIn(file: string): Map<number, string> {
  let names = tables.get(file);
  if (names === undefined) {
    names = new Map();
    let text = '';
    try {
      text = readFileSync(file, 'latin1');
    } catch {
      // Without the file nobody has a name.
    }
    for (const line of text.split('\n')) {
      const [name, , id] = line.split(':');
      if (name !== undefined && id !== undefined && !names.has(Number(id))) names.set(Number(id), name);
    }
    tables.set(file, names);
  }
  return names;
}

/** A user's name; undefined for an id without one. */
export function userName(uid: number): string | undefined {
  return namesIn('/etc/passwd').get(uid);
}

export function groupName(gid: number): string | undefined {
  return namesIn('/etc/group').get(gid);
}

/** A user's home directory; undefined for a name nobody has (apr_uid_homepath_get). */
export function homeDirectory(user: string): string | undefined {
  try {
    for (const line of readFileSync('/etc/passwd', 'latin1').split('\n')) {
      const [name, , , , , home] = line.split(':');
      if (name === user) return home;
    }
  } catch {
    // Without the file nobody has a home.
  }
  return undefined;
}
