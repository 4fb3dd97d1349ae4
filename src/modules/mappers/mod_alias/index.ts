/**
 * mod_alias: parts of the URL space mapped to other places of the file system, and redirects (modules/mappers/mod_alias.c). Complete.
 * A redirect outside of sections is done while the name is translated, one inside a section or .htaccess file in the fixups.
 */
import { evaluateText } from '../../../core/expression-context.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { constructUrl } from '../../../core/server-identity.ts';
import { alikeForFiles } from '../../../core/siblings.ts';
import { DECLINED, isRedirect, OK } from '../../../core/status.ts';
import { escapePath } from '../../../http/escape.ts';
import { type Pcre, substitute } from '../../../lib/pcre/index.ts';
import type { AliasDirConf, AliasServerConf, Mapping } from './conf.ts';
import { directives } from './rows.ts';
import { aliasMatches, escapeTarget, isUrl, rootRelativeFile } from './target.ts';

/** Lists: what the virtual host says is looked at first. */
function mergeServer(base: AliasServerConf, add: AliasServerConf): AliasServerConf {
  const merged: AliasServerConf = {};
  const aliases = prepend(add.aliases, base.aliases);
  if (aliases !== undefined) merged.aliases = aliases;
  const redirects = prepend(add.redirects, base.redirects);
  if (redirects !== undefined) merged.redirects = redirects;
  return merged;
}

/** The list: the newer first. Scalars: the newer where it says something. */
function mergeDir(base: AliasDirConf, add: AliasDirConf): AliasDirConf {
  const merged: AliasDirConf = { ...base, ...add };
  const redirects = prepend(add.redirects, base.redirects);
  if (redirects !== undefined) merged.redirects = redirects;
  return merged;
}

function prepend<T>(first: T[] | undefined, second: T[] | undefined): T[] | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return [...first, ...second];
}

/** What a list or a section says of a URL: where to, the status of a redirect; 500 when it could not be made out. */
interface Found {
  readonly target: string;
  readonly status: number;
}
const FAILED = 500;

function tryList(r: Request, list: readonly Mapping[] | undefined): Found | typeof FAILED | undefined {
  if (list === undefined) return undefined;
  for (let i = 0; i < list.length; i++) {
    const mapping = list[i] as Mapping;
    const target =
      mapping.regex === undefined ? targetOfPrefix(r, mapping) : targetOfMatch(r, mapping, mapping.regex);
    if (target === undefined) continue;
    if (target === FAILED) return FAILED;
    if (mapping.handler !== undefined) forceHandler(r, mapping.handler);
    return {
      target: mapping.status === 0 ? rootRelativeFile(r.configuration.serverRoot, target) : target,
      status: mapping.status,
    };
  }
  return undefined;
}

function targetOfPrefix(r: Request, mapping: Mapping): string | undefined {
  const length = aliasMatches(r.uri, mapping.fake);
  if (length === 0) return undefined;
  const real = mapping.real ?? '';
  r.contextPrefix = mapping.fake;
  r.contextDocumentRoot = mapping.real;
  const rest = r.uri.slice(length);
  return mapping.status === 0 ? real + rest : real + escapePath(rest, true);
}

function targetOfMatch(r: Request, mapping: Mapping, regex: Pcre): string | typeof FAILED | undefined {
  const match = regex.exec(r.uri);
  if (match === null) return undefined;
  if (mapping.real === undefined) return '';
  const target = substitute(mapping.real, match);
  if (target === undefined) {
    logRequest(
      r,
      'alias',
      Level.error,
      'AH00672',
      `Regex substitution in '${mapping.real}' failed. Replacement too long?`,
    );
    return FAILED;
  }
  return mapping.status === 0 ? target : escapeTarget(target);
}

/** ScriptAlias: the handler, and the note by which mod_cgi knows that Options ExecCGI need not be looked at. */
function forceHandler(r: Request, handler: string): void {
  r.handler = handler;
  r.notes.set('alias-forced-type', handler);
}

