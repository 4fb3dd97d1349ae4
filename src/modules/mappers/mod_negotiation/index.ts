/**
 * mod_negotiation: one URL, several representations: MultiViews, type maps, transparent negotiation (modules/mappers/mod_negotiation.c).
 * Complete.
 */
import { closeSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { isPromise } from 'node:util/types';
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  GLOBAL_ONLY,
  OR_FILEINFO,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { allowedOptions, coreDir, OPT_MULTI } from '../../../core/core-config.ts';
import { fsPath, openFile } from '../../../core/files.ts';
import { type Answer, FIRST } from '../../../core/hooks.ts';
import { redirectInternally, takeOver } from '../../../core/internal-redirect.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { discardBody } from '../../../core/request-body.ts';
import { EMPTY_BODY, sendBuffer, sendHead } from '../../../core/response.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { lookupFile } from '../../../core/subrequest.ts';
import { meetsConditions } from '../../../http/conditional.ts';
import { escapeUri } from '../../../http/escape.ts';
import { makeEtag, microsOf } from '../../../http/etag.ts';
import { mimeExceptions } from '../../http/mod_mime/index.ts';
import { type Mode, parseItem, readClient, readMode, SCRIPT_TYPE } from './accept.ts';
import { choose, type Variant } from './choose.ts';
import { setFields, variantList } from './fields.ts';
import { parseTypeMap } from './type-map.ts';

const MAP_TYPE = 'application/x-type-map';
const MAP_HANDLER = 'type-map';
/** A type map is read whole; what is larger is none. */
const LARGEST_MAP = 16 * 1024 * 1024;

export interface ServerConf {
  cachesNegotiated?: boolean;
}
export interface DirConf {
  priority?: readonly string[];
  prefers?: boolean;
  fallsBack?: boolean;
}
type Cmd = Command<ServerConf, DirConf>;

function forcePriority(cmd: Cmd, word: string): ApplyResult {
  const { dir } = cmd;
  switch (word.toLowerCase()) {
    case 'none':
      if (dir.prefers === true || dir.fallsBack === true)
        return 'Cannot combine ForceLanguagePriority options with None';
      dir.prefers = dir.fallsBack = false;
      return undefined;
    case 'prefer':
    case 'fallback': {
      const field = word.toLowerCase() === 'prefer' ? 'prefers' : 'fallsBack';
      if (dir.prefers === false && dir.fallsBack === false) {
        return `Cannot combine ForceLanguagePriority options None and ${word}`;
      }
      dir[field] = true;
      return undefined;
    }
    default:
      return `Invalid ForceLanguagePriority option ${word}`;
  }
}

const directives: readonly AnyRow<ServerConf, DirConf>[] = [
  {
    name: 'CacheNegotiatedDocs',
    shape: 'FLAG',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: "Either 'on' or 'off' (default)",
    apply: (cmd, on) => void (cmd.server.cachesNegotiated = on),
  },
  {
    name: 'LanguagePriority',
    shape: 'ITERATE',
    where: OR_FILEINFO,
    usage: 'space-delimited list of MIME language abbreviations',
    apply: (cmd, language) => void (cmd.dir.priority = [...(cmd.dir.priority ?? []), language]),
  },
  {
    name: 'ForceLanguagePriority',
    shape: 'ITERATE',
    where: OR_FILEINFO,
    usage: 'Force LanguagePriority elections, either None, or Fallback and/or Prefer',
    apply: forcePriority,
  },
];

/** LanguagePriority, and ForceLanguagePriority as a whole, are the newer section's where it has them. */
function mergeDir(base: DirConf, add: DirConf): DirConf {
  const merged: DirConf = {};
  const priority = add.priority ?? base.priority;
  if (priority !== undefined) merged.priority = priority;
  const force = add.prefers !== undefined || add.fallsBack !== undefined ? add : base;
  if (force.prefers !== undefined) merged.prefers = force.prefers;
  if (force.fallsBack !== undefined) merged.fallsBack = force.fallsBack;
  return merged;
}

/** What could be sent, and where it was found. */
interface Found {
  readonly variants: Variant[];
  /** Directory of the files, with its slash. */
  readonly directory: string;
  readonly isMultiViews: boolean;
}

/** MultiViews: a name that is no file may be the beginning of several (handle_multi). */
function negotiateViews(r: Request): Answer {
  if (r.finfo !== undefined || (allowedOptions(coreDir(r)) & OPT_MULTI) === 0) return DECLINED;
  if (r.proxyRequest !== 'none' || r.filename?.startsWith('/') !== true) return DECLINED;
  const found = readViews(r, r.filename);
  return isPromise(found) ? found.then((result) => settleViews(r, result)) : settleViews(r, found);
}

function settleViews(r: Request, found: Found | number): Answer {
  if (typeof found === 'number') return found;
  if (found.variants.length === 0) return DECLINED;
  const prefersScripts =
    r.method !== 'GET' && r.method !== 'HEAD' ? true : r.args !== undefined || r.pathInfo !== '';
  const best = negotiate(r, found, prefersScripts);
  if (typeof best === 'number') return best;
  const sub = best.sub ?? lookupFile(r, found.directory + best.fileName);
  return isPromise(sub) ? sub.then((ready) => become(r, ready)) : become(r, sub);
}

/** The request becomes the variant's; query and path behind the name stay. */
function become(r: Request, sub: Request): number {
  if (sub.status !== 200) return sub.status;
  const { pathInfo, args } = r;
  takeOver(r, sub);
  r.pathInfo = pathInfo;
  if (r.args === undefined) r.args = args;
  r.mtime = 0;
  return OK;
}

function readViews(r: Request, filename: string): Found | number | Promise<Found | number> {
  const slash = filename.lastIndexOf('/') + 1;
  const directory = filename.slice(0, slash);
  const base = `${filename.slice(slash)}.`;
  let names: string[];
  try {
    names = readdirSync(fsPath(directory), { encoding: 'buffer' }).map((name) => name.toString('latin1'));
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ENOTDIR'
    )
      return DECLINED;
    logRequest(r, 'negotiation', Level.error, 'AH00686', `cannot read directory for multi: ${directory}`);
    return 403;
  }
  const matching = names.filter((name) => name.startsWith(base)).sort();
  if (matching.length === 0) return DECLINED;
  return gather(r, { variants: [], directory, isMultiViews: true }, filename.slice(slash), matching, 0, 0);
}

