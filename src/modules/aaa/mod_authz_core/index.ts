/**
 * mod_authz_core: Require lines and the blocks they stand in (modules/aaa/mod_authz_core.c). It asks twice: before anybody has authenticated,
 * where an answer that a user name may change leads to authentication, and after that.
 */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  type DirectiveError,
  GLOBAL_ONLY,
  OR_AUTHCFG,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { getWord, sectionText } from '../../../config/words.ts';
import { authType, noteAuthFailure } from '../../../core/authentication.ts';
import { isRegisteredMethod } from '../../../core/core-config.ts';
import { type Answer, LAST } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { methodScope } from '../../../core/method-scope.ts';
import { defineModule } from '../../../core/module.ts';
import {
  type AuthzCheck,
  type AuthzResult,
  findAuthzProvider,
  type RequireCommand,
  registerAuthzProvider,
} from '../../../core/providers.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { withPerDir } from '../../../core/walks.ts';
import { requireAll, requireEnv, requireExpr, requireMethod } from './basic-providers.ts';
import {
  addTo,
  ask,
  checkBlock,
  type Logic,
  mergeBlocks,
  nameOf,
  newBlock,
  type RequireBlock,
} from './tree.ts';

export interface DirConf {
  /** The tree; while a block is read, that block. */
  section?: RequireBlock | undefined;
  /** AuthMerging. */
  merging?: Logic | 'off' | undefined;
  forbiddenOnFailure?: boolean;
}
type Cmd = Command<object, DirConf>;

/** AuthMerging of the newer decides; one that says nothing of authorization leaves it as it was (merge_authz_core_dir_config). */
export function mergeDir(base: DirConf, add: DirConf): DirConf {
  const merged: DirConf = {};
  const forbidden = add.forbiddenOnFailure ?? base.forbiddenOnFailure;
  if (forbidden !== undefined) merged.forbiddenOnFailure = forbidden;
  if (add.section === undefined && add.merging === undefined) {
    merged.section = base.section;
    merged.merging = base.merging;
    return merged;
  }
  merged.merging = add.merging;
  if (add.merging === undefined || add.merging === 'off') merged.section = add.section;
  else if (base.section === undefined || add.section === undefined)
    merged.section = add.section ?? base.section;
  else merged.section = mergeBlocks(base.section, add.section, add.merging);
  return merged;
}

/** The tree of the section being read; one that was not there is checked when all of the configuration is known. */
function sectionOf(cmd: Cmd): RequireBlock {
  const { dir } = cmd;
  if (dir.section === undefined) {
    const section = newBlock('any');
    dir.section = section;
    // httpd checks what it reads at start; an access file that can grant nothing just grants nothing.
    if (!cmd.isHtaccess) cmd.afterwards(() => onlyNegative(section));
  }
  return dir.section;
}

function onlyNegative(section: RequireBlock): ApplyResult {
  const fault = checkBlock(section);
  if (fault === undefined) return undefined;
  const what = fault === section ? '<Directory>, <Location>, or similar' : nameOf(fault);
  // httpd finds this after reading, and says so without a line's number.
  return {
    code: 'AL0002',
    message: `AH01624: ${what} directive contains only negative authorization directives`,
  };
}

function requireLine(cmd: Cmd, raw: string): ApplyResult {
  let [name, args] = getWord(raw);
  const negate = name.toLowerCase() === 'not';
  if (negate) [name, args] = getWord(args);
  args = args.trimStart();
  const provider = findAuthzProvider(cmd.providers, name);
  if (provider === undefined) return `Unknown Authz provider: ${name}`;
  const check = provider.compile(requireCommand(cmd), args);
  if (typeof check !== 'function') return inside(check, cmd.node.args.length - args.length);
  const line = { kind: 'line', text: `${name} ${args}`, negate, scope: methodScope(cmd), check } as const;
  return addTo(sectionOf(cmd), line);
}

