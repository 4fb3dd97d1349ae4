/**
 * mod_authz_groupfile: AuthGroupFile, Require group and file-group (modules/aaa/mod_authz_groupfile.c). httpd asks mod_authz_owner for the
 * group that owns a file (and ends when that module is not loaded); here the group is looked up in the system's list.
 */
import { type AnyRow, OR_AUTHCFG } from '../../config/directive.ts';
import { LineFiles, untilStop } from '../../core/line-file.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import { groupName } from '../../core/owner-names.ts';
import type { AuthzProvider } from '../../core/providers.ts';
import type { Request } from '../../core/request.ts';
import { requireOfUser, requireWords, wordsOf } from '../../core/require-words.ts';
import { asciiLower } from '../../lib/ascii.ts';

interface DirConf {
  groupFile?: string;
}

const log = (r: Request, level: number, tag: string, message: string): void =>
  logRequest(r, 'authz_groupfile', level, tag, message);

/** `group: user "user with blanks" user`: groups of each user, lower case, since httpd keeps them in a table that ignores it. */
export function parseGroups(lines: Iterable<string>): ReadonlyMap<string, ReadonlySet<string>> {
  const groupsOf = new Map<string, Set<string>>();
  for (const line of lines) {
    const [name, members] = untilStop(line, ':');
    const group = asciiLower(name.trimEnd());
    for (const user of wordsOf(members)) {
      const groups = groupsOf.get(user);
      if (groups === undefined) groupsOf.set(user, new Set([group]));
      else groups.add(group);
    }
  }
  return groupsOf;
}

const groupFiles = new LineFiles(parseGroups);

/** Numbers of httpd's log lines, which the two kinds of lines do not share. */
interface Tags {
  readonly noFile: string;
  readonly unreadable: string;
  readonly noGroups: string;
  /** How grave it is to be in no group at all. */
  readonly noGroupsLevel: number;
}
const GROUP_TAGS: Tags = {
  noFile: 'AH01664',
  unreadable: 'AH01665',
  noGroups: 'AH01666',
  noGroupsLevel: Level.info,
};
const FILE_GROUP_TAGS: Tags = {
  noFile: 'AH01668',
  unreadable: 'AH01669',
  noGroups: 'AH01670',
  noGroupsLevel: Level.error,
};

function groupsOfUser(r: Request, user: string, tags: Tags): ReadonlySet<string> | undefined {
  const { groupFile } = modAuthzGroupfile.dir(r);
  if (groupFile === undefined) {
    log(r, Level.error, tags.noFile, 'No group file was specified in the configuration');
    return undefined;
  }
  const groupsOf = groupFiles.read(groupFile);
  if (typeof groupsOf === 'string') {
    log(r, Level.error, tags.unreadable, `Could not open group file: ${groupFile}`);
    return undefined;
  }
  const groups = groupsOf.get(user);
  if (groups === undefined) {
    const why = `reason: user doesn't appear in group file (${groupFile}).`;
    log(
      r,
      tags.noGroupsLevel,
      tags.noGroups,
      `Authorization of user ${user} to access ${r.uri} failed, ${why}`,
    );
  }
  return groups;
}

/** `Require group admins %{env:TEAM}`. */
const requireGroup = requireOfUser((r, user, line) => {
  const groups = groupsOfUser(r, user, GROUP_TAGS);
  if (groups === undefined) return 'denied';
  const wanted = requireWords(line, r);
  if (wanted instanceof Error) {
    const message = `authz_groupfile authorize: require group: Can't evaluate require expression: ${wanted.message}`;
    log(r, Level.error, 'AH02592', message);
    return 'denied';
  }
  if (wanted.some((group) => groups.has(asciiLower(group)))) return 'granted';
  const why = "reason: user is not part of the 'require'ed group(s).";
  log(r, Level.debug, 'AH01667', `Authorization of user ${user} to access ${r.uri} failed, ${why}`);
  return 'denied';
});

/** `Require file-group`: the user is in the group that owns the file. */
const requireFileGroup: AuthzProvider = {
  compile: () => (r) => {
    const { user } = r;
    if (user === undefined) return 'denied-no-user';
    const groups = groupsOfUser(r, user, FILE_GROUP_TAGS);
    if (groups === undefined) return 'denied';
    const owner = r.finfo === undefined ? undefined : groupName(r.finfo.gid);
    if (owner !== undefined && groups.has(asciiLower(owner))) return 'granted';
    const why = "reason: user is not part of the 'require'ed file group.";
    log(r, Level.debug, 'AH01671', `Authorization of user ${user} to access ${r.uri} failed, ${why}`);
    return 'denied';
  },
};

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'AuthGroupFile',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'text file containing group names and member user IDs',
    apply: (cmd, path) => void (cmd.dir.groupFile = cmd.serverRootRelative(path)),
  },
];

export const modAuthzGroupfile = defineModule<object, DirConf>({
  name: 'authz_groupfile_module',
  file: 'mod_authz_groupfile.c',
  directives: rows,
  authzProviders: { group: requireGroup, 'file-group': requireFileGroup },
});
