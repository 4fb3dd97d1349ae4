/** A request's target on its way to a path: parsed, normalised, decoded (ap_parse_uri, ap_normalize_path, ap_unescape_url). */
import {
  decodePath,
  type EncodedSlashes,
  normalizePath,
  parseTarget,
  resolveUncovered,
} from '../http/uri.ts';
import { coreDir, coreServer } from './core-config.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import { OK } from './status.ts';

const SLASHES: Readonly<Record<'on' | 'off' | 'nodecode', EncodedSlashes>> = {
  on: 'decode',
  off: 'refuse',
  nodecode: 'keep',
};

/** Parses a target into the request. False when it is none: the answer is 400. */
export function setTarget(r: Request, target: string): boolean {
  r.unparsedUri = target;
  const uri = parseTarget(target, r.method);
  if (uri === null) return false;
  r.absoluteScheme = uri.scheme;
  r.absoluteAuthority = uri.hostname;
  r.absoluteUserInfo = uri.userInfo;
  if (uri.hostname !== undefined) r.absolutePort = uri.hostPort;
  r.rawPath = r.uri = uri.path;
  r.args = uri.query;
  return true;
}

/**
 * Dot segments and double slashes out, unreserved characters decoded. False: the path is invalid (AH10244). Where another server's URL is asked
 * for its path is only judged.
 */
export function normaliseUri(r: Request): boolean {
  if (r.rawPath.charCodeAt(0) !== 0x2f) {
    // `*`, and what CONNECT names; an internal redirect may bring anything.
    if (r.prev === undefined || r.rawPath === '*') return true;
    logRequest(r, 'core', Level.error, 'AH10244', `invalid URI path (${r.unparsedUri})`);
    return false;
  }
  const { path, valid } = normalizePath(r.rawPath, {
    mergeSlashes: coreServer(r.server).mergeSlashes !== false,
    decodeUnreserved: true,
  });
  r.rawPath = path;
  if (r.proxyRequest !== 'forward') r.uri = path;
  if (!valid) logRequest(r, 'core', Level.error, 'AH10244', `invalid URI path (${r.unparsedUri})`);
  return valid;
}

/** Decodes the path. Answers OK, 400 or 404. */
export function decodeUri(r: Request): number {
  if (!r.rawPath.includes('%') || r.proxyRequest === 'forward') return OK;
  const slashes = coreDir(r).allowEncodedSlashes ?? 'off';
  const { path, status } = decodePath(r.rawPath, SLASHES[slashes]);
  r.uri = path;
  if (status !== 0) {
    if (status === 404 && slashes === 'off') {
      logRequest(
        r,
        'core',
        Level.info,
        'AH00026',
        `found %2f (encoded '/') in URI path (${r.uri}), returning 404`,
      );
    }
    return status;
  }
  if (slashes === 'on') r.uri = resolveUncovered(path, coreServer(r.server).mergeSlashes !== false);
  return OK;
}
