/**
 * From a file name to what is there: the directory walk (ap_directory_walk of httpd's server/request.c). Merges `<Directory>` sections and
 * .htaccess files from the root down, checks symbolic links where the options ask for it, and splits off PATH_INFO.
 *
 * Which sections a directory falls in is a function of its name: it is kept per server. Only where a .htaccess file may stand, or links must
 * be checked, does the walk touch the file system on the way down; elsewhere one stat of the whole name settles it.
 */
import type { Stats } from 'node:fs';
import { OR_UNSET } from '../config/directive.ts';
import { PerDirConfig } from '../config/per-dir.ts';
import { LruCache } from '../lib/lru.ts';
import {
  allowedOptions,
  type CoreDirConf,
  coreDirOf,
  coreServer,
  OPT_SYM_LINKS,
  OPT_SYM_OWNER,
  type Section,
} from './core-config.ts';
import { errorText, lstatFile, type StatFailure, type StatResult, statFile } from './files.ts';
import { htaccessOf } from './htaccess.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import { OK } from './status.ts';
import type { VirtualServer } from './virtual-server.ts';
import { exportGroups, mergeInto } from './walks.ts';

/**
 * Nothing said yet. Sections and .htaccess files are merged among themselves, and what comes of it onto the server's defaults at the end: with
 * UnsetEnv and its like the order shows.
 */
const NOTHING = new PerDirConfig();

/** `add` on top of the sections above it. */
function onto(r: Request, sections: PerDirConfig, add: PerDirConfig): PerDirConfig {
  return sections === NOTHING ? add : mergeInto(r, sections, add);
}

/** What holds where these sections do. */
function inForce(r: Request, sections: PerDirConfig): PerDirConfig {
  return sections === NOTHING ? r.server.lookupDefaults : mergeInto(r, r.server.lookupDefaults, sections);
}

/** What the sections alone say of a directory. */
interface DirectoryPlan {
  /** Without .htaccess files, regular expression sections not yet in it. */
  readonly sections: PerDirConfig;
  /** Neither .htaccess files nor link checks on the way down to it, itself included. */
  readonly isStatic: boolean;
}

const PLANS_KEPT = 4096;
const plansOf = new WeakMap<VirtualServer, LruCache<string, DirectoryPlan>>();

/** Whether a .htaccess file counts where this configuration holds: everywhere but under `AllowOverride None`. */
function allowsHtaccess(conf: Readonly<CoreDirConf>): boolean {
  // What is only forgiven is read too, to be warned of.
  if ((conf.override ?? OR_UNSET) !== 0 || (conf.overrideNonfatal ?? 0) !== 0) return true;
  return conf.overrideList !== undefined && conf.overrideList.size > 0;
}

/** Whether links may be followed unseen where this configuration holds. */
function followsLinks(conf: Readonly<CoreDirConf>): boolean {
  // Both options together mean the stricter one.
  return (allowedOptions(conf) & (OPT_SYM_LINKS | OPT_SYM_OWNER)) === OPT_SYM_LINKS;
}

function isFree(conf: Readonly<CoreDirConf>): boolean {
  return !allowsHtaccess(conf) && followsLinks(conf);
}

/** Merges the `<Directory>` sections for exactly this directory (its slash at the end) onto those above it. */
function mergeDirectory(r: Request, above: PerDirConfig, directory: string, depth: number): PerDirConfig {
  let merged = above;
  const sections = coreServer(r.server).directorySections;
  if (sections === undefined) return merged;
  for (let i = 0; i < sections.length; i++) {
    const section = sections[i] as Section;
    if (section.regex !== undefined || section.components > depth) break; // sorted: shortest first, regular expressions last
    if (section.components === depth && section.matches(directory)) merged = onto(r, merged, section.perDir);
  }
  return merged;
}

/** The plan of a directory (its slash at the end), from the plan of its parent. */
function planOf(r: Request, directory: string): DirectoryPlan {
  let plans = plansOf.get(r.server);
  if (plans === undefined) {
    plans = new LruCache<string, DirectoryPlan>(PLANS_KEPT);
    plansOf.set(r.server, plans);
  }
  const known = plans.get(directory);
  if (known !== undefined) return known;
  let sections = NOTHING;
  let isStatic = true;
  let depth = 0;
  for (let slash = 0; slash >= 0; slash = directory.indexOf('/', slash + 1)) {
    depth++;
    sections = mergeDirectory(r, sections, directory.slice(0, slash + 1), depth);
    isStatic &&= isFree(coreDirOf(inForce(r, sections)));
  }
  const plan = { sections, isStatic };
  plans.set(directory, plan);
  return plan;
}