/** Alias with one argument (try_alias). */
function tryOwnAlias(r: Request, conf: Readonly<AliasDirConf>): string | typeof FAILED | undefined {
  const { alias } = conf;
  if (alias === undefined) return undefined;
  let target = evaluateText(alias.expr, r, (reason) => {
    logRequest(r, 'alias', Level.error, 'AH02825', `Can't evaluate alias expression: ${reason}`);
  });
  if (target === undefined) return FAILED;
  if (conf.preservePath === true && alias.fake !== undefined) {
    const length = aliasMatches(r.uri, alias.fake);
    if (length > 0) {
      r.contextPrefix = alias.fake;
      r.contextDocumentRoot = target;
      target += r.uri.slice(length);
    }
  }
  if (alias.handler !== undefined) forceHandler(r, alias.handler);
  return rootRelativeFile(r.configuration.serverRoot, target);
}

/** Redirect without a prefix (try_redirect). */
function tryOwnRedirect(r: Request, conf: Readonly<AliasDirConf>): Found | typeof FAILED | undefined {
  const { redirect } = conf;
  if (redirect === undefined) return undefined;
  const { expr, status } = redirect;
  if (expr === undefined) return { target: '', status };
  const target = evaluateText(expr, r, (reason) => {
    logRequest(r, 'alias', Level.error, 'AH02826', `Can't evaluate redirect expression: ${reason}`);
  });
  return target === undefined ? FAILED : { target: escapeTarget(target), status };
}

/** Sets Location; answers the status. `tags`: AH numbers of the two messages. */
function redirect(
  r: Request,
  found: Found,
  conf: Readonly<AliasDirConf>,
  tags: readonly [string, string],
): number {
  if (!isRedirect(found.status)) return found.status;
  let url = found.target;
  if (url.startsWith('/') && conf.allowRelative !== true) {
    url = constructUrl(r, url);
    const message = `incomplete redirection target of '${found.target}' for URI '${r.uri}' modified to '${url}'`;
    logRequest(r, 'alias', Level.debug, tags[0], message);
  } else if (!url.startsWith('/') && !isUrl(url)) {
    const message = `cannot redirect '${r.uri}' to '${url}'; target is not a valid absoluteURI or abs_path`;
    logRequest(r, 'alias', Level.error, tags[1], message);
    return 500;
  }
  // The client's query goes along unless the configuration gives its own.
  if (r.args !== undefined && !url.includes('?')) url += `?${r.args}`;
  r.headersOut.set('Location', url);
  return found.status;
}

function translateAlias(r: Request): number {
  const first = r.uri.charCodeAt(0);
  if (first !== 0x2f && r.uri !== '') return DECLINED;
  const server = modAlias.server(r.server);
  const dir = modAlias.dir(r);
  const redirected = tryOwnRedirect(r, dir) ?? tryList(r, server.redirects);
  if (redirected !== undefined) {
    return redirected === FAILED ? FAILED : redirect(r, redirected, dir, ['AH00673', 'AH00674']);
  }
  const own = tryOwnAlias(r, dir);
  if (own !== undefined) {
    if (own === FAILED) return FAILED;
    r.filename = own;
    return OK;
  }
  const alias = tryList(r, server.aliases);
  if (alias === undefined) return DECLINED;
  if (alias === FAILED) return FAILED;
  r.filename = alias.target;
  return OK;
}

function fixupRedirect(r: Request): number {
  const dir = modAlias.dir(r);
  if (dir.redirect === undefined && dir.redirects === undefined) return DECLINED;
  const found = tryOwnRedirect(r, dir) ?? tryList(r, dir.redirects);
  if (found === undefined) return DECLINED;
  return found === FAILED ? FAILED : redirect(r, found, dir, ['AH00675', 'AH00676']);
}

function saysNothing(r: Request): boolean {
  const { redirect: own, redirects } = modAlias.dir(r);
  return own === undefined && redirects === undefined;
}

export const modAlias = defineModule<AliasServerConf, AliasDirConf>({
  name: 'alias_module',
  file: 'mod_alias.c',
  directives,
  mergeServer,
  mergeDir,
  hooks: { translateName: translateAlias, fixups: alikeForFiles(fixupRedirect, saysNothing) },
});
