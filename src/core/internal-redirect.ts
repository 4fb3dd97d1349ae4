/** Internal redirects: a request answered by another URL or file of this server (modules/http/http_request.c). */
import type { HeaderFields } from '../http/header-fields.ts';
import { HeaderFields as Fields } from '../http/header-fields.ts';
import { coreServer } from './core-config.ts';
import { die } from './errors.ts';
import { type Answer, runAll } from './hooks.ts';
import { replaceBody } from './kept-body.ts';
import { serve, settle } from './lifecycle.ts';
import { Level, logRequest } from './log.ts';
import { Request } from './request.ts';
import { FilteredBody } from './request-body.ts';
import { setTarget } from './request-uri.ts';
import { isRedirect, OK } from './status.ts';

/** A request that carries it hands its Vary on to the one it redirects to. */
export const KEEPS_VARY_NOTE = 'redirect-keeps-vary';
const DEFAULT_MAX_REDIRECTS = 10;
const DEFAULT_MAX_SUBREQUESTS = 10;

/** Whether one more redirect or sub-request is over LimitInternalRecursion (ap_is_recursion_limit_exceeded). */
export function isRecursionLimitExceeded(r: Request): boolean {
  const conf = coreServer(r.server);
  const maxRedirects = conf.maxRedirects ?? DEFAULT_MAX_REDIRECTS;
  const maxSubrequests = conf.maxSubrequests ?? DEFAULT_MAX_SUBREQUESTS;
  let redirects = 0;
  let subrequests = 0;
  for (let up: Request | undefined = r; up !== undefined; ) {
    if (up.prev !== undefined) {
      if (maxRedirects > 0 && ++redirects >= maxRedirects) {
        logRecursion(r, 'AH00124', `${maxRedirects} internal redirects`);
        return true;
      }
      up = up.prev;
    } else if (up.main !== undefined) {
      if (maxSubrequests > 0 && ++subrequests >= maxSubrequests) {
        logRecursion(r, 'AH00125', `${maxSubrequests} subrequest nesting levels`);
        return true;
      }
      up = up.main;
    } else {
      up = undefined;
    }
  }
  return false;
}

function logRecursion(r: Request, tag: string, what: string): void {
  const advice =
    "Use 'LimitInternalRecursion' to increase the limit if necessary. Use 'LogLevel debug' to get a backtrace.";
  const message = `Request exceeded the limit of ${what} due to probable configuration error. ${advice}`;
  logRequest(r, 'core', Level.error, tag, message);
}

/**
 * Answers `r` by what another URL path of this server gives. `contentType`: what the answer is where its own name does not tell
 * (ap_internal_redirect_handler).
 */
export function redirectInternally(r: Request, uri: string, handler?: string, contentType?: string): Answer {
  if (isRecursionLimitExceeded(r)) return die(r, 500);
  const next = new Request(r.configuration, r.connection, r.transport, r.server, r.headersIn, r.requestTime);
  inherit(next, r);
  // The filters were for the request as it was (proto_input_filters).
  const { body } = r.transport;
  if (body instanceof FilteredBody) replaceBody(next, body.wire);
  const location = r.headersOut.get('Location');
  if (isRedirect(r.status) && location !== undefined) next.headersOut.set('Location', location);
  // mod_rewrite's rules may depend on request fields: so does what they lead to.
  const vary = r.getNote(KEEPS_VARY_NOTE) === undefined ? undefined : r.headersOut.get('Vary');
  if (vary !== undefined) next.headersOut.set('Vary', vary);
  next.errHeadersOut = r.errHeadersOut;
  next.status = r.status;
  next.variantListEtag = r.variantListEtag;
  next.main = r.main;
  next.prev = r;
  r.next = next;
  for (const [name, value] of r.env) next.env.set(`REDIRECT_${name}`, value);
  next.env.set('REDIRECT_STATUS', String(r.status));
  setTarget(next, uri);
  if (handler !== undefined) next.handler = handler;
  if (contentType !== undefined) {
    next.contentType = contentType;
    next.isTypeInherited = true;
  }
  const read = runAll(next.server.phases.postReadRequest, next);
  if (typeof read !== 'number') {
    return settle(
      next,
      read.then((status) => (status === OK ? serve(next) : status)),
    );
  }
  return settle(next, read === OK ? serve(next) : read);
}

/** What every request made from another one takes over. */
export function inherit(next: Request, r: Request): void {
  next.requestLine = r.requestLine;
  next.method = r.method;
  next.protocol = r.protocol;
  next.protocolNumber = r.protocolNumber;
  next.hostname = r.hostname;
  next.hostPort = r.hostPort;
  next.headerOnly = r.headerOnly;
  next.closeConnection = r.closeConnection;
  next.trailersIn = r.trailersIn;
  next.clientAddr = r.clientAddr;
  next.clientPort = r.clientPort;
  next.remoteHost = r.remoteHost;
  next.localHost = r.localHost;
  next.walk = r.walk;
  next.logId = r.logId;
  next.noLocalCopy = r.noLocalCopy;
  if (r.hasAllowed) for (const method of r.allowed) next.allowed.add(method);
}

/**
 * Takes over what a sub-request found, as if `r` had asked for it from the start (ap_internal_fast_redirect): how a DirectoryIndex or a
 * negotiated variant answers.
 */
export function takeOver(r: Request, found: Request): void {
  r.handler = found.handler;
  r.handlerIsForced = found.handlerIsForced;
  r.contentType = found.contentType;
  r.contentEncoding = found.contentEncoding;
  r.contentLanguages = found.contentLanguages;
  r.uri = found.uri;
  r.rawPath = found.rawPath;
  r.filename = found.filename;
  r.canonicalFilename = found.canonicalFilename;
  r.pathInfo = found.pathInfo;
  r.contextPrefix = found.contextPrefix;
  r.contextDocumentRoot = found.contextDocumentRoot;
  r.args = found.args;
  r.finfo = found.finfo;
  r.perDir = found.perDir;
  r.proxyRequest = found.proxyRequest;
  r.usedPathInfo = found.usedPathInfo;
  r.wantedOutputFilters = found.wantedOutputFilters;
  r.wantedInputFilters = found.wantedInputFilters;
  overlay(r.headersOut, found.headersOut);
  overlay(r.errHeadersOut, found.errHeadersOut);
  for (const [name, value] of found.env) r.env.set(name, value);
  r.takeState(found);
}

/** Fields of `add` first, then those of `base` (apr_table_overlay). */
function overlay(base: HeaderFields, add: HeaderFields): void {
  const merged = new Fields();
  for (const [name, value] of add) merged.append(name, value);
  for (const [name, value] of base) merged.append(name, value);
  base.clear();
  for (const [name, value] of merged) base.append(name, value);
}
