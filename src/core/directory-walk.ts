/**
 * From a file name to what is there: the directory walk (ap_directory_walk of httpd's server/request.c). Merges `<Directory>` sections and
 * .htaccess files from the root down, checks symbolic links where the options ask for it, and splits off PATH_INFO.
 *
 * Which sections a directory falls in is a function of its name: it is kept per server. One stat of the whole name settles that all of its
 * directories are there; only where links must be checked does the walk look at each of them. What a .htaccess file says of links is obeyed
 * by beginning again that way.
 */
import type { Stats } from 'node:fs';
import type { PerDirConfig } from '../config/per-dir.ts';
import {
  allowedOptions,
  type CoreDirConf,
  coreDirOf,
  coreServer,
  OPT_SYM_OWNER,
  type Section,
} from './core-config.ts';
import { type DirectoryPlan, followsLinks, planOf, plansFor } from './directory-plan.ts';
import { errorText, lstatFile, type StatFailure, type StatResult, statFile } from './files.ts';
import { htaccessOf } from './htaccess.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import { OK } from './status.ts';
import { fallsIn, inForce, NOTHING, onto } from './walks.ts';

/** Directories up from the last that are asked for: a client can name thousands, and below one that is missing nothing is. */
const MOST_CLIMBED = 16;

/** Adds the regular expression sections, which come after all others, and puts all in force. */
function finishSections(r: Request, above: PerDirConfig, path: string): void {
  const sections = coreServer(r.server).directorySections;
  let merged = above;
  // Sorted: they are the last ones.
  let first = sections?.length ?? 0;
  while (first > 0 && sections?.[first - 1]?.regex !== undefined) first--;
  for (let i = first; i < (sections?.length ?? 0); i++) {
    const section = sections?.[i] as Section;
    if (section.regex === undefined || !fallsIn(r, section, path)) continue;
    merged = onto(r, merged, section.perDir);
  }
  r.perDir = inForce(r, merged);
}

/** Client requests that have walked. */
let walks = 0;

/**
 * Walks from `/` to r.filename. Sets perDir, finfo, filename (cut where PATH_INFO begins) and pathInfo. Answers OK or the error status.
 */
export function directoryWalk(r: Request): number {
  const filename = r.filename;
  if (filename === undefined || filename.charCodeAt(0) !== 0x2f) return OK;
  if (r.walk === 0) r.walk = ++walks;
  const plans = plansFor(r.server);
  let slash = filename.lastIndexOf('/');
  let plan = plans.get(filename.slice(0, slash + 1));
  for (let climbed = 1; plan === undefined && slash > 0 && climbed < MOST_CLIMBED; climbed++) {
    slash = filename.lastIndexOf('/', slash - 1);
    plan = plans.get(filename.slice(0, slash + 1));
  }
  if (plan === undefined) {
    slash = 0;
    plan = planOf(r, '/');
  }
  return descend(r, plan, filename, slash);
}

/** Looks down from the deepest directory that is known: most often one look tells. `slash`: the one at the end of that directory. */
function descend(r: Request, known: DirectoryPlan, filename: string, slash: number): number {
  let plan = known;
  let directory: Stats | undefined;
  for (let at = slash; plan.followsLinks; ) {
    let start = at + 1;
    while (filename.charCodeAt(start) === 0x2f) start++;
    if (start >= filename.length) {
      const found = directory ?? lookThrough(filename);
      return typeof found === 'object' ? enter(r, plan, filename, '', found) : guardedWalk(r, filename);
    }
    const next = filename.indexOf('/', start);
    const name = next < 0 ? filename : filename.slice(0, next);
    const found = lookThrough(name);
    if (typeof found !== 'object') {
      // Anything but missing is looked at component by component, so that the status and the log line are those of the component at fault.
      if (found !== 'missing' && found !== 'not-a-directory') return guardedWalk(r, filename);
      if (directory !== undefined) plan.seenBy = r.walk;
      return enter(r, plan, name, filename.slice(name.length), undefined);
    }
    if (!found.isDirectory()) return enter(r, plan, name, filename.slice(name.length), found);
    // A directory named without its slash is still looked up as a directory, for its own sections.
    plan = planOf(r, `${name}/`);
    if (next < 0) return enter(r, plan, name, '', found);
    directory = found;
    at = next;
  }
  return guardedWalk(r, filename);
}

/**
 * What is there under a name, at the end of a link too. `missing`: not even a link; a dangling one is `other`. One call but for links: most
 * names are none.
 */
function lookThrough(name: string): StatResult {
  const found = lstatFile(name);
  if (typeof found !== 'object' || !found.isSymbolicLink()) return found;
  const target = statFile(name);
  return target === 'missing' || target === 'not-a-directory' ? 'other' : target;
}

