/** mod_authz_dbm: Require dbm-group and dbm-file-group by a DBM file (modules/aaa/mod_authz_dbm.c). */
import { type AnyRow, OR_AUTHCFG } from '../../config/directive.ts';
import { authName } from '../../core/authentication.ts';
import { dbmTypeFault, readDbm } from '../../core/dbm.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import { groupName } from '../../core/owner-names.ts';
import type { AuthzProvider, AuthzResult } from '../../core/providers.ts';
import type { Request } from '../../core/request.ts';
import { requireOfUser, requireWords } from '../../core/require-words.ts';

interface DirConf {
  groupFile?: string;
  type?: string;
}

const log = (r: Request, level: number, tag: string, message: string): void =>
  logRequest(r, 'authz_dbm', level, tag, message);

/** `groups` or `hash:groups:more`, with commas between the groups. */
export function groupsIn(value: string): readonly string[] {
  const colon = value.indexOf(':');
  const list = colon < 0 ? value : (value.slice(colon + 1).split(':', 1)[0] as string);
  return list.split(',').filter((group) => group !== '');
}

/** Numbers of httpd's log lines, which the two kinds of lines do not share. */
interface Tags {
  readonly noFile: string;
  readonly unreadable: string;
  readonly noGroups: string;
}
const GROUP_TAGS: Tags = { noFile: 'AH01798', unreadable: 'AH01799', noGroups: 'AH01800' };
const FILE_GROUP_TAGS: Tags = { noFile: 'AH01802', unreadable: 'AH01803', noGroups: 'AH01804' };

/** A user of the realm counts before one of that name. */
function groupsOfUser(r: Request, user: string, tags: Tags): readonly string[] | AuthzResult {
  const { groupFile, type = 'default' } = modAuthzDbm.dir(r);
  if (groupFile === undefined) {
    log(r, Level.error, tags.noFile, 'No group file was specified in the configuration');
    return 'denied';
  }
  const pairs = readDbm(groupFile, type);
  if (pairs === undefined) {
    log(r, Level.error, tags.unreadable, `could not open dbm (type ${type}) group access file: ${groupFile}`);
    return 'general-error';
  }
  const value = pairs.get(`${user}:${authName(r) ?? ''}`) ?? pairs.get(user);
  if (value !== undefined) return groupsIn(value);
  const why = `reason: user doesn't appear in DBM group file (${groupFile}).`;
  log(r, Level.error, tags.noGroups, `Authorization of user ${user} to access ${r.uri} failed, ${why}`);
  return 'denied';
}

/** `Require dbm-group staff admins`. */
const requireGroup = requireOfUser((r, user, line) => {
  const groups = groupsOfUser(r, user, GROUP_TAGS);
  if (typeof groups === 'string') return groups;
  const wanted = requireWords(line, r);
  if (wanted instanceof Error) {
    const message = `authz_dbm authorize: require dbm-group: Can't evaluate require expression: ${wanted.message}`;
    log(r, Level.error, 'AH02591', message);
    return 'denied';
  }
  if (wanted.some((group) => groups.includes(group))) return 'granted';
  const why = "reason: user is not part of the 'require'ed group(s).";
  log(r, Level.error, 'AH01801', `Authorization of user ${user} to access ${r.uri} failed, ${why}`);
  return 'denied';
});

/** `Require dbm-file-group`: the user is in the group that owns the file. */
const requireFileGroup: AuthzProvider = {
  compile: () => (r) => {
    const { user } = r;
    if (user === undefined) return 'denied-no-user';
    const groups = groupsOfUser(r, user, FILE_GROUP_TAGS);
    if (typeof groups === 'string') return groups;
    const owner = r.finfo === undefined ? undefined : groupName(r.finfo.gid);
    if (owner !== undefined && groups.includes(owner)) return 'granted';
    const why = "reason: user is not part of the 'require'ed group(s).";
    log(r, Level.error, 'AH01805', `Authorization of user ${user} to access ${r.uri} failed, ${why}`);
    return 'denied';
  },
};

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'AuthDBMGroupFile',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'database file containing group names and member user IDs',
    apply: (cmd, path) => void (cmd.dir.groupFile = cmd.serverRootRelative(path)),
  },
  {
    name: 'AuthzDBMType',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'what type of DBM file the group file is',
    apply(cmd, type) {
      cmd.dir.type = type;
      return dbmTypeFault('AuthzDBMType', type);
    },
  },
];

export const modAuthzDbm = defineModule<object, DirConf>({
  name: 'authz_dbm_module',
  file: 'mod_authz_dbm.c',
  directives: rows,
  authzProviders: { 'dbm-group': requireGroup, 'dbm-file-group': requireFileGroup },
});
