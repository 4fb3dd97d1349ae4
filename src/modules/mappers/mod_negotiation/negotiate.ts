/** Choosing a variant for a request, and saying how in the fields of its answer (do_negotiation of mod_negotiation.c). */
import { statSync } from 'node:fs';
import { isPromise } from 'node:util/types';
import { fsPath } from '../../../core/files.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { lookupFile } from '../../../core/subrequest.ts';
import { escapeUri } from '../../../http/escape.ts';
import { makeEtag, microsOf } from '../../../http/etag.ts';
import { type Mode, readClient, readMode } from './accept.ts';
import { choose, type Variant } from './choose.ts';
import type { DirConf, ServerConf } from './conf.ts';
import { setFields, variantList } from './fields.ts';
import { type Found, MAP_HANDLER } from './variants.ts';

/** Chooses, and says in the fields of the answer how (do_negotiation). A status when there is no variant to send. */
export function negotiate(
  r: Request,
  found: Found,
  prefersScripts: boolean,
  { cachesNegotiated }: Readonly<ServerConf>,
  conf: Readonly<DirConf>,
): Variant | number {
  const { variants } = found;
  setListValidator(r, found);
  const isGet = r.method === 'GET' || r.method === 'HEAD';
  const areNeighbours = variants.every(({ fileName, body }) => body === undefined && !fileName.includes('/'));
  const mode = readMode(r.headersIn, isGet && r.pathInfo === '' && areNeighbours);
  if (
    cachesNegotiated !== true &&
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
