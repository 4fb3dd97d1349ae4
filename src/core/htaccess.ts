/**
 * .htaccess files on the request path: each is parsed once per (path, inode, size, modification, grant) and looked at by one stat per request,
 * so that an edit counts at once (ap_parse_htaccess of server/config.c). What is known of a file belongs to the place it stands in, and goes
 * with it.
 */
import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { type ApplyRun, applyHtaccess } from '../config/apply.ts';
import { OR_UNSET } from '../config/directive.ts';
import type { PerDirConfig } from '../config/per-dir.ts';
import { readHtaccess } from '../config/read/index.ts';
import type { ConfigNode } from '../config/tree.ts';
import { type Problem, Problems } from '../diagnostics/problem.ts';
import { LruCache } from '../lib/lru.ts';
import { compilingFor } from './compilation.ts';
import type { Configuration } from './configuration.ts';
import { type CoreDirConf, coreServer } from './core-config.ts';
import { type FileStamp, isSameFile, isSettled, stampOf } from './file-stamp.ts';
import { errorText, openFile, type StatFailure, type StatResult, statFile } from './files.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import type { VirtualServer } from './virtual-server.ts';
import { inForce } from './walks.ts';

interface Parsed {
  readonly path: string;
  readonly stamp: FileStamp;
  readonly perDir: PerDirConfig;
  /** Text of the first error; the directory is then not served. */
  readonly error: string | undefined;
  /** What httpd says at every reading of the file, and it reads it for every request. */
  readonly warnings: readonly Problem[];
}

/** Source text of the files whose meaning is kept, for all virtual hosts together (bytes); long lists of rules take thirty to fifty times that in memory. */
const TEXT_KEPT = 1536 * 1024;
/** What a file counts for beside its text: even an empty one is a configuration. */
const FILE_OVERHEAD = 256;
const DEFAULT_NAMES: readonly string[] = ['.htaccess'];

/** A directory in which access files count. */
export class AccessPlace {
  /** With its slash at the end. */
  readonly directory: string;
  /** What AllowOverride grants there. */
  readonly grant: Readonly<CoreDirConf>;
  /** Names of its access files; the first that exists counts. */
  readonly paths: readonly string[];
  parsed: Parsed | undefined;
  /** What its file counted for when it was kept (bytes). */
  keptSize = 0;
  /** The client's request that looked last, and what it found: its redirects and sub-requests are told the same (r->htaccess). */
  askedBy = 0;
  found: PerDirConfig | undefined;

  constructor(directory: string, grant: Readonly<CoreDirConf>, server: VirtualServer) {
    this.directory = directory;
    this.grant = grant;
    this.paths = (coreServer(server).accessFileNames ?? DEFAULT_NAMES).map((name) => directory + name);
  }
}

/** The places whose files are kept, in the order in which they were read. */
const keptOf = new WeakMap<Configuration, LruCache<AccessPlace, AccessPlace>>();

function keep(r: Request, place: AccessPlace, parsed: Parsed): void {
  let kept = keptOf.get(r.configuration);
  if (kept === undefined) {
    kept = new LruCache<AccessPlace, AccessPlace>({
      maxBytes: TEXT_KEPT,
      sizeOf: ({ keptSize }) => keptSize,
      onEvict: (old) => {
        old.parsed = old.found = undefined;
        old.askedBy = 0;
      },
    });
    keptOf.set(r.configuration, kept);
  }
  kept.delete(place); // counted by its size of before
  place.keptSize = parsed.stamp.size + FILE_OVERHEAD;
  place.parsed = parsed;
  if (!kept.set(place, place)) place.parsed = undefined;
}

/**
 * The configuration of the access file in a directory; undefined for none, a status when it cannot be used. `sections`: what holds there
 * without it; events are logged under that.
 */
export function htaccessOf(
  r: Request,
  place: AccessPlace,
  sections: PerDirConfig,
): PerDirConfig | number | undefined {
  if (place.askedBy === r.walk) return place.found;
  const found = lookFor(r, place, sections);
  if (typeof found === 'number') return found;
  place.askedBy = r.walk;
  place.found = found;
  return found;
}

