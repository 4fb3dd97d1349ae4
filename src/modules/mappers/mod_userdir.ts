/** mod_userdir: `/~name/...` as a directory of a user, or a redirect (modules/mappers/mod_userdir.c). Complete. */
import { type AnyRow, type ApplyResult, type Command, RSRC_CONF } from '../../config/directive.ts';
import { getWord, wordsUntilEmpty } from '../../config/words.ts';
import { statFile } from '../../core/files.ts';
import { defineModule } from '../../core/module.ts';
import { homeDirectory } from '../../core/owner-names.ts';
import type { Request } from '../../core/request.ts';
import { DECLINED, OK } from '../../core/status.ts';
import { asciiLower } from '../../lib/ascii.ts';

export interface UserdirServerConf {
  /** Patterns, in the order they are tried. */
  patterns?: readonly Pattern[];
  /** `enabled` or `disabled` without names. */
  isDisabled?: boolean;
  /** Names in lower case. What a virtual host says of names takes the place of all that the main server does. */
  disabledUsers?: Set<string>;
  enabledUsers?: Set<string>;
}
type Cmd = Command<UserdirServerConf, object>;

function addAll(names: Set<string>, more: readonly string[]): void {
  for (const name of more) names.add(name);
}

/** set_user_dir() */
function userDir(cmd: Cmd, text: string): ApplyResult {
  const [keyword, names] = getWord(text);
  if (keyword === '') return 'UserDir requires an argument.';
  const users = wordsUntilEmpty(names).map(asciiLower);
  switch (asciiLower(keyword)) {
    case 'disable':
    case 'disabled':
      if (users.length === 0) cmd.server.isDisabled = true;
      else addAll((cmd.server.disabledUsers ??= new Set()), users);
      return undefined;
    case 'enable':
    case 'enabled':
      if (users.length === 0) cmd.server.isDisabled = false;
      else addAll((cmd.server.enabledUsers ??= new Set()), users);
      return undefined;
    default:
      cmd.server.patterns = wordsUntilEmpty(text).map(compilePattern);
      return undefined;
  }
}

export function mergeServer(base: UserdirServerConf, add: UserdirServerConf): UserdirServerConf {
  const merged: UserdirServerConf = {};
  const isDisabled = add.isDisabled ?? base.isDisabled;
  if (isDisabled !== undefined) merged.isDisabled = isDisabled;
  const patterns = add.patterns ?? base.patterns;
  if (patterns !== undefined) merged.patterns = patterns;
  if (add.disabledUsers !== undefined) merged.disabledUsers = add.disabledUsers;
  if (add.enabledUsers !== undefined) merged.enabledUsers = add.enabledUsers;
  return merged;
}

const directives: readonly AnyRow<UserdirServerConf, object>[] = [
  {
    name: 'UserDir',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    usage:
      "the public subdirectory in users' home directories, or 'disabled', or 'disabled username username...', or 'enabled username username...'",
    apply: userDir,
  },
];

type Place = { readonly directory: string } | { readonly url: string };
/** A user's directory, or a URL to which the rest of the path is added; undefined: the user has no home. */
type Pattern = (user: string, homeOf: (user: string) => string | undefined) => Place | undefined;

export function compilePattern(pattern: string): Pattern {
  const star = pattern.indexOf('*');
  const prefix = star < 0 ? undefined : pattern.slice(0, star);
  const rest = star < 0 ? pattern : pattern.slice(star + 1);
  if (pattern.startsWith('/')) {
    return prefix === undefined
      ? (user) => ({ directory: `${rest}/${user}` })
      : (user) => ({ directory: prefix + user + rest });
  }
  // Measured: what is behind the star is dropped, and without a star nobody is sent anywhere.
  if (prefix?.includes(':') === true) return (user) => ({ url: prefix + user });
  if (rest === '') return (user) => ({ directory: (prefix ?? '') + user });
  return (user, homeOf) => {
    const home = homeOf(user);
    return home === undefined ? undefined : { directory: `${home}/${rest}` };
  };
}

/** translate_userdir() */
function translateUserdir(r: Request): number {
  const { uri } = r;
  if (uri.charCodeAt(1) !== 0x7e || uri.charCodeAt(0) !== 0x2f) return DECLINED;
  const { patterns, isDisabled, disabledUsers, enabledUsers } = modUserdir.server(r.server);
  if (patterns === undefined) return DECLINED;
  const slash = uri.indexOf('/', 2);
  const user = slash < 0 ? uri.slice(2) : uri.slice(2, slash);
  const rest = slash < 0 ? '' : uri.slice(slash);
  if (user === '' || user === '.' || user === '..') return DECLINED;
  const key = asciiLower(user);
  if (disabledUsers?.has(key) === true) return DECLINED;
  if (isDisabled === true && enabledUsers?.has(key) !== true) return DECLINED;
  for (let i = 0; i < patterns.length; i++) {
    const place = (patterns[i] as Pattern)(user, homeDirectory);
    if (place === undefined) continue;
    if ('url' in place) {
      r.headersOut.set('Location', place.url + rest);
      return 302;
    }
    const { directory } = place;
    // The last one is taken whatever is there: a handler may know what to do with it.
    if (i < patterns.length - 1 && typeof statFile(directory) !== 'object') continue;
    r.filename = directory + rest;
    r.contextPrefix = uri.slice(0, uri.length - rest.length);
    r.contextDocumentRoot = directory;
    r.notes.set('mod_userdir_user', user);
    return OK;
  }
  return DECLINED;
}

export const modUserdir = defineModule<UserdirServerConf>({
  name: 'userdir_module',
  file: 'mod_userdir.c',
  directives,
  mergeServer,
  hooks: {
    translateName: { run: translateUserdir, after: ['mod_alias.c'], before: ['mod_vhost_alias.c'] },
  },
});