function requireCommand(cmd: Cmd): RequireCommand {
  return {
    isHtaccess: cmd.isHtaccess,
    isRegisteredMethod: (method) => isRegisteredMethod(cmd.mainServer, method),
    serverRootRelative: (path) => cmd.serverRootRelative(path),
    warn: (message) => cmd.warn(message),
  };
}

/** Moves an error's place by what stands before the text it counts in. */
function inside(error: DirectiveError, by: number): DirectiveError {
  return error.offset === undefined ? error : { ...error, offset: error.offset + by };
}

const BLOCKS: Readonly<Record<string, { logic: Logic; negate: boolean }>> = {
  '<requireall': { logic: 'all', negate: false },
  '<requireany': { logic: 'any', negate: false },
  '<requirenone': { logic: 'any', negate: true },
};

function requireBlock(cmd: Cmd, text: string): ApplyResult {
  const { name, key, children = [] } = cmd.node;
  const args = sectionText(text);
  if (args === undefined) return `<${name}> directive missing closing '>'`;
  if (args.trim() !== '') return `<${name}> directive doesn't take additional arguments`;
  const { logic, negate } = BLOCKS[key] as { logic: Logic; negate: boolean };
  const block = newBlock(logic, negate);
  const { dir } = cmd;
  const outer = dir.section;
  dir.section = block;
  // Inside, what is forbidden in <Limit> is forbidden too: as if this were a <Limit> of all methods.
  const limited = cmd.limited === undefined ? { limited: new Set<string>(), limitExcept: true } : {};
  cmd.walkChildren({ override: OR_AUTHCFG, ...limited });
  dir.section = outer;
  if (block.children.length === 0) {
    // Lines that were refused have been reported already.
    if (children.some((child) => /^<?require/.test(child.key))) return undefined;
    return `${nameOf(block)} directive contains no authorization directives`;
  }
  return addTo(sectionOf(cmd), block);
}

function authMerging(cmd: Cmd, word: string): ApplyResult {
  switch (word.toLowerCase()) {
    case 'off':
      cmd.dir.merging = 'off';
      return undefined;
    case 'and':
      cmd.dir.merging = 'all';
      return undefined;
    case 'or':
      cmd.dir.merging = 'any';
      return undefined;
    default:
      return 'AuthMerging must be one of: Off | And | Or';
  }
}

/** `<AuthzProviderAlias base alias "args">`: a Require line with arguments and directives of its own, under a name. */
function providerAlias(cmd: Cmd, text: string): ApplyResult {
  const { name: section } = cmd.node;
  const inner = sectionText(text);
  if (inner === undefined) return `<${section}> directive missing closing '>'`;
  const [name, afterName] = getWord(inner);
  const [alias, afterAlias] = getWord(afterName);
  const [args, afterArgs] = getWord(afterAlias);
  if (name === '' || alias === '') return `<${section}> directive requires additional arguments`;
  const [extra] = getWord(afterArgs);
  if (extra !== '') {
    cmd.warn(
      `AH10142: When several arguments (${args} ${extra}...) are passed to a <${section} directive, they must be enclosed in quotation ` +
        'marks.  Otherwise, only the first one is taken into account',
    );
  }
  const perDir = cmd.walkSection({ override: OR_AUTHCFG | ACCESS_CONF });
  const base = findAuthzProvider(cmd.providers, name);
  if (base === undefined) return `Unknown Authz provider: ${name}`;
  const check = base.compile(requireCommand(cmd), args);
  if (typeof check !== 'function') return `Can't parse 'Require ${name} ${args}': ${check.message}`;
  const aliased: AuthzCheck = (r) => withPerDir(r, perDir, () => check(r));
  registerAuthzProvider(cmd.providers, alias, { compile: () => aliased });
  return undefined;
}

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: '<AuthzProviderAlias',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: "container for grouping an authorization provider's directives under a provider alias",
    apply: providerAlias,
  },
  {
    name: 'Require',
    shape: 'RAW_ARGS',
    where: OR_AUTHCFG,
    usage: 'specifies authorization directives which one must pass (or not) for a request to suceeed',
    apply: requireLine,
  },
  {
    name: '<RequireAll',
    shape: 'RAW_ARGS',
    where: OR_AUTHCFG,
    usage:
      'container for grouping authorization directives of which none must fail and at least one must pass for a request to succeed',
    apply: requireBlock,
  },
  {
    name: '<RequireAny',
    shape: 'RAW_ARGS',
    where: OR_AUTHCFG,
    usage: 'container for grouping authorization directives of which one must pass for a request to succeed',
    apply: requireBlock,
  },
  {
    name: '<RequireNone',
    shape: 'RAW_ARGS',
    where: OR_AUTHCFG,
    usage: 'container for grouping authorization directives of which none must pass for a request to succeed',
    apply: requireBlock,
  },
  {
    name: 'AuthMerging',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage:
      "controls how a <Directory>, <Location>, or similar directive's authorization directives are combined with those of its predecessor",
    apply: authMerging,
  },
  {
    name: 'AuthzSendForbiddenOnFailure',
    shape: 'FLAG',
    where: OR_AUTHCFG,
    usage:
      "Controls if an authorization failure should result in a '403 FORBIDDEN' response instead of the HTTP-conforming '401 UNAUTHORIZED'",
    apply: (cmd, on) => void (cmd.dir.forbiddenOnFailure = on),
  },
];