/** Looks the files up one by one. */
function gather(
  r: Request,
  found: Found,
  base: string,
  names: readonly string[],
  from: number,
  seen: number,
): Found | number | Promise<Found | number> {
  let anyMatch = seen;
  for (let i = from; i < names.length; i++) {
    const name = names[i] as string;
    const sub = lookupFile(r, found.directory + name);
    if (isPromise(sub)) {
      return sub.then((ready) => {
        const map = consider(r, found, base, name, ready);
        if (map !== undefined) return map;
        return gather(r, found, base, names, i + 1, anyMatch + Number(ready.finfo?.isDirectory() !== true));
      });
    }
    if (sub.finfo?.isDirectory() !== true) anyMatch++;
    const map = consider(r, found, base, name, sub);
    if (map !== undefined) return map;
  }
  if (anyMatch > 0 && found.variants.length === 0) {
    const message = `Negotiation: discovered file(s) matching request: ${r.filename} (None could be negotiated).`;
    logRequest(r, 'negotiation', Level.error, 'AH00687', message);
    return 404;
  }
  return found;
}

/** Adds a file that can be a variant; a type map among the files takes the place of all of them. */
function consider(
  r: Request,
  found: Found,
  base: string,
  name: string,
  sub: Request,
): Found | number | undefined {
  if (sub.finfo?.isFile() !== true) return undefined;
  const exceptions = mimeExceptions(sub);
  if (exceptions === undefined || !areNamed(exceptions, base)) return undefined;
  const type = sub.contentType ?? (sub.handler === undefined ? undefined : SCRIPT_TYPE);
  if (sub.status !== 200 || type === undefined) return undefined;
  if (type === MAP_TYPE || sub.handler === MAP_HANDLER) return readMap(r, sub);
  const item = parseItem(type);
  found.variants.push({
    fileName: name,
    description: '',
    mimeType: item.name,
    charset: item.charset ?? '',
    encoding: sub.contentEncoding,
    languages: sub.contentLanguages ?? [],
    sourceQuality: item.quality,
    level: item.level,
    length: -1,
    sub,
    body: undefined,
  });
  return undefined;
}

