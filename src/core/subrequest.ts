/** Sub-requests: what another URL or file of this server would be, without answering it (ap_sub_req_lookup_uri, ap_sub_req_lookup_file). */

import { escapeUri } from '../http/escape.ts';
import type { HeaderFields } from '../http/header-fields.ts';
import { type BodyWriter, NO_BODY, type RequestBody } from './body.ts';
import type { Answer } from './hooks.ts';
import { inherit, isRecursionLimitExceeded } from './internal-redirect.ts';
import { SharedBody } from './kept-body.ts';
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
  setTarget(sub, uri.startsWith('/') ? uri : escapeUri(directoryOf(r.uri)) + uri);
  if (isRecursionLimitExceeded(r)) {
    sub.status = 500;
    return sub;
  }
  return finish(sub, prepareRequest(sub));
}

/**
 * Looks a file up by its absolute name. Its URL is taken to be beside the request's own when it lies in the same directory; it has none
 * otherwise.
 */
export function lookupFile(r: Request, filename: string): Request | Promise<Request> {
  const sub = makeSubrequest(r);
  const directory = directoryOf(filename);
  const isBeside = directory === directoryOf(r.filename ?? '');
  sub.uri = isBeside ? directoryOf(r.uri) + filename.slice(directory.length) : '';
  sub.unparsedUri = sub.rawPath = escapeUri(sub.uri);
  sub.filename = filename;
  if (isRecursionLimitExceeded(r)) {
    sub.status = 500;
    return sub;
  }
  return finish(sub, prepareFileRequest(sub));
}

/** What a path says of the directory, with its slash. */
function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** A sub-request has fields of its own to change, and no body unless it was kept (ap_set_sub_req_protocol). */
function fieldsFor(r: Request): HeaderFields {
  const fields = r.headersIn.clone();
  const { kept } = r.transport.body;
  if (kept !== undefined) {
    fields.delete('transfer-encoding');
    fields.set('Content-Length', String(kept.length));
    return fields;
  }
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
  sub.protocol = 'INCLUDED';
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
 * Lets a sub-request that was looked up answer, its body going to `writer` (ap_run_sub_req); its head goes nowhere. Answers when the body is
 * whole: OK, or the status that it ended with; 502 for a body that was cut off. `room` tells when the writer may go on after a false. When it is left
 * out, the main request's transport does: the one it has by then, since filters that start in between put theirs before it.
 */
export function runSubrequest(
  sub: Request,
  writer: Pick<BodyWriter, 'write'>,
  room?: Pick<Transport, 'onDrain'>,
): Answer {
  const { transport, main } = sub;
  const drains = room ?? { onDrain: (callback) => (main?.transport ?? transport).onDrain(callback) };
  const wire = new SubrequestTransport(transport, writer, drains, keptBodyFor(main));
  sub.transport = wire;
  const answer = invokeHandler(sub);
  if (typeof answer !== 'number') return answer.then((status) => wire.settle(sub, status));
  return wire.settle(sub, answer);
}

/** The body that a sub-request of `r` may read. What is nested deeper reads that of the outermost. */
function keptBodyFor(r: Request | undefined): RequestBody {
  const body = r?.transport.body;
  if (body?.kept === undefined) return NO_BODY;
  return r?.main === undefined ? new SharedBody(body.kept) : body;
}

/** The wire of a sub-request: its answer is part of another one's. */
class SubrequestTransport implements Transport {
  readonly body: RequestBody;
  readonly #outer: Transport;
  readonly #writer: Pick<BodyWriter, 'write'>;
  readonly #room: Pick<Transport, 'onDrain'>;
  #isBegun = false;
  #isEnded = false;
  /** The client is gone. */
  #isAborted = false;
  /** The body was given up. */
  #isCut = false;
  /** Who waited for the client to go away before the sub-request did. */
  #before: (() => void) | undefined;
  #onAbort: (() => void) | undefined;
  #onEnd: (() => void) | undefined;

  constructor(
    outer: Transport,
    writer: Pick<BodyWriter, 'write'>,
    room: Pick<Transport, 'onDrain'>,
    body: RequestBody,
  ) {
    this.body = body;
    this.#outer = outer;
    this.#writer = writer;
    this.#room = room;
  }

  /** The handler has answered; filters may hold the body still. */
  settle(sub: Request, status: number): Answer {
    const isUnderWay = (this.#isBegun || sub.final.isBodyBegun) && !this.#isEnded && !this.#isAborted;
    if (status === OK && isUnderWay) {
      return new Promise((resolve) => {
        this.#onEnd = () => resolve(this.#leave(this.#isCut ? 502 : OK));
      });
    }
    return this.#leave(status === OK && this.#isCut ? 502 : status);
  }

  #leave(status: number): number {
    // The place is given back to who had it.
    if (this.#onAbort !== undefined && !this.#isAborted) this.#outer.onAbort(this.#before ?? NOTHING);
    return status;
  }

  #end(): void {
    this.#isEnded = true;
    this.#onEnd?.();
  }

  sendWhole(_r: Request, body: Buffer | undefined): void {
    this.#isBegun = true;
    if (body !== undefined && body.length > 0) this.#writer.write(body);
    this.#end();
  }
  begin(): BodyWriter {
    this.#isBegun = true;
    return {
      write: (chunk) => (this.#isAborted ? true : this.#writer.write(chunk)),
      end: () => this.#end(),
      abort: () => {
        this.#isCut = true;
        this.#end();
      },
    };
  }
  onDrain(callback: () => void): void {
    this.#room.onDrain(callback);
  }
  onAbort(callback: () => void): void {
    const isFirst = this.#onAbort === undefined;
    this.#onAbort = callback;
    if (!isFirst) return;
    this.#before = this.#outer.abortCallback;
    this.#outer.onAbort(() => {
      this.#isAborted = true;
      this.#before?.();
      this.#onAbort?.();
      this.#onEnd?.();
    });
  }
  get abortCallback(): (() => void) | undefined {
    return this.#onAbort;
  }
  sendInterim(): void {
    // The client hears of the main request only.
  }
}

const NOTHING = (): void => undefined;
