/**
 * mod_authn_core: AuthType, AuthName and provider aliases (modules/aaa/mod_authn_core.c). Last to be asked for a user: where AuthType names a
 * scheme that no module has dealt with, the request cannot be answered.
 */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  GLOBAL_ONLY,
  OR_AUTHCFG,
  RSRC_CONF,
} from '../../config/directive.ts';
import type { PerDirConfig } from '../../config/per-dir.ts';
import { getWord, sectionText } from '../../config/words.ts';
import { authType, escapeQuotes } from '../../core/authentication.ts';
import { RequestExprContext } from '../../core/expression-context.ts';
import { type Answer, LAST } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import { type AuthnProvider, findAuthnProvider, registerAuthnProvider } from '../../core/providers.ts';
import type { Request } from '../../core/request.ts';
import { OK } from '../../core/status.ts';
import { withPerDir } from '../../core/walks.ts';
import { compileString, ExprEvaluationError, type StringExpr } from '../../expr/index.ts';

interface DirConf {
  authType?: StringExpr;
  authName?: StringExpr;
}
type Cmd = Command<object, DirConf>;

function mergeDir(base: DirConf, add: DirConf): DirConf {
  return { ...base, ...add };
}

function setText(field: 'authType' | 'authName'): (cmd: Cmd, word: string) => ApplyResult {
  return (cmd, word) => {
    const compiled = compileString(word, { restricted: cmd.isHtaccess });
    if (!compiled.ok) {
      return `Cannot parse expression '${word}' in ${field === 'authType' ? 'AuthType' : 'AuthName'}: ${compiled.error.message}`;
    }
    cmd.dir[field] = compiled.expr;
    return undefined;
  };
}

/** `<AuthnProviderAlias file staff>`: a provider with directives of its own, under another name. */
function providerAlias(cmd: Cmd, text: string): ApplyResult {
  const { name: section } = cmd.node;
  const inner = sectionText(text);
  if (inner === undefined) return `<${section}> directive missing closing '>'`;
  const [name, afterName] = getWord(inner);
  const [alias] = getWord(afterName);
  if (name === '' || alias === '') return `<${section}> directive requires additional arguments`;
  if (name.toLowerCase() === alias.toLowerCase()) {
    return 'The alias provider name must be different from the base provider name.';
  }
  if (findAuthnProvider(cmd.providers, alias) !== undefined) {
    return `The alias provider ${alias} has already be registered previously as either a base provider or an alias provider.`;
  }
  const perDir = cmd.walkSection({ override: OR_AUTHCFG | ACCESS_CONF });
  const base = findAuthnProvider(cmd.providers, name);
  if (base === undefined) return `Unknown Authn provider: ${name}`;
  registerAuthnProvider(cmd.providers, alias, withConfig(base, perDir));
  return undefined;
}

/** A provider that is asked with the alias's own directives on top of the request's. */
function withConfig(base: AuthnProvider, add: PerDirConfig): AuthnProvider {
  const aliased: AuthnProvider = {};
  const { checkPassword, realmHash } = base;
  if (checkPassword !== undefined) {
    aliased.checkPassword = (r, user, password) =>
      withPerDir(r, add, () => checkPassword.call(base, r, user, password));
  }
  if (realmHash !== undefined) {
    aliased.realmHash = (r, user, realm) => withPerDir(r, add, () => realmHash.call(base, r, user, realm));
  }
  return aliased;
}

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'AuthType',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'an HTTP authorization type (e.g., "Basic")',
    apply: setText('authType'),
  },
  {
    name: 'AuthName',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'the authentication realm (e.g. "Members Only")',
    apply: setText('authName'),
  },
  {
    name: '<AuthnProviderAlias',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: "container for grouping an authentication provider's directives under a provider alias",
    apply: providerAlias,
  },
];

function textOf(r: Request, expr: StringExpr | undefined, tag: string, what: string): string | undefined {
  if (expr === undefined) return undefined;
  if (expr.constant !== undefined) return expr.constant;
  try {
    return expr.evaluate(new RequestExprContext(r));
  } catch (error) {
    if (!(error instanceof ExprEvaluationError)) throw error;
    logRequest(
      r,
      'authn_core',
      Level.error,
      tag,
      `${what} expression could not be evaluated: ${error.message}`,
    );
    return undefined;
  }
}

/** `None` takes back what holds outside. */
function typeOf(r: Request): string | undefined {
  const type = textOf(r, modAuthnCore.dir(r).authType, 'AH02834', 'AuthType');
  return type === undefined || type.toLowerCase() === 'none' ? undefined : type;
}

function nameOf(r: Request): string | undefined {
  const name = textOf(r, modAuthnCore.dir(r).authName, 'AH02835', 'AuthName');
  return name === undefined ? undefined : escapeQuotes(name);
}

function refuseUnknownType(r: Request): Answer {
  const type = authType(r);
  if (type === undefined) return OK;
  const message = `AuthType ${type} configured without corresponding module`;
  logRequest(r, 'authn_core', Level.error, 'AH01796', message);
  return 500;
}

export const modAuthnCore = defineModule<object, DirConf>({
  name: 'authn_core_module',
  file: 'mod_authn_core.c',
  directives: rows,
  mergeDir,
  hooks: { authType: typeOf, authName: nameOf, checkUserId: { run: refuseUnknownType, order: LAST } },
  // A Require line alone makes it answer, too: that nobody has to authenticate here.
  always: true,
});
