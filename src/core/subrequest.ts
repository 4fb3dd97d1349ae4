/** Sub-requests: what another URL or file of this server would be, without answering it (ap_sub_req_lookup_uri, ap_sub_req_lookup_file). */
import type { Answer } from './hooks.ts';
import { inherit, isRecursionLimitExceeded } from './internal-redirect.ts';
import { prepareFileRequest, prepareRequest } from './lifecycle.ts';
import { setTarget } from './request-uri.ts';
import { Request } from './request.ts';
import { OK } from './status.ts';

/**
 * Looks a URL up: relative to the request's own, or absolute with its `/`. The answer's status is 200 when it could be served (whether the
 * file exists is in `finfo`).
 */
export function lookupUri(r: Request, uri: string, method = 'GET'): Request | Promise<Request> {
  const sub = makeSubrequest(r);
  sub.method = method;
  setTarget(sub, uri.startsWith('/') ? uri : r.uri.slice(0, r.uri.lastIndexOf('/') + 1) + uri);
  if (isRecursionLimitExceeded(sub)) {
    sub.status = 500;
    return sub;
  }
  return finish(sub, prepareRequest(sub));
}

/** Looks a file up by its absolute name; its URL is taken to be beside the request's own. */
export function lookupFile(r: Request, filename: string): Request | Promise<Request> {
  const sub = makeSubrequest(r);
  const baseName = filename.slice(filename.lastIndexOf('/') + 1);
  setTarget(sub, r.uri.slice(0, r.uri.lastIndexOf('/') + 1));
  sub.uri += baseName;
  sub.filename = filename;
  if (isRecursionLimitExceeded(sub)) {
    sub.status = 500;
    return sub;
  }
  return finish(sub, prepareFileRequest(sub));
}

function makeSubrequest(r: Request): Request {
  const sub = new Request(r.configuration, r.connection, r.transport, r.server, r.headersIn, r.requestTime);
  inherit(sub, r);
  sub.main = r;
  sub.method = 'GET';
  sub.headerOnly = false;
  for (const [name, value] of r.env) sub.env.set(name, value);
  sub.user = r.user;
  sub.authType = r.authType;
  return sub;
}

function finish(sub: Request, answer: Answer): Request | Promise<Request> {
  if (typeof answer !== 'number') return answer.then((status) => finish(sub, status));
  if (answer !== OK) sub.status = answer;
  return sub;
}