function lookFor(r: Request, place: AccessPlace, sections: PerDirConfig): PerDirConfig | number | undefined {
  const { paths } = place;
  for (let i = 0; i < paths.length; i++) {
    const path = paths[i] as string;
    const found = statFile(path);
    if (found === 'missing' || found === 'not-a-directory') continue;
    const { parsed } = place;
    if (typeof found === 'object' && parsed?.path === path && isSameFile(parsed.stamp, found)) {
      if (parsed.error === undefined && parsed.warnings.length === 0) return parsed.perDir;
      r.perDir = inForce(r, sections);
      return use(r, parsed);
    }
    r.perDir = inForce(r, sections);
    return readAnew(r, place, path, found);
  }
  place.parsed = undefined;
  return undefined;
}

function readAnew(r: Request, place: AccessPlace, path: string, found: StatResult): PerDirConfig | number {
  place.parsed = undefined;
  if (typeof found !== 'object') return unreadable(r, place.directory, path, found);
  if (!found.isFile()) {
    const message = `Access to file ${path} denied by server: not a regular file`;
    logRequest(r, 'core', Level.error, 'AH00554', message);
    return unreadable(r, place.directory, path, 'denied');
  }
  const parsed = parse(r, path, place);
  if (typeof parsed === 'string') return unreadable(r, place.directory, path, parsed);
  if (isSettled(parsed.stamp)) keep(r, place, parsed);
  return use(r, parsed);
}

/** What a file says, with the events that httpd logs whenever it reads it. */
function use(r: Request, { perDir, error, warnings }: Parsed): PerDirConfig | number {
  // Sub-requests and redirects of a request share what was read for it.
  if (r.main === undefined && r.prev === undefined) {
    for (const { code, message } of warnings) logRequest(r, 'core', Level.warn, code, message);
  }
  if (error === undefined) return perDir;
  logRequest(r, 'core', Level.alert, '', error);
  return 500;
}

function unreadable(r: Request, directory: string, path: string, why: StatFailure): number {
  const advice = `unable to check htaccess file, ensure it is readable and that '${directory}' is executable`;
  logRequest(r, 'core', Level.crit, 'AH00529', `${path} pcfg_openfile: ${advice}`, errorText(why));
  r.notes.set('error-notes', 'Server unable to read htaccess file, denying access to be safe');
  return 403;
}

/** AllowOverride Nonfatal=Unknown: a line in the log is all that comes of it. */
function forgive({ key, span }: ConfigNode, problems: Problems): 'skip' {
  const message = `Unknown directive ${key} perhaps misspelled or defined by a module not included in the server configuration`;
  problems.add({ code: 'AH02296', severity: 'warning', message, span });
  return 'skip';
}

function parse(r: Request, path: string, { directory, grant: conf }: AccessPlace): Parsed | StatFailure {
  const fd = openFile(path);
  if (typeof fd !== 'number') return fd;
  try {
    const stamp = stampOf(fstatSync(fd));
    const text = readFileSync(fd, 'latin1');
    const problems = new Problems();
    const { lookup, providers, serverRoot, environment } = r.configuration;
    const run: ApplyRun = {
      lookup,
      providers,
      problems,
      environment,
      serverRoot: () => serverRoot,
      ...(conf.overrideUnknownNonfatal === true ? { takeUnknown: (node) => forgive(node, problems) } : {}),
    };
    const { override = OR_UNSET, overrideNonfatal: nonfatalOverride = 0 } = conf;
    const tree = readHtaccess(path, text, r.configuration, problems, override, nonfatalOverride !== 0);
    const grant = {
      override,
      overrideList: conf.overrideList,
      nonfatalOverride,
      optionsAllowed: conf.overrideOptions ?? 0xffff,
    };
    const perDir = compilingFor(r.configuration, () => applyHtaccess(tree, directory, grant, r.server, run));
    const [first] = problems.errors;
    const error = first === undefined ? undefined : `${path}: ${first.message}`;
    const warnings = problems.list.filter(({ severity }) => severity === 'warning');
    return { path, stamp, perDir, error, warnings };
  } finally {
    closeSync(fd);
  }
}
