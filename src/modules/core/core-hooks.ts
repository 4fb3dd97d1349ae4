/** What the core does in the phases: map to the DocumentRoot, walk, override types, serve files (server/core.c). */
import { localHostName, shownHostName } from '../../core/client-host.ts';
import { coreDir } from '../../core/core-config.ts';
import { defaultHandler } from '../../core/default-handler.ts';
import { directoryWalk } from '../../core/directory-walk.ts';
import { translateToDocumentRoot } from '../../core/document-root.ts';
import { evaluateString } from '../../core/expression-context.ts';
import { insertNamedFilters } from '../../core/filters.ts';
import { type Answer, type PhaseHooks, REALLY_FIRST, REALLY_LAST } from '../../core/hooks.ts';
import type { Request } from '../../core/request.ts';
import { alikeForFiles, changesTypes } from '../../core/siblings.ts';
import { OK } from '../../core/status.ts';
import { fileWalk } from '../../core/walks.ts';

/** Names by DNS, where HostnameLookups or UseCanonicalName ask for them: answers are kept for a while, and mostly at hand. */
function lookUpNames(r: Request): Answer {
  const { hostnameLookups, useCanonicalName } = coreDir(r);
  const client =
    hostnameLookups !== undefined && r.remoteHost === undefined ? shownHostName(r) : r.remoteHost;
  const own = useCanonicalName === 'dns' && r.localHost === undefined ? localHostName(r) : r.localHost;
  if (!(client instanceof Promise) && !(own instanceof Promise)) return keepNames(r, client, own);
  return Promise.all([client, own]).then((names) => keepNames(r, ...names));
}

function keepNames(r: Request, client: string | undefined, own: string | undefined): number {
  r.remoteHost = client;
  r.localHost = own;
  return OK;
}

/** Directory and file sections (core_map_to_storage). */
function walkToStorage(r: Request): number {
  const status = directoryWalk(r);
  if (status !== OK) return status;
  fileWalk(r);
  return OK;
}

/** ForceType, SetHandler, AcceptPathInfo (core_override_type). */
function overrideType(r: Request): Answer {
  const conf = coreDir(r);
  if (conf.forceType !== undefined && conf.forceType !== '') {
    r.contentType = conf.forceType;
    r.isTypeInherited = false;
  }
  if (conf.handlerExpr !== undefined) {
    const handler = evaluateString(conf.handlerExpr, r);
    if (handler === undefined) return 500;
    if (handler.toLowerCase() !== 'none') setHandler(r, handler);
  } else if (conf.handler !== undefined && conf.handler !== '') {
    setHandler(r, conf.handler);
  }
  if (
    r.usedPathInfo === 'default' &&
    conf.acceptPathInfo !== undefined &&
    conf.acceptPathInfo !== 'default'
  ) {
    r.usedPathInfo = conf.acceptPathInfo === 'on' ? 'accept' : 'reject';
  }
  return lookUpNames(r);
}

function setHandler(r: Request, handler: string): void {
  r.handler = handler;
  r.handlerIsForced = true;
}

export const coreHooks: PhaseHooks = {
  postReadRequest: { run: lookUpNames, order: REALLY_FIRST },
  translateName: { run: (r) => translateToDocumentRoot(r, r.uri), order: REALLY_LAST },
  mapToStorage: { run: alikeForFiles(walkToStorage), order: REALLY_LAST },
  fixups: {
    run: alikeForFiles(changesTypes(overrideType), (r) => coreDir(r).handlerExpr === undefined),
    order: REALLY_FIRST,
  },
  insertFilter: insertNamedFilters,
  handler: { run: defaultHandler, order: REALLY_LAST },
};
