/** mod_authn_file: users and password hashes in a text file (modules/aaa/mod_authn_file.c). */
import { type AnyRow, OR_AUTHCFG } from '../../config/directive.ts';
import { passwordAnswer, rememberCredentials } from '../../core/authn.ts';
import { LineFiles, untilStop } from '../../core/line-file.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { AuthnProvider } from '../../core/providers.ts';
import type { Request } from '../../core/request.ts';

interface DirConf {
  userFile?: string;
}

/** What a file says: the first line of a user counts. */
interface Users {
  /** `user:hash` */
  readonly hashes: ReadonlyMap<string, string>;
  /** `user:realm:hash`, by user and realm with a colon between. */
  readonly realmHashes: ReadonlyMap<string, string>;
}

export function parseUsers(lines: Iterable<string>): Users {
  const hashes = new Map<string, string>();
  const realmHashes = new Map<string, string>();
  for (const line of lines) {
    const [user, rest] = untilStop(line, ':');
    const [second, more] = untilStop(rest, ':');
    if (!hashes.has(user)) hashes.set(user, second);
    const key = `${user}:${second}`;
    if (!realmHashes.has(key)) realmHashes.set(key, untilStop(more, ':')[0]);
  }
  return { hashes, realmHashes };
}

const userFiles = new LineFiles(parseUsers);

function usersOf(r: Request, unset: string, unreadable: string): Users | undefined {
  const { userFile } = modAuthnFile.dir(r);
  if (userFile === undefined) {
    logRequest(r, 'authn_file', Level.error, unset, 'AuthUserFile not specified in the configuration');
    return undefined;
  }
  const users = userFiles.read(userFile);
  if (typeof users !== 'string') return users;
  logRequest(r, 'authn_file', Level.error, unreadable, `Could not open password file: ${userFile}`);
  return undefined;
}

const fileProvider: AuthnProvider = {
  checkPassword(r, user, password) {
    const users = usersOf(r, 'AH01619', 'AH01620');
    if (users === undefined) return 'general-error';
    const hash = users.hashes.get(user);
    if (hash === undefined) return 'user-not-found';
    rememberCredentials(r, 'file', user, undefined, hash);
    return passwordAnswer(hash, password);
  },
  realmHash(r, user, realm) {
    const users = usersOf(r, 'AH01621', 'AH01622');
    if (users === undefined) return 'general-error';
    const hash = users.realmHashes.get(`${user}:${realm}`);
    if (hash === undefined) return 'user-not-found';
    rememberCredentials(r, 'file', user, realm, hash);
    return { hash };
  },
};

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'AuthUserFile',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'text file containing user IDs and passwords',
    apply: (cmd, path) => void (cmd.dir.userFile = cmd.serverRootRelative(path)),
  },
];

export const modAuthnFile = defineModule<object, DirConf>({
  name: 'authn_file_module',
  file: 'mod_authn_file.c',
  directives: rows,
  authnProviders: { file: fileProvider },
});
