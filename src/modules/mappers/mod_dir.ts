/**
 * mod_dir: what a directory answers with, the slash behind its name, and what stands in for files that are not there
 * (modules/mappers/mod_dir.c). Complete.
 */
import { type AnyRow, type ApplyResult, type Command, OR_INDEXES } from '../../config/directive.ts';
import { wordsUntilEmpty } from '../../config/words.ts';
import { DIRECTORY_TYPE } from '../../core/files.ts';
import type { Answer } from '../../core/hooks.ts';
import { LAST } from '../../core/hooks.ts';
import { takeOver } from '../../core/internal-redirect.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { constructUrl } from '../../core/server-identity.ts';
import { alikeForFiles } from '../../core/siblings.ts';
import { DECLINED, isRedirect, OK } from '../../core/status.ts';
import { lookupUri } from '../../core/subrequest.ts';
import { escapeUri } from '../../http/escape.ts';
import { asciiLower } from '../../lib/ascii.ts';

/** Content type and handler name of a directory (DIR_MAGIC_TYPE). */
const REWRITE_HANDLER = 'redirect-handler';
const DEFAULT_NAMES: readonly string[] = ['index.html'];

export interface DirConf {
  /** Empty after "DirectoryIndex disabled". */
  indexNames?: string[];
  slash?: boolean;
  checkHandler?: boolean;
  /** Status of DirectoryIndexRedirect; 0: Off. */
  redirectStatus?: number;
  /** Empty after "FallbackResource disabled": no argument is. */
  fallback?: string;
}
type Cmd = Command<object, DirConf>;

/** DirectoryIndex: a list; `disabled`, alone, empties what was said before in the same place (add_index). */
function directoryIndex(cmd: Cmd, text: string): ApplyResult {
  const words = wordsUntilEmpty(text);
  const isDisabled = words.length === 1 && words[0]?.toLowerCase() === 'disabled';
  if (isDisabled || cmd.dir.indexNames === undefined) cmd.dir.indexNames = isDisabled ? [] : words;
  else for (const word of words) cmd.dir.indexNames.push(word);
  return undefined;
}

const REDIRECT_WORDS: ReadonlyMap<string, number> = new Map([
  ['on', 302],
  ['off', 0],
  ['permanent', 301],
  ['temp', 302],
  ['seeother', 303],
]);

/** DirectoryIndexRedirect (configure_redirect). */
function indexRedirect(cmd: Cmd, word: string): ApplyResult {
  let status = REDIRECT_WORDS.get(word.toLowerCase());
  if (status === undefined) {
    if (!/^\d/.test(word)) return 'DirectoryIndexRedirect ON|OFF|permanent|temp|seeother|3xx';
    status = Number.parseInt(word, 10);
    if (!isRedirect(status)) return 'DirectoryIndexRedirect only accepts values between 300 and 399';
  }
  cmd.dir.redirectStatus = status;
  return undefined;
}

const directives: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'FallbackResource',
    shape: 'TAKE1',
    where: OR_INDEXES,
    usage: 'Set a default handler',
    apply: (cmd, resource) => void (cmd.dir.fallback = asciiLower(resource) === 'disabled' ? '' : resource),
  },
  {
    name: 'DirectoryIndex',
    shape: 'RAW_ARGS',
    where: OR_INDEXES,
    usage: 'a list of file names',
    apply: directoryIndex,
  },
  {
    name: 'DirectorySlash',
    shape: 'FLAG',
    where: OR_INDEXES,
    usage: 'On or Off',
    apply: (cmd, on) => void (cmd.dir.slash = on),
  },
  {
    name: 'DirectoryCheckHandler',
    shape: 'FLAG',
    where: OR_INDEXES,
    usage: 'On or Off',
    apply: (cmd, on) => void (cmd.dir.checkHandler = on),
  },
  {
    name: 'DirectoryIndexRedirect',
    shape: 'TAKE1',
    where: OR_INDEXES,
    usage: 'On, Off, or a 3xx status code.',
    apply: indexRedirect,
  },
];

function fixupDirectory(r: Request): Answer {
  const { finfo } = r;
  if (finfo === undefined) return r.handler === undefined ? fallBack(r) : DECLINED;
  return finfo.isDirectory() ? serveDirectory(r) : DECLINED;
}

function withArgs(r: Request, name: string): string {
  return r.args === undefined ? name : `${name}?${r.args}`;
}