/** Extensions that mean nothing must stand in the name asked for, in the same order. */
function areNamed(exceptions: readonly string[], base: string): boolean {
  let next = 0;
  for (const segment of base.split('.')) if (segment === exceptions[next]) next++;
  return next >= exceptions.length;
}

function readMap(r: Request, map: Request): Found | number {
  const filename = map.filename ?? '';
  const fd = (map.finfo?.size ?? 0) > LARGEST_MAP ? 'other' : openFile(filename);
  if (typeof fd !== 'number') {
    logRequest(r, 'negotiation', Level.error, 'AH00681', `cannot access type map file: ${filename}`);
    return fd === 'missing' ? 404 : 403;
  }
  let variants: Variant[] | string;
  try {
    variants = parseTypeMap(readFileSync(fd, 'latin1'));
  } finally {
    closeSync(fd);
  }
  if (typeof variants === 'string') {
    logRequest(
      r,
      'negotiation',
      Level.error,
      'AH00682',
      `Syntax error in type map, ${variants}: ${filename}`,
    );
    return 500;
  }
  return { variants, directory: filename.slice(0, filename.lastIndexOf('/') + 1), isMultiViews: false };
}

/** Chooses, and says in the fields of the answer how (do_negotiation). A status when there is no variant to send. */
function negotiate(r: Request, found: Found, prefersScripts: boolean): Variant | number {
  const { variants } = found;
  setListValidator(r, found);
  const conf = modNegotiation.dir(r);
  const isGet = r.method === 'GET' || r.method === 'HEAD';
  const areNeighbours = variants.every(({ fileName, body }) => body === undefined && !fileName.includes('/'));
  const mode = readMode(r.headersIn, isGet && r.pathInfo === '' && areNeighbours);
  if (
    modNegotiation.server(r.server).cachesNegotiated !== true &&
    r.protocolNumber < 1001 &&
    !(found.isMultiViews && variants.length === 1)
  ) {
    r.noCache = true;
  }
  const task = {
    variants,
    client: readClient(r.headersIn, mode, prefersScripts),
    mode,
    rules: {
      priority: conf.priority ?? [],
      prefers: conf.prefers ?? conf.fallsBack === undefined,
      fallsBack: conf.fallsBack ?? false,
    },
    preferred: r.getEnv('prefer-language'),
  };
  const lengthOf = (variant: Variant): number => lengthOfVariant(r, found, variant);
  const { best, isChoice } = choose(task, lengthOf);
  if (!isChoice) {
    mode.sendsAlternates = true;
    setFields(r, variants, mode, false, lengthOf);
    r.notes.set('variant-list', variantList(variants));
    if (mode.isTransparent && mode.knowsLists) return 300;
    if (best === undefined) {
      logRequest(r, 'negotiation', Level.error, 'AH00690', `no acceptable variant: ${r.filename}`);
      return 406;
    }
  }
  if (best === undefined) return 406;
  return announce(r, found, mode, best, lengthOf);
}

function announce(
  r: Request,
  found: Found,
  mode: Mode,
  best: Variant,
  lengthOf: (variant: Variant) => number,
): Variant | number {
  if (mode.isTransparent) {
    // A variant that is negotiated again cannot be announced as one.
    if (best.sub?.errHeadersOut.has('tcn') === true || best.sub?.handler === MAP_HANDLER) return 506;
    r.errHeadersOut.set('Content-Location', escapeUri(best.fileName));
  }
  setFields(r, found.variants, mode, true, lengthOf);
  return best;
}

/** Size of a variant's file, looked at once (find_content_length). */
function lengthOfVariant(r: Request, found: Found, variant: Variant): number {
  if (variant.length >= 0) return variant.length;
  if (variant.sub === undefined) {
    const sub = lookupFile(r, found.directory + variant.fileName);
    // A file whose look-up must wait has no size to be compared with.
    if (isPromise(sub)) return 0;
    if (sub.status !== 200) return 0;
    variant.sub = sub;
  }
  const { handler, finfo } = variant.sub;
  variant.length = handler === undefined && finfo?.isFile() === true ? finfo.size : 0;
  return variant.length;
}

