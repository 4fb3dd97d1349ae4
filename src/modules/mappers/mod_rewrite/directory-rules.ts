/** Rules of sections and .htaccess files: they are applied to the file a URL was mapped to, and a new URL is a new request (hook_fixup). */
import { allowedOptions, coreDir, OPT_SYM_LINKS, OPT_SYM_OWNER } from '../../../core/core-config.ts';
import { documentRoot } from '../../../core/document-root.ts';
import type { Answer } from '../../../core/hooks.ts';
import { KEEPS_VARY_NOTE, redirectInternally } from '../../../core/internal-redirect.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import {
  OPTION_IGNORE_CONTEXT_INFO,
  OPTION_NO_SLASH,
  type RewriteDirConf,
  type RewriteServerConf,
  type Rule,
} from './conf.ts';
import { applyRules, isEnded, PASS_THROUGH, PROXY } from './engine.ts';
import { type Action, Pass, traceLevel, traceRequest, UNCHANGED } from './pass.ts';
import { finalStatus, goToProxy, isProxyResult, redirectTo } from './result.ts';
import { absoluteUri, replacePrefix } from './uri.ts';

export const REDIRECT_HANDLER = 'redirect-handler';
const REDIRECT = 'redirect:';
const NO_RULES: readonly Rule[] = [];

/** Applies the rules of a directory to a request. */
export function rewriteInDirectory(
  r: Request,
  server: Readonly<RewriteServerConf>,
  conf: Readonly<RewriteDirConf>,
  directory: string,
): Answer {
  const options = conf.options ?? 0;
  const isProxied = r.proxyRequest !== 'none' && r.filename?.startsWith(PROXY) === true;
  // The directory itself, without its slash: mod_dir adds that first.
  if (!isProxied && (options & OPTION_NO_SLASH) === 0 && isWithoutSlash(r.filename, directory))
    return DECLINED;
  if (isEnded(r)) {
    if (traceLevel(r) >= 8) traceRequest(r, 8, directory, 'Declining, no further rewriting due to END flag');
    return DECLINED;
  }
  if ((allowedOptions(coreDir(r)) & (OPT_SYM_LINKS | OPT_SYM_OWNER)) === 0) return refuse(r);
  const given = { filename: r.filename, args: r.args };
  const pass = new Pass(r, server.maps, directory, conf.base);
  if (r.filename === undefined) {
    r.filename = r.uri;
    if (pass.trace >= 2) pass.log(2, `init rewrite engine with requested uri ${r.uri}`);
  }
  const action = applyRules(conf.rules ?? NO_RULES, pass);
  return typeof action === 'number'
    ? finish(pass, action, options, given)
    : action.then((value) => finish(pass, value, options, given));
}

function isWithoutSlash(filename: string | undefined, directory: string): boolean {
  return (
    filename !== undefined &&
    filename.length === directory.length - 1 &&
    directory.endsWith('/') &&
    directory.startsWith(filename)
  );
}

function refuse(r: Request): number {
  const message =
    'Options FollowSymLinks and SymLinksIfOwnerMatch are both off, so the RewriteRule directive is also forbidden due to its similar ability ' +
    `to circumvent directory restrictions : ${r.filename ?? ''}`;
  logRequest(r, 'rewrite', Level.error, 'AH00670', message);
  return 403;
}

interface Given {
  readonly filename: string | undefined;
  readonly args: string | undefined;
}

function finish(pass: Pass, action: Action, options: number, given: Given): number {
  const { r } = pass;
  if (action === UNCHANGED) {
    if (pass.trace >= 1) pass.log(1, `pass through ${r.filename}`);
    r.filename = given.filename;
    return DECLINED;
  }
  const uri = r.filename ?? '';
  const absolute = absoluteUri(uri);
  const status = finalStatus(pass, action, absolute, 'AH10411');
  if (status !== undefined) return status;
  if (isProxyResult(uri)) return goToProxy(pass, action, 'AH10160');
  if (absolute !== undefined) {
    r.filename = replaceInUrl(pass, uri, absolute.length);
    return redirectTo(pass, action, absolute, given.args);
  }
  const path =
    uri.length > PASS_THROUGH.length && uri.startsWith(PASS_THROUGH) ? uri.slice(PASS_THROUGH.length) : uri;
  r.filename = path;
  return path.startsWith('/') ? goToUrl(pass, path, options, given.filename) : 400;
}

