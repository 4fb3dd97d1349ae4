/** What the core does in the phases: map to the DocumentRoot, walk, override types, serve files (server/core.c). */
import { clientHostName, localHostName } from '../../core/client-host.ts';
import { coreDir, coreServer } from '../../core/core-config.ts';
import { defaultHandler } from '../../core/default-handler.ts';
import { directoryWalk } from '../../core/directory-walk.ts';
import { evaluateString } from '../../core/expression-context.ts';
import { insertNamedFilters } from '../../core/filters.ts';
import { type Answer, type PhaseHooks, REALLY_FIRST, REALLY_LAST } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import type { Request } from '../../core/request.ts';
import { OK } from '../../core/status.ts';
import { fileWalk } from '../../core/walks.ts';

/** The longest name the system takes, its NUL included (APR_PATH_MAX). */
const PATH_MAX = 4095;

/** URL path to file name below the DocumentRoot (ap_core_translate). */
function translateToDocumentRoot(r: Request): number {
  if (r.proxyRequest !== 'none') return 403;
  const { uri } = r;
  if (uri.charCodeAt(0) !== 0x2f && uri !== '*') {
    logRequest(r, 'core', Level.error, 'AH00126', `Invalid URI in request '${r.requestLine}'`);
    return 400;
  }
  const root = coreServer(r.server).documentRoot ?? `${r.configuration.serverRoot}/htdocs`;
  const path = uriBelowServerPath(r, uri);
  const filename = root === '/' ? path : root + path;
  if (filename.length > PATH_MAX) {
    logRequest(r, 'core', Level.error, 'AH00127', `Cannot map ${r.requestLine} to file`);
    return 403;
  }
  r.filename = filename;
  r.canonicalFilename = r.filename;
  return OK;
}

function uriBelowServerPath(r: Request, uri: string): string {
  const { legacyPath } = r.server;
  let path = uri;
  if (legacyPath !== undefined && uri.startsWith(legacyPath)) {
    const rest = uri.slice(legacyPath.length);
    if (legacyPath.endsWith('/') || rest === '' || rest.startsWith('/')) path = rest;
  }
  let start = 0;
  while (path.charCodeAt(start) === 0x2f) start++;
  return `/${start === 0 ? path : path.slice(start)}`;
}

/** Names by DNS, where HostnameLookups or UseCanonicalName ask for them: once a request, answers are kept for a while. */
function lookUpNames(r: Request): Answer {
  const { hostnameLookups, useCanonicalName } = coreDir(r);
  const wantsClient =
    hostnameLookups !== undefined && hostnameLookups !== 'off' && r.remoteHost === undefined;
  const wantsOwn = useCanonicalName === 'dns' && r.localHost === undefined;
  if (!wantsClient && !wantsOwn) return OK;
  return Promise.all([
    wantsClient ? clientHostName(r) : undefined,
    wantsOwn ? localHostName(r) : undefined,
  ]).then(([client, own]) => {
    r.remoteHost ??= client;
    r.localHost ??= own;
    return OK;
  });
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
  if (conf.forceType !== undefined && conf.forceType !== '') r.contentType = conf.forceType;
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
  translateName: { run: translateToDocumentRoot, order: REALLY_LAST },
  mapToStorage: { run: walkToStorage, order: REALLY_LAST },
  fixups: { run: overrideType, order: REALLY_FIRST },
  insertFilter: insertNamedFilters,
  handler: { run: defaultHandler, order: REALLY_LAST },
};
