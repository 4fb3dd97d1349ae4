/**
 * mod_negotiation: one URL, several representations: MultiViews, type maps, transparent negotiation (modules/mappers/mod_negotiation.c).
 * Complete.
 */
import { isPromise } from 'node:util/types';
import { allowedOptions, coreDir, OPT_MULTI } from '../../../core/core-config.ts';
import { type Answer, FIRST } from '../../../core/hooks.ts';
import { redirectInternally, takeOver } from '../../../core/internal-redirect.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { alikeForFiles, changesTypes } from '../../../core/siblings.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { lookupFile } from '../../../core/subrequest.ts';
import { escapeUri } from '../../../http/escape.ts';
import type { Variant } from './choose.ts';
import { type DirConf, directives, mergeDir, type ServerConf } from './conf.ts';
import { sendMapBody } from './map-body.ts';
import { negotiate } from './negotiate.ts';
import { type Found, isTypeMap, readMap, readViews } from './variants.ts';

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
  const best = choice(r, found, prefersScripts);
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

function choice(r: Request, found: Found, prefersScripts: boolean): Variant | number {
  return negotiate(r, found, prefersScripts, modNegotiation.server(r.server), modNegotiation.dir(r));
}

/** A type map that was asked for itself (handle_map_file). */
function serveMap(r: Request): Answer {
  if (!isTypeMap(r)) return DECLINED;
  const found = readMap(r, r);
  if (typeof found === 'number') return found;
  const best = choice(r, found, false);
  if (typeof best === 'number') return best;
  if (best.body !== undefined) return sendMapBody(r, best);
  const directory = r.uri.slice(0, r.uri.length - r.pathInfo.length);
  return redirectInternally(
    r,
    `${escapeUri(directory.slice(0, directory.lastIndexOf('/') + 1))}${best.fileName}${r.pathInfo}`,
  );
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
  hooks: {
    typeChecker: { run: alikeForFiles(negotiateViews), order: FIRST },
    fixups: alikeForFiles(changesTypes(nameEncoding)),
    handler: serveMap,
  },
  // Options MultiViews and handlers are the core's words: no directive of ours need have been given.
  always: true,
});