/** The slash, then the first index file there is (fixup_dir). */
function serveDirectory(r: Request): Answer {
  r.handler ??= DIRECTORY_TYPE;
  if (r.pathInfo !== '') return DECLINED;
  const conf = modDir.dir(r);
  if (!r.uri.endsWith('/')) return addSlash(r, conf);
  if (r.handler === REWRITE_HANDLER) return DECLINED;
  if (conf.checkHandler === true && r.handler !== DIRECTORY_TYPE) {
    // The directory's type must not leak out of a handler that took over.
    if (r.contentType === DIRECTORY_TYPE) r.contentType = undefined;
    return DECLINED;
  }
  // Where indexes are disabled there is no FallbackResource for the directory either.
  if (conf.indexNames?.length === 0) return DECLINED;
  return tryIndexes(r, conf, 0, 0);
}

function addSlash(r: Request, conf: Readonly<DirConf>): number {
  if (conf.slash === false) return DECLINED;
  const isGet = r.method === 'GET' || r.method === 'HEAD';
  if (!isGet && r.getEnv('redirect-carefully') !== undefined) return DECLINED;
  r.headersOut.set('Location', constructUrl(r, withArgs(r, `${escapeUri(r.uri)}/`)));
  return 301;
}

/** Index files from number `from` on. `error`: what the last of those before answered, unless it was just not there. */
function tryIndexes(r: Request, conf: Readonly<DirConf>, from: number, error: number): Answer {
  const names = conf.indexNames ?? DEFAULT_NAMES;
  let lastError = error;
  for (let i = from; i < names.length; i++) {
    const found = lookupUri(r, withArgs(r, names[i] as string));
    const isLast = i === names.length - 1;
    if (found instanceof Promise) {
      return found.then((sub) => {
        const answer = judgeIndex(r, conf, sub, isLast);
        return answer ?? tryIndexes(r, conf, i + 1, errorOf(sub) || lastError);
      });
    }
    const answer = judgeIndex(r, conf, found, isLast);
    if (answer !== undefined) return answer;
    lastError = errorOf(found) || lastError;
  }
  // Rather an error than a listing of what an index file was to hide.
  if (lastError !== 0) return lastError;
  r.notes.set('dir-index-names', names.join(','));
  return fallBack(r);
}

/** Whether a looked-up resource can answer; only regular files and proxied ones do. */
function canServe(sub: Request): boolean {
  return sub.status === 200 && (sub.handler === 'proxy-server' || sub.finfo?.isFile() === true);
}

function errorOf(sub: Request): number {
  return sub.status === 200 || sub.status === 404 ? 0 : sub.status;
}

/** undefined: on to the next name. */
function judgeIndex(r: Request, conf: Readonly<DirConf>, sub: Request, isLast: boolean): number | undefined {
  if (canServe(sub)) {
    const { redirectStatus = 0 } = conf;
    if (redirectStatus !== 0) {
      r.headersOut.set('Location', constructUrl(r, sub.uri));
      return redirectStatus;
    }
    takeOver(r, sub);
    return OK;
  }
  if (isRedirect(sub.status) || (isLast && (sub.status === 406 || sub.status === 401))) {
    takeHeaders(r, sub);
    return sub.status;
  }
  return undefined;
}

/** What a sub-request that answers with an error or a redirect has to say. */
function takeHeaders(r: Request, sub: Request): void {
  r.headersOut.appendAll(sub.headersOut);
  r.errHeadersOut.appendAll(sub.errHeadersOut);
  for (const [name, value] of sub.notes) if (r.getNote(name) === undefined) r.notes.set(name, value);
}

/** FallbackResource for what is not there (fixup_dflt). */
function fallBack(r: Request): Answer {
  const { fallback } = modDir.dir(r);
  if (fallback === undefined || fallback === '') return DECLINED;
  const found = lookupUri(r, withArgs(r, fallback));
  return found instanceof Promise ? found.then((sub) => judgeFallback(r, sub)) : judgeFallback(r, found);
}

function judgeFallback(r: Request, sub: Request): number {
  if (canServe(sub)) {
    takeOver(r, sub);
    return OK;
  }
  if (isRedirect(sub.status)) takeHeaders(r, sub);
  return errorOf(sub) || DECLINED;
}

export const modDir = defineModule<object, DirConf>({
  name: 'dir_module',
  file: 'mod_dir.c',
  directives,
  mergeDir: (base, add) => ({ ...base, ...add }),
  hooks: { fixups: { run: alikeForFiles(fixupDirectory), order: LAST } },
  always: true,
});