/** Adds the regular expression sections, which come after all others, and puts all in force. */
function finishSections(r: Request, above: PerDirConfig, path: string): void {
  const sections = coreServer(r.server).directorySections;
  let merged = above;
  // Sorted: they are the last ones.
  let first = sections?.length ?? 0;
  while (first > 0 && sections?.[first - 1]?.regex !== undefined) first--;
  for (let i = first; i < (sections?.length ?? 0); i++) {
    const section = sections?.[i] as Section;
    if (section.regex === undefined || !section.matches(path)) continue;
    exportGroups(r, section.regex, path);
    merged = onto(r, merged, section.perDir);
  }
  r.perDir = inForce(r, merged);
}

/**
 * Walks from `/` to r.filename. Sets perDir, finfo, filename (cut where PATH_INFO begins) and pathInfo. Answers OK or the error status.
 */
export function directoryWalk(r: Request): number {
  const filename = r.filename;
  if (filename === undefined || filename.charCodeAt(0) !== 0x2f) return OK;
  const lastSlash = filename.lastIndexOf('/');
  const plan = planOf(r, filename.slice(0, lastSlash + 1));
  if (!plan.isStatic) return guardedWalk(r, filename);
  const found = statFile(filename);
  if (typeof found === 'object') return arrive(r, filename, '', found, plan);
  return unguardedSearch(r, filename, found);
}

/** The whole name is there. A directory named without its slash is still looked up as a directory, for its own sections. */
function arrive(r: Request, filename: string, pathInfo: string, found: Stats, plan: DirectoryPlan): number {
  r.finfo = found;
  r.filename = filename;
  r.pathInfo = pathInfo;
  if (found.isDirectory() && !filename.endsWith('/')) {
    const own = planOf(r, `${filename}/`);
    if (!own.isStatic) return guardedWalk(r, filename + pathInfo);
    finishSections(r, own.sections, filename);
  } else {
    finishSections(r, plan.sections, filename);
  }
  return OK;
}

/** Nothing is there under the whole name: finds the longest part of it that is, without link checks or .htaccess files. */
function unguardedSearch(r: Request, filename: string, failure: StatFailure): number {
  if (failure === 'denied' || failure === 'too-long' || failure === 'loop' || failure === 'other') {
    // Looked at component by component, so that the status and the log line are those of the component at fault.
    return guardedWalk(r, filename);
  }
  for (
    let slash = filename.lastIndexOf('/', filename.length - 2);
    slash >= 0;
    slash = filename.lastIndexOf('/', slash - 1)
  ) {
    const parent = slash === 0 ? '/' : filename.slice(0, slash);
    const found = statFile(parent);
    if (typeof found !== 'object') {
      if (found === 'missing' || found === 'not-a-directory') continue;
      return guardedWalk(r, filename);
    }
    if (found.isDirectory()) {
      const next = filename.indexOf('/', slash + 1);
      const missing = next < 0 ? filename : filename.slice(0, next);
      // A dangling link is no missing file: it is refused.
      if (typeof lstatFile(missing) === 'object') return guardedWalk(r, filename);
      r.filename = missing;
      r.pathInfo = next < 0 ? '' : filename.slice(next);
      r.finfo = undefined;
      finishSections(r, planOf(r, filename.slice(0, slash + 1)).sections, missing);
      return OK;
    }
    const plan = planOf(r, parent.slice(0, parent.lastIndexOf('/') + 1));
    return arrive(r, parent, filename.slice(slash), found, plan);
  }
  return guardedWalk(r, filename);
}

/**
 * The walk component by component. One that is refused on the way leaves the configuration it began with: a refused link is answered by the
 * server's ErrorDocument, not by one of the directory it is in.
 */
function guardedWalk(r: Request, filename: string): number {
  const before = r.perDir;
  const status = walkComponents(r, filename);
  if (status !== OK) r.perDir = before;
  return status;
}