/** Before authentication: what needs no user is decided here; DECLINED asks for one. */
function authorizeUserless(r: Request): Answer {
  return authorize(r, false);
}

function authorizeUser(r: Request): Answer {
  return authorize(r, true);
}

function authorize(r: Request, isAuthenticated: boolean): Answer {
  const conf = modAuthzCore.dir(r);
  if (conf.section === undefined) {
    if (authType(r) !== undefined) {
      const message = 'AuthType configured with no corresponding authorization directives';
      logRequest(r, 'authz_core', Level.error, 'AH01627', message);
      return 500;
    }
    logRequest(r, 'authz_core', Level.debug, 'AH01628', 'authorization result: granted (no directives)');
    return OK;
  }
  const answer = ask(r, conf.section, 'all');
  if (typeof answer === 'string') return statusOf(r, conf, answer, isAuthenticated);
  return answer.then((result) => statusOf(r, conf, result, isAuthenticated));
}

function statusOf(r: Request, conf: DirConf, result: AuthzResult, isAuthenticated: boolean): number {
  switch (result) {
    case 'granted':
      return OK;
    case 'general-error':
      return 500;
    case 'denied-no-user':
      if (!isAuthenticated) return DECLINED;
      logRequest(
        r,
        'authz_core',
        Level.error,
        'AH01629',
        `authorization failure (no authenticated user): ${r.uri}`,
      );
      noteAuthFailure(r);
      return 401;
    default:
      return refusal(r, conf, isAuthenticated);
  }
}

function refusal(r: Request, conf: DirConf, isAuthenticated: boolean): number {
  if (!isAuthenticated || authType(r) === undefined) {
    const what = r.filename ?? `uri ${r.uri}`;
    logRequest(r, 'authz_core', Level.error, 'AH01630', `client denied by server configuration: ${what}`);
    return 403;
  }
  const message = `user ${r.user}: authorization failure for "${r.uri}": `;
  logRequest(r, 'authz_core', Level.error, 'AH01631', message);
  if (conf.forbiddenOnFailure === true) return 403;
  // To ask again with another name is all that can help.
  noteAuthFailure(r);
  return 401;
}

export const modAuthzCore = defineModule<object, DirConf>({
  name: 'authz_core_module',
  file: 'mod_authz_core.c',
  directives: rows,
  mergeDir,
  hooks: {
    accessCheckerEx: { run: authorizeUserless, order: LAST },
    authChecker: { run: authorizeUser, order: LAST },
  },
  authzProviders: { all: requireAll, env: requireEnv, expr: requireExpr, method: requireMethod },
  // Without it nobody says that a request may be answered at all.
  always: true,
});