/** In a URL of this server whose path is the directory's, the directory is replaced by RewriteBase. */
function replaceInUrl(pass: Pass, url: string, schemeLength: number): string {
  const { directory = '', base } = pass;
  if (base === undefined) return url;
  const slash = url.indexOf('/', schemeLength);
  if (slash < 0 || slash + 1 === url.length) return url;
  if (pass.trace >= 2) pass.log(2, `trying to replace prefix ${directory} with ${base}`);
  const prefix = directory.startsWith('/') ? directory.slice(1) : directory;
  const replaced = replace(pass, url.slice(slash + 1), prefix, base.slice(1));
  return replaced === undefined ? url : url.slice(0, slash + 1) + replaced;
}

function replace(pass: Pass, path: string, prefix: string, replacement: string): string | undefined {
  const replaced = replacePrefix(path, prefix, replacement);
  if (replaced === undefined) return undefined;
  const rest = path.slice(prefix.endsWith('/') ? prefix.length : prefix.length + 1);
  if (pass.trace >= 5) traceRequest(pass.r, 5, undefined, `strip matching prefix: ${path} -> ${rest}`);
  if (pass.trace >= 4) traceRequest(pass.r, 4, undefined, `add subst prefix: ${rest} -> ${replaced}`);
  return replaced;
}

/** From a path to the URL it has, and on to that URL by the redirect handler. */
function goToUrl(pass: Pass, path: string, options: number, given: string | undefined): number {
  const { r, directory = '', base } = pass;
  if (path === given) {
    if (pass.trace >= 1) pass.log(1, `initial URL equal rewritten URL: ${path} [IGNORING REWRITE]`);
    return OK;
  }
  let url = path;
  if (base !== undefined) {
    if (pass.trace >= 2) pass.log(2, `trying to replace prefix ${directory} with ${base}`);
    url = replace(pass, path, directory, base) ?? path;
  } else {
    url = withoutDocumentRoot(pass, path);
  }
  if (url === path && (options & OPTION_IGNORE_CONTEXT_INFO) === 0) {
    const root = r.contextDocumentRoot ?? documentRoot(r);
    const prefix = r.contextPrefix ?? '';
    if (pass.trace >= 2) {
      pass.log(2, `trying to replace context docroot ${root} with context prefix ${prefix}`);
    }
    url = replace(pass, path, root, prefix) ?? path;
  }
  r.notes.set(KEEPS_VARY_NOTE, '');
  if (pass.trace >= 1) pass.log(1, `internal redirect with ${url} [INTERNAL REDIRECT]`);
  r.filename = REDIRECT + url;
  r.handler = REDIRECT_HANDLER;
  return OK;
}

function withoutDocumentRoot(pass: Pass, path: string): string {
  const root = documentRoot(pass.r);
  const bare = root.endsWith('/') ? root.slice(0, -1) : root;
  if (!path.startsWith(bare) || path[bare.length] !== '/') return path;
  const url = path.slice(bare.length);
  if (pass.trace >= 2) pass.log(2, `strip document_root prefix: ${path} -> ${url}`);
  return url;
}

/** The handler of what goToUrl() made (handler_redirect). */
export function redirectToUrl(r: Request): Answer {
  const { filename } = r;
  if (filename?.startsWith(REDIRECT) !== true) return DECLINED;
  const url = filename.slice(REDIRECT.length);
  return redirectInternally(r, r.args === undefined ? url : `${url}?${r.args}`);
}