/** Reads .htaccess files, checks links. */
function walkComponents(r: Request, filename: string): number {
  let sections = NOTHING;
  let depth = 0;
  let slash = 0;
  for (;;) {
    depth++;
    const directory = filename.slice(0, slash + 1);
    const entered = enterDirectory(r, sections, directory, depth);
    if (typeof entered === 'number') return entered;
    sections = entered;
    // Past the slash(es): the next component.
    let start = slash + 1;
    while (filename.charCodeAt(start) === 0x2f) start++;
    if (start >= filename.length) {
      return settle(r, sections, filename, '', statFile(directory));
    }
    const next = filename.indexOf('/', start);
    const name = next < 0 ? filename : filename.slice(0, next);
    const found = lookComponent(r, name);
    if (typeof found === 'number') return found;
    if (typeof found !== 'object' || !found.isDirectory()) {
      return settle(r, sections, name, next < 0 ? '' : filename.slice(next), found);
    }
    if (next < 0) {
      // A directory without its slash: its own sections and .htaccess hold for it too.
      depth++;
      const own = enterDirectory(r, sections, `${name}/`, depth);
      return typeof own === 'number' ? own : settle(r, own, name, '', found);
    }
    slash = next;
  }
}

/** Adds a directory's own sections and .htaccess file, which hold from here on; a number is the status that ends the walk. */
function enterDirectory(
  r: Request,
  above: PerDirConfig,
  directory: string,
  depth: number,
): PerDirConfig | number {
  const sections = mergeDirectory(r, above, directory, depth);
  r.perDir = inForce(r, sections);
  const conf = coreDirOf(r.perDir);
  if (!allowsHtaccess(conf)) return sections;
  const own = htaccessOf(r, directory, conf);
  if (own === undefined || typeof own === 'number') return own ?? sections;
  const merged = onto(r, sections, own);
  r.perDir = inForce(r, merged);
  return merged;
}

/** Looks one component up, under the link rules that hold in the directory it is in (resolve_symlink). */
function lookComponent(r: Request, name: string): StatResult | number {
  const conf = coreDirOf(r.perDir);
  if (followsLinks(conf)) {
    const found = statFile(name);
    return typeof found === 'object' ? found : explain(r, name, found);
  }
  const itself = lstatFile(name);
  if (typeof itself !== 'object') return explain(r, name, itself);
  if (!itself.isSymbolicLink()) return itself;
  const target = statFile(name);
  const mayFollow =
    (allowedOptions(conf) & OPT_SYM_OWNER) !== 0 && typeof target === 'object' && target.uid === itself.uid;
  if (!mayFollow) {
    logRequest(
      r,
      'core',
      Level.error,
      'AH00037',
      `Symbolic link not allowed or link target not accessible: ${name}`,
    );
    return 403;
  }
  return target;
}

/** Turns what went wrong with a component into the answer, or lets a missing one pass. */
function explain(r: Request, name: string, failure: StatFailure): StatResult | number {
  if (failure === 'missing' || failure === 'not-a-directory') {
    const itself = lstatFile(name);
    if (typeof itself === 'object' && itself.isSymbolicLink()) {
      logRequest(
        r,
        'core',
        Level.error,
        'AH00037',
        `Symbolic link not allowed or link target not accessible: ${name}`,
      );
      return 403;
    }
    return 'missing';
  }
  if (failure === 'loop') {
    logRequest(
      r,
      'core',
      Level.error,
      'AH00037',
      `Symbolic link not allowed or link target not accessible: ${name}`,
    );
    return 403;
  }
  const where = `filesystem path '${name}'`;
  if (failure === 'denied') {
    const why = 'because search permissions are missing on a component of the path';
    logRequest(
      r,
      'core',
      Level.error,
      'AH00035',
      `access to ${r.uri} denied (${where}) ${why}`,
      errorText(failure),
    );
  } else {
    logRequest(r, 'core', Level.error, 'AH00036', `access to ${r.uri} failed (${where})`, errorText(failure));
  }
  return 403;
}

function settle(
  r: Request,
  sections: PerDirConfig,
  filename: string,
  pathInfo: string,
  found: StatResult,
): number {
  r.filename = filename;
  r.pathInfo = pathInfo;
  r.finfo = typeof found === 'object' ? found : undefined;
  finishSections(r, sections, filename);
  return OK;
}
