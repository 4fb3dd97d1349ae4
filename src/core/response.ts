/**
 * Giving answers: a whole body, or a body as it comes. Output filters that a module inserted stand between; ranges apply to bodies of known
 * length. The transport makes the head of what stands in the request record.
 */
import { findInvalidField } from '../http/response-head.ts';
import { type BodyWriter, endBody, NOWHERE } from './body.ts';
import { sendBadFieldError, sendRangeError } from './errors.ts';
import { startFilters } from './filters.ts';
import { Level, logRequest } from './log.ts';
import { planRanges, type RangePlan } from './ranges.ts';
import type { Request } from './request.ts';

export const EMPTY_BODY: Buffer = Buffer.alloc(0);

/** The note of an answer that must have no ETag, whoever sets one (ap_http_header_filter). */
export const NO_ETAG_NOTE = 'no-etag';

/** Statuses without a body, and without a Content-Length (RFC 9110 section 8.6). */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 304 || (status >= 100 && status < 200);
}

/**
 * Runs what modules asked to do before the head is made, once. False: the head cannot be sent as it is, and an error page has been sent in its
 * place.
 */
function completeHead(r: Request): boolean {
  const { beforeHead } = r;
  if (beforeHead !== undefined) {
    r.beforeHead = undefined;
    for (const change of beforeHead) change(r);
  }
  if (r.getNote(NO_ETAG_NOTE) !== undefined) {
    r.headersOut.delete('etag');
    r.errHeadersOut.delete('etag');
  }
  const invalid = findInvalidField(r.headersOut) ?? findInvalidField(r.errHeadersOut);
  if (invalid === undefined) return true;
  logRequest(r, 'http', Level.error, invalid.number, invalid.message);
  r.headersOut.clear();
  r.errHeadersOut.clear();
  sendBadFieldError(r);
  return false;
}

/** Answers with a whole body. */
export function sendBuffer(r: Request, body: Buffer): void {
  const writer = beginFiltered(r, body.length);
  // For HEAD too: the length is that of what the filters make of it.
  if (writer !== undefined) endBody(writer, body);
  else sendUnfiltered(r, body);
}

function sendUnfiltered(r: Request, body: Buffer): void {
  if (r.status === 200 && !r.isErrorPage && r.headersIn.has('range')) {
    sendPlanned(r, body, planRanges(r, body.length));
    return;
  }
  sendWhole(r, body);
}

