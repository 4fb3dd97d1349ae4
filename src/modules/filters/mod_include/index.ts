/**
 * mod_include: pages with server-side includes (modules/filters/mod_include.c): the output filter INCLUDES, the handler server-parsed, XBitHack.
 * Elements may come from other modules (core/include-element.ts). Not supported: an element of more than a mebibyte.
 */
import type { BodyWriter, OutputFilter } from '../../../core/body.ts';
import { allowedOptions, coreDir, OPT_INCLUDES } from '../../../core/core-config.ts';
import { addOutputFilter, FilterType, OUTPUT_FILTER } from '../../../core/filters.ts';
import { type Answer, LAST } from '../../../core/hooks.ts';
import { INCLUDE_ELEMENT, type IncludeElement } from '../../../core/include-element.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { NO_ETAG_NOTE } from '../../../core/response.ts';
import { pathTranslated } from '../../../core/script-request.ts';
import { alikeForFiles } from '../../../core/siblings.ts';
import { DECLINED } from '../../../core/status.ts';
import { formatHttpDate } from '../../../http/date.ts';
import { type DirConf, directives, mergeDir, mergeServer, type ServerConf } from './conf.ts';
import { enterNested } from './nesting.ts';
import { addPageVariables, addQueryVariables, type SharedVariables } from './variables.ts';
import { IncludesWriter } from './writer.ts';

const HANDLER = 'server-parsed';
const USER_MAY_EXECUTE = 0o100;
const GROUP_MAY_EXECUTE = 0o010;

const isFullHack = (r: Request, conf: Readonly<DirConf>): boolean =>
  conf.xbitHack === 'full' && r.finfo !== undefined && (r.finfo.mode & GROUP_MAY_EXECUTE) !== 0;

/** Nobody knows when what a page includes was modified: no validators, unless the configuration knows better (includes_setup). */
function setup(r: Request): void {
  const conf = modInclude.dir(r);
  if (!isFullHack(r, conf)) r.noLocalCopy = true;
  if (conf.etag !== true) r.notes.set(NO_ETAG_NOTE, '');
}

function setLastModified(r: Request, modified: number): void {
  if (modified > r.mtime) r.mtime = modified;
  const seconds = Math.floor(Math.min(r.mtime, r.requestTime) / 1000);
  r.headersOut.set('Last-Modified', formatHttpDate(seconds));
}

function adjustHead(r: Request, conf: Readonly<DirConf>): void {
  r.headersOut.delete('content-length');
  if (conf.lastModified === true) {
    if (r.finfo !== undefined && !r.headersOut.has('last-modified')) setLastModified(r, r.finfo.mtimeMs);
  } else if (isFullHack(r, conf)) setLastModified(r, r.finfo?.mtimeMs ?? 0);
  else r.headersOut.delete('last-modified');
}

/** The variables of a page: those of the page it is included in, or its own. They are complete when `ready` is fulfilled. */
function enter(r: Request): { readonly shared: SharedVariables; readonly ready: Promise<void> | undefined } {
  const outer = enterNested(r);
  if (outer !== undefined) return { shared: outer, ready: undefined };
  const translated = pathTranslated(r);
  if (!(translated instanceof Promise)) return { shared: addPageVariables(r, translated), ready: undefined };
  const shared = addPageVariables(r, undefined);
  const ready = translated.then((path) => {
    if (path !== undefined) r.env.set('PATH_TRANSLATED', path);
  });
  return { shared, ready };
}

/** INCLUDES (includes_filter). */
function start(r: Request, next: BodyWriter): BodyWriter | undefined {
  if ((allowedOptions(coreDir(r)) & OPT_INCLUDES) === 0) {
    const message = `mod_include: Options +Includes (or IncludesNoExec) wasn't set, INCLUDES filter removed: ${r.uri}`;
    logRequest(r, 'include', Level.warn, 'AH01374', message);
    return undefined;
  }
  const dir = modInclude.dir(r);
  const { shared, ready } = enter(r);
  adjustHead(r, dir);
  addQueryVariables(r);
  const others = (name: string): IncludeElement | undefined =>
    r.configuration.providers.find(INCLUDE_ELEMENT, name) as IncludeElement | undefined;
  return new IncludesWriter(r, next, { server: modInclude.server(r.server), dir }, shared, others, ready);
}

const includes: OutputFilter = { type: FilterType.resource, setup, start };

/** Pages that the handler or an executable bit marks (include_fixup). */
function chooseFilter(r: Request): Answer {
  if (r.handler === HANDLER) {
    r.contentType ??= 'text/html';
    r.handler = 'default-handler';
  } else {
    const { xbitHack } = modInclude.dir(r);
    if (xbitHack === undefined || xbitHack === 'off') return DECLINED;
    if (r.finfo === undefined || (r.finfo.mode & USER_MAY_EXECUTE) === 0) return DECLINED;
    if (r.contentType?.startsWith('text/html') !== true) return DECLINED;
  }
  addOutputFilter(r, includes);
  return DECLINED;
}

export const modInclude = defineModule<ServerConf, DirConf>({
  name: 'include_module',
  file: 'mod_include.c',
  directives,
  mergeServer,
  mergeDir,
  hooks: { fixups: { run: alikeForFiles(chooseFilter), order: LAST } },
  always: true,
  providers: { [OUTPUT_FILTER]: { includes } },
});
