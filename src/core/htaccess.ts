/**
 * .htaccess files on the request path: each is parsed once per (path, inode, size, modification, grant) and looked at by one stat per request,
 * so that an edit counts at once (ap_parse_htaccess of server/config.c).
 */
import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { applyHtaccess } from '../config/apply.ts';
import { OR_UNSET } from '../config/directive.ts';
import type { PerDirConfig } from '../config/per-dir.ts';
import { readHtaccess } from '../config/read/index.ts';
import { type Problem, Problems } from '../diagnostics/problem.ts';
import { LruCache } from '../lib/lru.ts';
import { type CoreDirConf, coreServer } from './core-config.ts';
import { errorText, openFile, type StatFailure, statFile } from './files.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import type { VirtualServer } from './virtual-server.ts';

interface Parsed {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly perDir: PerDirConfig;
  /** Text of the first error; the directory is then not served. */
  readonly error: string | undefined;
  /** What httpd says at every reading of the file, and it reads it for every request. */
  readonly warnings: readonly Problem[];
}

const FILES_KEPT = 2048;
const DEFAULT_NAMES: readonly string[] = ['.htaccess'];
const parsedOf = new WeakMap<VirtualServer, LruCache<string, Parsed>>();

/** The configuration of the access file in a directory (its slash at the end); undefined for none, a status when it cannot be used. */
export function htaccessOf(
  r: Request,
  directory: string,
  conf: Readonly<CoreDirConf>,
): PerDirConfig | number | undefined {
  for (const name of coreServer(r.server).accessFileNames ?? DEFAULT_NAMES) {
    const path = directory + name;
    const found = statFile(path);
    if (found === 'missing' || found === 'not-a-directory') continue;
    if (typeof found !== 'object') return unreadable(r, directory, path, found);
    if (!found.isFile()) {
      logRequest(
        r,
        'core',
        Level.error,
        'AH00554',
        `Access to file ${path} denied by server: not a regular file`,
      );
      return unreadable(r, directory, path, 'denied');
    }
    const key = `${path}\0${conf.override ?? OR_UNSET}:${conf.overrideOptions ?? ''}:${conf.overrideNonfatal ?? 0}:${[...(conf.overrideList ?? [])].join()}`;
    let parsed = cacheOf(r.server).get(key);
    const isSame =
      parsed !== undefined &&
      parsed.mtimeMs === found.mtimeMs &&
      parsed.ctimeMs === found.ctimeMs &&
      parsed.size === found.size &&
      parsed.ino === found.ino;
    if (parsed === undefined || !isSame) {
      const fresh = parse(r, path, directory, conf);
      if (typeof fresh === 'string') return unreadable(r, directory, path, fresh);
      parsed = fresh;
      cacheOf(r.server).set(key, parsed);
    }
    // Sub-requests and redirects of a request share what was read for it.
    if (r.main === undefined && r.prev === undefined) {
      for (const { code, message } of parsed.warnings) logRequest(r, 'core', Level.warn, code, message);
    }
    if (parsed.error !== undefined) {
      logRequest(r, 'core', Level.alert, '', parsed.error);
      return 500;
    }
    return parsed.perDir;
  }
  return undefined;
}

function cacheOf(server: VirtualServer): LruCache<string, Parsed> {
  let cache = parsedOf.get(server);
  if (cache === undefined) {
    cache = new LruCache<string, Parsed>(FILES_KEPT);
    parsedOf.set(server, cache);
  }
  return cache;
}

function unreadable(r: Request, directory: string, path: string, why: StatFailure): number {
  const advice = `unable to check htaccess file, ensure it is readable and that '${directory}' is executable`;
  logRequest(r, 'core', Level.crit, 'AH00529', `${path} pcfg_openfile: ${advice}`, errorText(why));
  r.notes.set('error-notes', 'Server unable to read htaccess file, denying access to be safe');
  return 403;
}

function parse(
  r: Request,
  path: string,
  directory: string,
  conf: Readonly<CoreDirConf>,
): Parsed | StatFailure {
  const fd = openFile(path);
  if (typeof fd !== 'number') return fd;
  try {
    const { ino, size, mtimeMs, ctimeMs } = fstatSync(fd);
    const text = readFileSync(fd, 'latin1');
    const problems = new Problems();
    const { lookup, providers, serverRoot } = r.configuration;
    const run = { lookup, providers, problems, serverRoot: () => serverRoot };
    const { override = OR_UNSET, overrideNonfatal: nonfatalOverride = 0 } = conf;
    const tree = readHtaccess(path, text, r.configuration, problems, override, nonfatalOverride !== 0);
    const grant = {
      override,
      overrideList: conf.overrideList,
      nonfatalOverride,
      optionsAllowed: conf.overrideOptions ?? 0xffff,
    };
    const perDir = applyHtaccess(tree, directory, grant, r.server, run);
    const [first] = problems.errors;
    const error = first === undefined ? undefined : `${path}: ${first.message}`;
    const warnings = problems.list.filter(({ severity }) => severity === 'warning');
    return { ino, size, mtimeMs, ctimeMs, perDir, error, warnings };
  } finally {
    closeSync(fd);
  }
}