/** All directories down to the last are there, or were when last seen: what is left are the .htaccess files on the way. */
function enter(
  r: Request,
  plan: DirectoryPlan,
  name: string,
  pathInfo: string,
  found: Stats | undefined,
): number {
  if (!plan.followsLinks) return guardedWalk(r, name + pathInfo);
  const before = r.perDir;
  const { guarded } = plan;
  const merged = guarded.length === 0 ? plan.sections : mergeHtaccess(r, guarded);
  if (typeof merged === 'number') {
    r.perDir = before;
    return merged === CHECK_LINKS ? guardedWalk(r, name + pathInfo) : merged;
  }
  if (found === undefined && !isStillThere(r, plan)) {
    r.perDir = before;
    return guardedWalk(r, name + pathInfo);
  }
  if (pathInfo !== '' && isStrange(found)) {
    r.perDir = before;
    return refuseStrange(r, name);
  }
  plan.seenBy = r.walk;
  return settle(r, merged, name, pathInfo, found);
}

/** Neither file nor directory: a device, a pipe, a socket. */
function isStrange(found: Stats | undefined): boolean {
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

/** httpd lets what is none of both pass where it does not look: at the end of the path, where links may be followed. */
function refuseStrange(r: Request, name: string): number {
  logRequest(r, 'core', Level.error, 'AH00038', `Forbidden: ${name} doesn't point to a file or directory`);
  return 403;
}

/** Nothing was found in a directory: either it is empty, or gone. A .htaccess file in it, or the request's first walk, has shown that it is not. */
function isStillThere(r: Request, { seenBy, place, directory }: DirectoryPlan): boolean {
  if (seenBy === r.walk || place?.found !== undefined) return true;
  const found = lookThrough(directory);
  return typeof found === 'object';
}

/** No status: a .htaccess file has said that links must be looked at. */
const CHECK_LINKS = 0;

function mergeHtaccess(r: Request, guarded: readonly DirectoryPlan[]): PerDirConfig | number {
  let sections = NOTHING;
  let isPlanned = true; // nothing but sections so far
  for (let i = 0; i < guarded.length; i++) {
    const plan = guarded[i] as DirectoryPlan;
    if (isPlanned) sections = plan.sections;
    else for (const own of plan.own) sections = onto(r, sections, own);
    if (plan.place === undefined) continue;
    const said = htaccessOf(r, plan.place, sections);
    if (said === undefined) continue;
    if (typeof said === 'number') return said;
    isPlanned = false;
    sections = onto(r, sections, said);
    if (saysOptions(coreDirOf(said)) && !followsLinks(coreDirOf(inForce(r, sections)))) return CHECK_LINKS;
  }
  return sections;
}

function saysOptions({ options, optionsAdd, optionsRemove }: Readonly<CoreDirConf>): boolean {
  return options !== undefined || optionsAdd !== undefined || optionsRemove !== undefined;
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
  let slash = 0;
  for (;;) {
    const directory = filename.slice(0, slash + 1);
    const entered = enterDirectory(r, sections, directory);
    if (typeof entered === 'number') return entered;
    sections = entered;
    // Past the slash(es): the next component.
    let start = slash + 1;
    while (filename.charCodeAt(start) === 0x2f) start++;
    if (start >= filename.length) {
      const found = statFile(directory);
      return settle(r, sections, filename, '', typeof found === 'object' ? found : undefined);
    }
    const next = filename.indexOf('/', start);
    const name = next < 0 ? filename : filename.slice(0, next);
    const found = lookComponent(r, name);
    if (typeof found === 'number') return found;
    if (typeof found !== 'object' || !found.isDirectory()) {
      const file = typeof found === 'object' ? found : undefined;
      const isSeen = next >= 0 || !followsLinks(coreDirOf(r.perDir));
      if (isSeen && isStrange(file)) return refuseStrange(r, name);
      return settle(r, sections, name, next < 0 ? '' : filename.slice(next), file);
    }
    if (next < 0) {
      // A directory without its slash: its own sections and .htaccess hold for it too.
      const own = enterDirectory(r, sections, `${name}/`);
      return typeof own === 'number' ? own : settle(r, own, name, '', found);
    }
    slash = next;
  }
}

/** Adds a directory's own sections and .htaccess file, which hold from here on; a number is the status that ends the walk. */
function enterDirectory(r: Request, above: PerDirConfig, directory: string): PerDirConfig | number {
  const { own, place } = planOf(r, directory);
  let sections = above;
  for (const add of own) sections = onto(r, sections, add);
  if (place !== undefined) {
    const said = htaccessOf(r, place, sections);
    if (typeof said === 'number') return said;
    if (said !== undefined) sections = onto(r, sections, said);
  }
  r.perDir = inForce(r, sections);
  return sections;
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
    return refuseLink(r, name);
  }
  return target;
}

function refuseLink(r: Request, name: string): number {
  const message = `Symbolic link not allowed or link target not accessible: ${name}`;
  logRequest(r, 'core', Level.error, 'AH00037', message);
  return 403;
}

/** Turns what went wrong with a component into the answer, or lets a missing one pass. */
function explain(r: Request, name: string, failure: StatFailure): StatResult | number {
  if (failure === 'missing' || failure === 'not-a-directory') {
    const itself = lstatFile(name);
    if (typeof itself === 'object' && itself.isSymbolicLink()) {
      return refuseLink(r, name);
    }
    return 'missing';
  }
  if (failure === 'loop') {
    return refuseLink(r, name);
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
  found: Stats | undefined,
): number {
  r.filename = filename;
  r.pathInfo = pathInfo;
  r.finfo = found;
  finishSections(r, sections, filename);
  return OK;
}
