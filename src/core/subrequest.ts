/** Sub-requests: what another URL or file of this server would be, without answering it (ap_sub_req_lookup_uri, ap_sub_req_lookup_file). */

import type { HeaderFields } from '../http/header-fields.ts';
import { type BodyWriter, NO_BODY, type RequestBody } from './body.ts';
import type { Answer } from './hooks.ts';
import { inherit, isRecursionLimitExceeded } from './internal-redirect.ts';
import { invokeHandler, prepareFileRequest, prepareRequest } from './lifecycle.ts';
import { Request, type Transport } from './request.ts';
import { setTarget } from './request-uri.ts';
import { OK } from './status.ts';

/** What tells of a body (strip_headers_request_body). */
const BODY_FIELDS: readonly string[] = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'expires',
  'last-modified',
  'transfer-encoding',
];

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

/** A sub-request has fields of its own to change, and no body (ap_set_sub_req_protocol). */
function fieldsFor(r: Request): HeaderFields {
  const fields = r.headersIn.clone();
  if (fields.has('content-length') || fields.has('transfer-encoding')) {
    for (const name of BODY_FIELDS) fields.delete(name);
  }
  return fields;
}

function makeSubrequest(r: Request): Request {
  const sub = new Request(r.configuration, r.connection, r.transport, r.server, fieldsFor(r), r.requestTime);
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

/**
 * Lets a sub-request that was looked up answer, its body going to `writer` (ap_run_sub_req); its head goes nowhere. Answers OK, or the status
 * that it ended with, when nothing was written.
 */
export function runSubrequest(sub: Request, writer: Pick<BodyWriter, 'write'>): Answer {
  sub.transport = new SubrequestTransport(sub.transport, writer);
  return invokeHandler(sub);
}

/** The wire of a sub-request: its answer is part of another one's. */
class SubrequestTransport implements Transport {
  readonly body: RequestBody = NO_BODY;
  readonly #outer: Transport;
  readonly #writer: Pick<BodyWriter, 'write'>;

  constructor(outer: Transport, writer: Pick<BodyWriter, 'write'>) {
    this.#outer = outer;
    this.#writer = writer;
  }
  sendWhole(_r: Request, body: Buffer | undefined): void {
    if (body !== undefined && body.length > 0) this.#writer.write(body);
  }
  begin(): BodyWriter {
    const writer = this.#writer;
    return { write: (chunk) => writer.write(chunk), end: () => undefined, abort: () => undefined };
  }
  onDrain(callback: () => void): void {
    this.#outer.onDrain(callback);
  }
  onAbort(callback: () => void): void {
    this.#outer.onAbort(callback);
  }
  sendInterim(): void {
    // The client hears of the main request only.
  }
}
