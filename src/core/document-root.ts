/** From a URL path to a file name below the DocumentRoot (ap_core_translate): the last resort of name translation, and of mod_rewrite. */

import { normalizePath } from '../http/uri.ts';
import { coreServer } from './core-config.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import { OK } from './status.ts';

/** The longest name the system takes, its NUL included (APR_PATH_MAX). */
const PATH_MAX = 4095;
const MERGE_SLASHES = { mergeSlashes: true } as const;

export function documentRoot(r: Request): string {
  return r.documentRoot ?? coreServer(r.server).documentRoot ?? `${r.configuration.serverRoot}/htdocs`;
}

/** Sets r.filename for a URL path. Answers OK, or the status that refuses it. */
export function translateToDocumentRoot(r: Request, uri: string): number {
  if (r.proxyRequest !== 'none') return 403;
  if (uri.charCodeAt(0) !== 0x2f && uri !== '*') {
    logRequest(r, 'core', Level.error, 'AH00126', `Invalid URI in request '${r.requestLine}'`);
    return 400;
  }
  const root = documentRoot(r);
  // Dot segments are gone from a URL, but mod_rewrite may have made new ones: none of them leads out.
  const { path, valid } = normalizePath(uriBelowServerPath(r, uri), MERGE_SLASHES);
  const filename = root === '/' ? path : root + path;
  if (!valid || filename.length > PATH_MAX) {
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
