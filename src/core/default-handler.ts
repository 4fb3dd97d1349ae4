/** Files, OPTIONS, and what no other handler wanted (default_handler of server/core.c; http_core.c for TRACE and OPTIONS). */
import type { Stats } from 'node:fs';
import { meetsConditions } from '../http/conditional.ts';
import { formatHttpDate } from '../http/date.ts';
import { coreDir, isRegisteredMethod } from './core-config.ts';
import { allowField } from './errors.ts';
import { etagOf, isDigestEtag } from './etag.ts';
import { sendFile } from './file-body.ts';
import { type CachedFile, cachedFile } from './file-cache.ts';
import { digestOf } from './file-digest.ts';
import { errorText } from './files.ts';
import type { Answer } from './hooks.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import { discardBody } from './request-body.ts';
import { EMPTY_BODY, sendBuffer, sendHead } from './response.ts';
import { OK } from './status.ts';

/** Methods of a static resource that `Allow` names. */
function allowStandardMethods(r: Request): void {
  r.allowed.add('GET').add('OPTIONS').add('POST');
}

export function defaultHandler(r: Request): Answer {
  if (r.method === 'GET' || r.method === 'HEAD') {
    if (!r.transport.body.isPresent) return serveFile(r);
  }
  const discarded = discardBody(r);
  if (typeof discarded !== 'number')
    return discarded.then((status) => (status === OK ? serveMethod(r) : status));
  return discarded === OK ? serveMethod(r) : discarded;
}

function serveMethod(r: Request): Answer {
  switch (r.method) {
    case 'GET':
    case 'HEAD':
    case 'POST':
      return serveFile(r);
    case 'OPTIONS':
      allowStandardMethods(r);
      r.headersOut.set('Allow', allowField(r));
      sendBuffer(r, EMPTY_BODY);
      return OK;
    default:
      allowStandardMethods(r);
      if (isRegisteredMethod(r.server, r.method)) return 405;
      logRequest(r, 'core', Level.error, 'AH00135', `Invalid method in request ${r.requestLine}`);
      return 501;
  }
}

function serveFile(r: Request): Answer {
  const { finfo } = r;
  const filename = r.filename ?? '';
  if (finfo === undefined) {
    logRequest(r, 'core', Level.info, 'AH00128', `File does not exist: ${filename}${r.pathInfo}`);
    return 404;
  }
  if (finfo.isDirectory()) {
    logRequest(r, 'core', Level.info, 'AH00129', `Attempt to serve directory: ${filename}`);
    return 404;
  }
  if (r.usedPathInfo !== 'accept' && r.pathInfo !== '') {
    logRequest(r, 'core', Level.info, 'AH00130', `File does not exist: ${filename}${r.pathInfo}`);
    return 404;
  }
  const file = cachedFile(filename, finfo);
  if (typeof file === 'string') {
    logRequest(
      r,
      'core',
      Level.error,
      'AH00132',
      `file permissions deny server access: ${filename}`,
      errorText(file),
    );
    return 403;
  }
  const md5 = coreDir(r).contentDigest === true ? digestOf(file, 'md5') : undefined;
  const sha1 = isDigestEtag(r) ? digestOf(file, 'sha1') : undefined;
  if (!(md5 instanceof Promise) && !(sha1 instanceof Promise)) return answerFile(r, file, finfo, md5, sha1);
  return Promise.all([md5, sha1]).then(
    (digests) => answerFile(r, file, finfo, ...digests),
    (error: unknown) => {
      file.release();
      throw error;
    },
  );
}

function answerFile(
  r: Request,
  file: CachedFile,
  finfo: Stats,
  md5: string | undefined,
  sha1: string | undefined,
): Answer {
  const { headersOut } = r;
  const modified = Math.floor(Math.max(r.mtime, finfo.mtimeMs) / 1000);
  const now = Math.floor(r.requestTime / 1000);
  // A date in the future is no date (ap_set_last_modified).
  headersOut.set(
    'Last-Modified',
    r.mtime === 0 && modified <= now ? file.lastModified : formatHttpDate(Math.min(modified, now)),
  );
  const etag = etagOf(r, file, sha1);
  if (etag !== undefined) headersOut.set('ETag', etag);
  if (coreDir(r).maxRanges !== 'none') headersOut.set('Accept-Ranges', 'bytes');
  else headersOut.set('Accept-Ranges', 'none');
  headersOut.set('Content-Length', String(file.size));
  if (md5 !== undefined) headersOut.set('Content-MD5', md5);
  if (!r.noLocalCopy && mayBeConditional(r)) {
    const status = meetsConditions(
      r.headersIn,
      { etag, modified: Math.min(modified, now), now },
      r.method === 'GET' || r.method === 'HEAD',
    );
    if (status !== 0) {
      file.release();
      r.status = status;
      // A 412 of the default handler has no body: httpd sets the status and passes nothing on. HEAD is told the file's length all the same.
      if (status === 412 && !r.headerOnly) sendBuffer(r, EMPTY_BODY);
      else if (status === 412) sendHead(r);
      else {
        headersOut.delete('Content-Length');
        sendHead(r);
      }
      return OK;
    }
  }
  if (file.content !== undefined) {
    sendBuffer(r, file.content);
    return OK;
  }
  return sendFile(r, file);
}

/** Most requests carry no condition: one look at the fields there are tells. */
function mayBeConditional(r: Request): boolean {
  const { headersIn } = r;
  for (let i = 0; i < headersIn.size; i++) {
    if (headersIn.keyAt(i).startsWith('if-')) return true;
  }
  return false;
}
