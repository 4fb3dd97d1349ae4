/** Directives of mod_alias: what they may say, and the compiled form of it. */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  NOT_IN_DIR_CONTEXT,
  NOT_IN_DIRECTORY,
  NOT_IN_FILES,
  OR_FILEINFO,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { checkContext } from '../../../config/invoke.ts';
import { compileDirectivePcre } from '../../../config/patterns.ts';
import { isRedirect } from '../../../core/status.ts';
import { positionOf } from '../../../diagnostics/source.ts';
import { compileString } from '../../../expr/index.ts';
import type { AliasDirConf, AliasServerConf, Mapping } from './conf.ts';
import { aliasMatches, isUrl } from './target.ts';

type Cmd = Command<AliasServerConf, AliasDirConf>;
type Row = AnyRow<AliasServerConf, AliasDirConf>;

const BAD_REGEX = 'Regular expression could not be compiled.';

/** add_alias_internal: a global one. `handler`: that of ScriptAlias. */
function addAlias(
  cmd: Cmd,
  fake: string,
  real: string,
  handler: string | undefined,
  isRegex: boolean,
): ApplyResult {
  const misplaced = checkContext(cmd.node.name, NOT_IN_DIR_CONTEXT, cmd);
  if (misplaced !== undefined) return misplaced;
  const regex = isRegex ? compileDirectivePcre(fake, BAD_REGEX) : undefined;
  if (regex !== undefined && 'message' in regex) return regex;
  cmd.server.aliases ??= [];
  const { aliases } = cmd.server;
  if (!isRegex) warnOfOverlap(cmd, fake, aliases);
  aliases.push({ fake, regex, real, handler, status: 0 });
  return undefined;
}

function warnOfOverlap(cmd: Cmd, fake: string, aliases: readonly Mapping[]): void {
  const earlier = aliases.find((alias) =>
    alias.regex === undefined ? aliasMatches(fake, alias.fake) > 0 : alias.regex.test(fake),
  );
  if (earlier === undefined) return;
  const name = `${earlier.handler === undefined ? '' : 'Script'}Alias${earlier.regex === undefined ? '' : 'Match'}`;
  const { source, start } = cmd.node.span;
  cmd.warn(
    `AH00671: The ${cmd.node.name} directive in ${source.name} at line ${positionOf(source, start).line} will probably never match ` +
      `because it overlaps an earlier ${name}.`,
  );
}

/** Alias and ScriptAlias: two arguments outside of sections, an expression in `<Location>`. */
function alias(handler: string | undefined) {
  return (cmd: Cmd, first: string, real: string | undefined): ApplyResult => {
    if (real !== undefined) return addAlias(cmd, first, real, handler, false);
    const misplaced = checkContext(cmd.node.name, NOT_IN_DIRECTORY | NOT_IN_FILES, cmd);
    if (misplaced !== undefined) return misplaced;
    if (cmd.limited !== undefined) return checkContext(cmd.node.name, NOT_IN_DIR_CONTEXT, cmd);
    if (cmd.path === undefined) return 'Alias must have two arguments when used globally';
    const compiled = compileString(first, { restricted: cmd.isHtaccess });
    if (!compiled.ok) return `Cannot parse alias expression '${first}': ${compiled.error.message}`;
    cmd.dir.alias = { expr: compiled.expr, fake: cmd.path, handler };
    return undefined;
  };
}

function aliasMatch(handler: string | undefined) {
  return (cmd: Cmd, pattern: string, real: string): ApplyResult =>
    addAlias(cmd, pattern, real, handler, true);
}

const STATUS_WORDS: ReadonlyMap<string, number> = new Map([
  ['permanent', 301],
  ['temp', 302],
  ['seeother', 303],
  ['gone', 410],
]);

/** The status a first argument names; undefined when it is none. */
export function redirectStatus(word: string): number | undefined {
  const known = STATUS_WORDS.get(word.toLowerCase());
  if (known !== undefined) return known;
  return /^\d/.test(word) ? Number.parseInt(word, 10) : undefined;
}

