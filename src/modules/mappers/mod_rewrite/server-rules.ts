/** Rules outside of sections: they say what a URL stands for before anything else does (hook_uri2file). */
import { documentRoot, translateToDocumentRoot } from '../../../core/document-root.ts';
import { statFile } from '../../../core/files.ts';
import type { Answer } from '../../../core/hooks.ts';
import { homeDirectory } from '../../../core/owner-names.ts';
import type { Request } from '../../../core/request.ts';
import { constructUrl } from '../../../core/server-identity.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { normalizePath } from '../../../http/uri.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import {
  OPTION_ANY_URI,
  OPTION_LEGACY_PREFIX_DOCROOT,
  OPTION_UNSAFE_PREFIX_STAT,
  type RewriteDirConf,
  type RewriteServerConf,
  type Rule,
} from './conf.ts';
import { applyRules, isEnded, isReduced, PASS_THROUGH } from './engine.ts';
import { type Action, Pass, traceLevel, traceRequest, UNCHANGED } from './pass.ts';
import { finalStatus, goToProxy, isProxyResult, redirectTo } from './result.ts';
import { absoluteUri } from './uri.ts';

const ABSOLUTE = { mergeSlashes: true, allowAboveRoot: true } as const;
const NO_RULES: readonly Rule[] = [];

/** Applies the rules of the server to a request. */
export function rewriteUrl(
  r: Request,
  conf: Readonly<RewriteServerConf>,
  dir: Readonly<RewriteDirConf>,
): Answer {
  if (isEnded(r)) {
    if (traceLevel(r) >= 8) traceRequest(r, 8, undefined, 'Declining, no further rewriting due to END flag');
    return DECLINED;
  }
  if (((dir.options ?? 0) & OPTION_ANY_URI) === 0 && (r.unparsedUri === '*' || !r.uri.startsWith('/'))) {
    if (traceLevel(r) >= 8) traceRequest(r, 8, undefined, notAPath(r.uri));
    return DECLINED;
  }
  const given = r.args;
  exportUrl(r);
  const pass = new Pass(r, conf.maps, undefined, undefined);
  if (r.filename === undefined) {
    r.filename = r.uri;
    if (pass.trace >= 2) pass.log(2, `init rewrite engine with requested uri ${r.uri}`);
  } else if (pass.trace >= 2) {
    pass.log(2, `init rewrite engine with passed filename ${r.filename}. Original uri = ${r.uri}`);
  }
  const action = applyRules(conf.rules ?? NO_RULES, pass);
  return typeof action === 'number'
    ? finish(pass, action, conf, given)
    : action.then((value) => finish(pass, value, conf, given));
}

function notAPath(uri: string): string {
  return (
    `Declining, request-URI '${uri}' is not a URL-path. Consult the manual entry for the RewriteOptions directive for options and caveats ` +
    'about matching other strings.'
  );
}

/** SCRIPT_URL, the path the client asked for, and SCRIPT_URI, the same with scheme and host. */
function exportUrl(r: Request): void {
  const given =
    r.main === undefined ? (r.getEnv('REDIRECT_SCRIPT_URL') ?? r.uri) : r.main.getEnv('SCRIPT_URL');
  if (given !== undefined) r.env.set('SCRIPT_URL', given);
  r.env.set('SCRIPT_URI', constructUrl(r, given ?? ''));
}

function finish(
  pass: Pass,
  action: Action,
  conf: Readonly<RewriteServerConf>,
  given: string | undefined,
): number {
  const { r } = pass;
  if (action === UNCHANGED) {
    if (pass.trace >= 1) pass.log(1, `pass through ${r.filename}`);
    return DECLINED;
  }
  const uri = r.filename ?? '';
  const absolute = absoluteUri(uri);
  const status = finalStatus(pass, action, absolute, 'AH10410');
  if (status !== undefined) return status;
  if (isProxyResult(uri)) return goToProxy(pass, action, 'AH00669');
  if (absolute !== undefined) return redirectTo(pass, action, absolute, given);
  if (uri.length > PASS_THROUGH.length && uri.startsWith(PASS_THROUGH)) {
    r.uri = uri.slice(PASS_THROUGH.length);
    return DECLINED;
  }
  return goToFile(pass, expandHome(uri), conf.options ?? 0);
}

/** `/~user` is the user's home directory. */
function expandHome(path: string): string {
  if (!path.startsWith('/~')) return path;
  const slash = path.indexOf('/', 2);
  const home = homeDirectory(path.slice(2, slash < 0 ? path.length : slash));
  if (home === undefined) return path;
  if (slash < 0) return home;
  return (home.endsWith('/') ? home.slice(0, -1) : home) + path.slice(slash);
}

/** A local path: of the file system when its first component is there and may be meant, else below the DocumentRoot. */
function goToFile(pass: Pass, path: string, options: number): number {
  const { r } = pass;
  r.filename = path;
  if (pass.trace >= 2) traceRequest(r, 2, undefined, `local path result: ${path}`);
  if (!path.startsWith('/')) return 400;
  const isUrl = (options & OPTION_LEGACY_PREFIX_DOCROOT) === 0 && isReduced(r);
  if (isUrl || !isFilePath(pass, path, options)) {
    const status = translateToDocumentRoot(r, path);
    if (status !== OK) {
      if (pass.trace >= 1) pass.log(1, `prefixing with document_root of ${path} FAILED`);
      return status;
    }
    if (pass.trace >= 2) pass.log(2, `prefixed with document_root to ${r.filename}`);
  }
  if (pass.trace >= 1) pass.log(1, `go-ahead with ${r.filename} [OK]`);
  // What the sections are looked for by has no dot segments (ap_directory_walk).
  r.filename = normalizePath(r.filename, ABSOLUTE).path;
  return OK;
}

/**
 * prefix_stat: whether a path begins with something that is there, and is meant as a file's: written so in the rule, or below the DocumentRoot or
 * the directory of the Alias; anything else only with UnsafePrefixStat (CVE-2024-38475).
 */
function isFilePath(pass: Pass, path: string, options: number): boolean {
  const slash = path.indexOf('/', 1);
  const prefix = slash < 0 ? path : path.slice(0, slash);
  if (typeof statFile(prefix) !== 'object') return false;
  const rule = (options & OPTION_UNSAFE_PREFIX_STAT) === 0 ? pass.lastRule : undefined;
  if (rule === undefined) {
    if (pass.trace >= 3) pass.log(3, `prefix_stat no lastsub subst prefix ${prefix}`);
    return true;
  }
  const { allowsPrefix } = rule.flags;
  if (pass.trace >= 3) {
    const flag = allowsPrefix ? UNSAFE_PREFIX_STAT : 0;
    pass.log(3, `prefix_stat compare statpath ${prefix} and lastsub output ${rule.text} STATOK ${flag} `);
  }
  if (allowsPrefix) return true;
  const root = documentRoot(pass.r);
  const contextRoot = pass.r.contextDocumentRoot;
  return (
    startsWith(pass, rule.text, prefix) ||
    startsWith(pass, path, root) ||
    (contextRoot !== undefined && startsWith(pass, path, contextRoot))
  );
}

/** The bit of the flag, as httpd prints it. */
const UNSAFE_PREFIX_STAT = 0x400000;

function startsWith(pass: Pass, text: string, start: string): boolean {
  const starts = asciiLower(text).startsWith(asciiLower(start));
  if (pass.trace >= 5) pass.log(5, `prefix_stat startsWith(${text}, ${start}) ${starts ? 1 : 0}`);
  return starts;
}