function sendPlanned(r: Request, body: Buffer, plan: RangePlan): void {
  switch (plan.kind) {
    case 'whole':
      sendWhole(r, body);
      return;
    case 'unsatisfiable':
      sendRangeError(r);
      return;
    case 'parts': {
      const parts = plan.parts.map((part) =>
        typeof part === 'string' ? Buffer.from(part, 'latin1') : body.subarray(part.start, part.end + 1),
      );
      sendWhole(r, parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
    }
  }
}

/**
 * httpd leaves the length out of answers to HEAD when it counts 0: more likely nobody counted. Beside a coding that a backend named there is none.
 */
function setLength(r: Request, length: number): void {
  if (r.headerOnly && (length === 0 || r.headersOut.has('transfer-encoding')))
    r.headersOut.delete('Content-Length');
  else r.headersOut.set('Content-Length', String(length));
}

function sendWhole(r: Request, body: Buffer): void {
  if (!completeHead(r)) return;
  if (!isBodyless(r.status)) setLength(r, body.length);
  r.isHeadSent = true;
  const cut = r.headerOnly || isBodyless(r.status) ? EMPTY_BODY : body;
  r.bytesSent += cut.length;
  r.transport.sendWhole(r, cut);
}

/** Answers with a head alone: HEAD and 304, whose Content-Length (if any) is that of the body not sent. */
export function sendHead(r: Request): void {
  if (r.status === 304) for (const filter of r.outputFilters ?? []) filter.passHead?.(r);
  if (!completeHead(r)) return;
  // Not before: what changes the head may ask for the type that the body would have.
  if (r.status === 304) r.contentType = undefined;
  r.isHeadSent = true;
  r.transport.sendWhole(r, EMPTY_BODY);
}

/**
 * Answers HEAD where somebody else has counted the body: the count holds unless a filter, which sees the end of the body alone, takes it away.
 * What a filter makes of nothing counts in its place.
 */
export function sendCountedHead(r: Request, length: number): void {
  r.headersOut.set('Content-Length', String(length));
  const writer = startFilters(r, new CountedHead(r), 0);
  if (writer === undefined) {
    sendHead(r);
    return;
  }
  r.isBodyBegun = true;
  writer.end();
}

/**
 * Starts an answer whose body comes in pieces. Filters see it first; they may change headers until they call on. `length`, in bytes, where it
 * is known and no filter changes it.
 */
export function beginBody(r: Request, length: number | undefined): BodyWriter {
  return beginFiltered(r, length) ?? startTransport(r, length);
}

/** The writer that leads through the request's filters; undefined when all of them step aside from a body of that length. */
export function beginFiltered(r: Request, length: number | undefined): BodyWriter | undefined {
  if (r.outputFilters === undefined) return undefined;
  const writer = startFilters(
    r,
    new LazyStart(r, length === undefined ? undefined : lengthBehind(r, length)),
    length,
  );
  if (writer !== undefined) r.isBodyBegun = true;
  return writer;
}

function lengthBehind(r: Request, length: number): number | undefined {
  let result: number | undefined = length;
  for (const filter of r.outputFilters ?? []) {
    if (result === undefined) return undefined;
    result = filter.lengthAfter?.(r, result);
  }
  return result;
}

function startTransport(r: Request, length: number | undefined): BodyWriter {
  if (!completeHead(r)) return NOWHERE;
  r.isHeadSent = true;
  if (length === undefined) r.headersOut.delete('Content-Length');
  else if (!isBodyless(r.status)) r.headersOut.set('Content-Length', String(length));
  if (!r.headerOnly && !isBodyless(r.status)) return new CountedBody(r, r.transport.begin(r, length));
  // Nothing of an announced body is missed when none is sent.
  return new HeadOnly(r.transport.begin(r, length === undefined ? undefined : 0));
}

/** The head goes out with the first bytes that leave the filters; a body that ends without any is known to be empty. */
class LazyStart implements BodyWriter {
  readonly #r: Request;
  /** Bytes that will come, where the filters can tell. */
  readonly #length: number | undefined;
  #writer: BodyWriter | undefined;

  constructor(r: Request, length: number | undefined) {
    this.#r = r;
    this.#length = length;
  }
  write(chunk: Buffer): boolean {
    this.#writer ??= startTransport(this.#r, this.#length);
    return this.#writer.write(chunk);
  }
  end(): void {
    if (this.#writer === undefined) sendWhole(this.#r, EMPTY_BODY);
    else this.#writer.end();
  }
  endWith(chunk: Buffer): void {
    if (this.#writer === undefined) {
      // Whole after all: its length is known, and ranges count in what the filters made of it.
      sendUnfiltered(this.#r, chunk);
      return;
    }
    this.#writer.write(chunk);
    this.#writer.end();
  }
  abort(): void {
    this.#writer ??= startTransport(this.#r, undefined);
    this.#writer.abort();
  }
}

/** The end of an answer to HEAD whose length is known by then. */
class CountedHead extends LazyStart {
  readonly #request: Request;
  #hasBegun = false;

  constructor(r: Request) {
    super(r, undefined);
    this.#request = r;
  }
  override write(chunk: Buffer): boolean {
    this.#hasBegun = true;
    return super.write(chunk);
  }
  override end(): void {
    if (this.#hasBegun) super.end();
    else sendHead(this.#request);
  }
  override endWith(chunk: Buffer): void {
    if (chunk.length > 0) super.endWith(chunk);
    else this.end();
  }
}

/** Counts what is sent (`%B`). */
class CountedBody implements BodyWriter {
  readonly #r: Request;
  readonly #writer: BodyWriter;

  constructor(r: Request, writer: BodyWriter) {
    this.#r = r;
    this.#writer = writer;
  }
  write(chunk: Buffer): boolean {
    this.#r.bytesSent += chunk.length;
    return this.#writer.write(chunk);
  }
  endWith(chunk: Buffer): void {
    this.#r.bytesSent += chunk.length;
    endBody(this.#writer, chunk);
  }
  flush(): void {
    this.#writer.flush?.();
  }
  end(): void {
    this.#writer.end();
  }
  abort(): void {
    this.#writer.abort();
  }
}

/** Swallows the body of an answer that has none (HEAD). */
class HeadOnly implements BodyWriter {
  readonly #writer: BodyWriter;

  constructor(writer: BodyWriter) {
    this.#writer = writer;
  }
  write(): boolean {
    return true;
  }
  end(): void {
    this.#writer.end();
  }
  abort(): void {
    this.#writer.abort();
  }
}