/** add_redirect_internal. `fallback`: the status when none is named. */
function addRedirect(
  cmd: Cmd,
  fallback: number,
  isRegex: boolean,
  words: readonly [string, string?, string?],
): ApplyResult {
  const [first, second, third] = words;
  const named = redirectStatus(first);
  const status = named ?? fallback;
  if (third !== undefined && named === undefined) return 'Redirect: invalid first argument (of three)';
  const ownTarget =
    second === undefined && named === undefined
      ? first
      : named === undefined || third !== undefined
        ? undefined
        : second;
  const isOwn = second === undefined || (ownTarget !== undefined && isRedirect(status));
  if (cmd.path !== undefined && !isRegex && isOwn) return setRedirect(cmd, status, ownTarget);
  const fake = named === undefined && third === undefined ? first : second;
  const url = named === undefined && third === undefined ? second : third;
  const regex = isRegex ? compileDirectivePcre(fake ?? '', BAD_REGEX) : undefined;
  if (regex !== undefined && 'message' in regex) return regex;
  if (isRedirect(status)) {
    if (url === undefined) return 'URL to redirect to is missing';
    if (!isRegex && !isUrl(url) && !url.startsWith('/')) return 'Redirect to non-URL';
  } else if (url !== undefined) {
    return 'Redirect URL not valid for this status';
  }
  if (fake === undefined) {
    cmd.warn(
      `${cmd.node.name} names neither a URL prefix nor a target and is ignored`,
      'name the prefix, or use it in a <Location>',
    );
    return undefined;
  }
  const mapping: Mapping = { fake, regex, real: url, handler: undefined, status };
  const owner = cmd.path === undefined ? cmd.server : cmd.dir;
  (owner.redirects ??= []).push(mapping);
  return undefined;
}

/** All that falls in the section is redirected. */
function setRedirect(cmd: Cmd, status: number, target: string | undefined): ApplyResult {
  if (!isRedirect(status)) {
    if (target !== undefined) return 'Redirect URL not valid for this status';
    cmd.dir.redirect = { expr: undefined, status };
    return undefined;
  }
  if (target === undefined) return 'URL to redirect to is missing';
  const compiled = compileString(target, { restricted: cmd.isHtaccess });
  if (!compiled.ok) return `Cannot parse redirect expression '${target}': ${compiled.error.message}`;
  cmd.dir.redirect = { expr: compiled.expr, status };
  return undefined;
}

const ANYWHERE = RSRC_CONF | ACCESS_CONF;
const ALIAS_USAGE = 'a fakename and a realname, or a realname in a Location';
const MATCH_USAGE = 'a regular expression and a filename';
const TWO_USAGE = 'a document to be redirected, then the destination URL';
const SCRIPT = 'cgi-script';

export const directives: readonly Row[] = [
  { name: 'Alias', shape: 'TAKE12', where: ANYWHERE, usage: ALIAS_USAGE, apply: alias(undefined) },
  { name: 'ScriptAlias', shape: 'TAKE12', where: ANYWHERE, usage: ALIAS_USAGE, apply: alias(SCRIPT) },
  {
    name: 'Redirect',
    shape: 'TAKE123',
    where: OR_FILEINFO,
    usage: 'an optional status, then document to be redirected and destination URL',
    apply: (cmd, a, b, c) => addRedirect(cmd, 302, false, words(a, b, c)),
  },
  { name: 'AliasMatch', shape: 'TAKE2', where: RSRC_CONF, usage: MATCH_USAGE, apply: aliasMatch(undefined) },
  {
    name: 'ScriptAliasMatch',
    shape: 'TAKE2',
    where: RSRC_CONF,
    usage: MATCH_USAGE,
    apply: aliasMatch(SCRIPT),
  },
  {
    name: 'RedirectMatch',
    shape: 'TAKE23',
    where: OR_FILEINFO,
    usage: 'an optional status, then a regular expression and destination URL',
    apply: (cmd, a, b, c) => addRedirect(cmd, 302, true, words(a, b, c)),
  },
  {
    name: 'RedirectTemp',
    shape: 'TAKE2',
    where: OR_FILEINFO,
    usage: TWO_USAGE,
    apply: (cmd, a, b) => addRedirect(cmd, 302, false, [a, b]),
  },
  {
    name: 'RedirectPermanent',
    shape: 'TAKE2',
    where: OR_FILEINFO,
    usage: TWO_USAGE,
    apply: (cmd, a, b) => addRedirect(cmd, 301, false, [a, b]),
  },
  {
    name: 'RedirectRelative',
    shape: 'FLAG',
    where: OR_FILEINFO,
    usage: 'Set to ON to allow relative redirect targets to be issued as-is',
    apply: (cmd, on) => void (cmd.dir.allowRelative = on),
  },
  {
    name: 'AliasPreservePath',
    shape: 'FLAG',
    where: OR_FILEINFO,
    usage: 'Set to ON to map the full path after the fakename to the realname.',
    apply: (cmd, on) => void (cmd.dir.preservePath = on),
  },
];

function words(a: string, b: string | undefined, c: string | undefined): [string, string?, string?] {
  if (b === undefined) return [a];
  return c === undefined ? [a, b] : [a, b, c];
}
