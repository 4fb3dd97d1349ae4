/** mod_authn_dbm: users and password hashes in a DBM file (modules/aaa/mod_authn_dbm.c). */
import { type AnyRow, OR_AUTHCFG } from '../../config/directive.ts';
import { passwordAnswer, rememberCredentials } from '../../core/authn.ts';
import { dbmTypeFault, readDbm } from '../../core/dbm.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { AuthnProvider } from '../../core/providers.ts';
import type { Request } from '../../core/request.ts';

interface DirConf {
  userFile?: string;
  type?: string;
}

/** The hash behind a key, up to a colon; undefined without one, null when nothing can be read. */
function find(r: Request, key: string): string | undefined | null {
  const { userFile, type = 'default' } = modAuthnDbm.dir(r);
  const users = userFile === undefined ? undefined : readDbm(userFile, type);
  if (users === undefined) {
    const message = `could not open dbm (type ${type}) file: ${userFile ?? '(null)'}`;
    logRequest(r, 'authn_dbm', Level.error, 'AH10285', message);
    return null;
  }
  return users.get(key)?.split(':', 1)[0];
}

const dbmProvider: AuthnProvider = {
  checkPassword(r, user, password) {
    const hash = find(r, user);
    if (hash === null) return 'general-error';
    if (hash === undefined) return 'user-not-found';
    rememberCredentials(r, 'dbm', user, undefined, hash);
    return passwordAnswer(hash, password);
  },
  realmHash(r, user, realm) {
    const hash = find(r, `${user}:${realm}`);
    if (hash === null) return 'general-error';
    if (hash === undefined) return 'user-not-found';
    rememberCredentials(r, 'dbm', user, realm, hash);
    return { hash };
  },
};

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'AuthDBMUserFile',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'dbm database file containing user IDs and passwords',
    apply: (cmd, path) => void (cmd.dir.userFile = cmd.serverRootRelative(path)),
  },
  {
    name: 'AuthDBMType',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'what type of DBM file the user file is',
    apply(cmd, type) {
      cmd.dir.type = type;
      return dbmTypeFault('AuthDBMType', type);
    },
  },
];

export const modAuthnDbm = defineModule<object, DirConf>({
  name: 'authn_dbm_module',
  file: 'mod_authn_dbm.c',
  directives: rows,
  authnProviders: { dbm: dbmProvider },
});