/** The list of variants is part of what an ETag stands for (set_vlist_validator). */
function setListValidator(r: Request, found: Found): void {
  const isMap = r.finfo !== undefined;
  try {
    const stats = statSync(fsPath(isMap ? (r.filename ?? '') : found.directory), { bigint: true });
    const file = { inode: stats.ino, size: stats.size, mtimeMicros: microsOf(stats.mtimeNs) };
    const parts = { mtime: true, size: isMap, inode: false };
    r.variantListEtag = makeEtag(parts, file, r.requestTime * 1000);
  } catch {
    // Gone meanwhile: then its file will not be found either.
  }
}

/** A type map that was asked for itself (handle_map_file). */
function serveMap(r: Request): Answer {
  if (r.handler !== MAP_TYPE && r.handler !== MAP_HANDLER) return DECLINED;
  const found = readMap(r, r);
  if (typeof found === 'number') return found;
  const best = negotiate(r, found, false);
  if (typeof best === 'number') return best;
  if (best.body !== undefined) return sendMapBody(r, best);
  const directory = r.uri.slice(0, r.uri.length - r.pathInfo.length);
  return redirectInternally(
    r,
    `${escapeUri(directory.slice(0, directory.lastIndexOf('/') + 1))}${best.fileName}${r.pathInfo}`,
  );
}

/** A body that stands in the map itself. */
function sendMapBody(r: Request, { mimeType, charset, languages, encoding, body }: Variant): Answer {
  if (mimeType !== '') r.contentType = charset === '' ? mimeType : `${mimeType}; charset=${charset}`;
  if (languages.length > 0) r.contentLanguages = languages;
  if (encoding !== undefined) r.contentEncoding = encoding;
  const discarded = discardBody(r);
  if (isPromise(discarded)) return discarded.then((status) => (status === OK ? sendPart(r, body) : status));
  return discarded === OK ? sendPart(r, body) : discarded;
}

function sendPart(r: Request, body: Variant['body']): number {
  const { filename = '', finfo } = r;
  const now = Math.floor(r.requestTime / 1000);
  const modified = Math.min(now, Math.floor((finfo?.mtimeMs ?? 0) / 1000));
  r.headersOut.set('Accept-Ranges', 'bytes');
  const status = meetsConditions(
    r.headersIn,
    { etag: r.headersOut.get('etag'), modified, now },
    r.method === 'GET' || r.method === 'HEAD',
  );
  if (status === 304) {
    r.status = 304;
    sendHead(r);
    return OK;
  }
  if (status !== 0) return status;
  const fd = openFile(filename);
  if (typeof fd !== 'number' || body === undefined) return 403;
  try {
    sendBuffer(r, readFileSync(fd).subarray(body.start, body.start + body.length));
  } catch {
    sendBuffer(r, EMPTY_BODY);
  } finally {
    closeSync(fd);
  }
  return OK;
}

/** A client that asks for x-gzip is told x-gzip (fix_encoding). */
function nameEncoding(r: Request): number {
  const { contentEncoding } = r;
  if (contentEncoding === undefined || contentEncoding === '') return DECLINED;
  const asked = r.headersIn.getJoined('accept-encoding');
  if (asked === undefined) return DECLINED;
  const plain = contentEncoding.startsWith('x-') ? contentEncoding.slice(2) : contentEncoding;
  const names = asked.split(',').map((item) => (item.split(';')[0] as string).trim().toLowerCase());
  const name = names.includes(plain) ? plain : names.includes(`x-${plain}`) ? `x-${plain}` : undefined;
  if (name === undefined) return DECLINED;
  r.contentEncoding = name;
  return OK;
}

export const modNegotiation = defineModule<ServerConf, DirConf>({
  name: 'negotiation_module',
  file: 'mod_negotiation.c',
  directives,
  mergeServer: (base, add) => ({ ...base, ...add }),
  mergeDir,
  hooks: { typeChecker: { run: negotiateViews, order: FIRST }, fixups: nameEncoding, handler: serveMap },
  // Options MultiViews and handlers are the core's words: no directive of ours need have been given.
  always: true,
});
