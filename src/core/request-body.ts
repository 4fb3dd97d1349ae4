/** Reading request bodies under LimitRequestBody (ap_http_filter, ap_discard_request_body of modules/http/http_filters.c). */
import type { BodyFlow, BodyReader, InputFilter, RequestBody } from './body.ts';
import { coreDir } from './core-config.ts';
import type { Answer } from './hooks.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import { OK } from './status.ts';

/** httpd's default since 2.4.53: 1 GiB. */
export const DEFAULT_BODY_LIMIT = 1073741824;

/** Delivers the body to `reader`, up to LimitRequestBody: beyond it the reader gets an error of 413. */
export function readBody(r: Request, reader: BodyReader): void {
  const { body } = r.transport;
  // What the client sends is limited, not what filters make of it.
  if (body instanceof FilteredBody) body.start(reader);
  else readLimited(r, body, reader);
}

function readLimited(r: Request, body: RequestBody, reader: BodyReader): void {
  const limit = coreDir(r).limitRequestBody ?? DEFAULT_BODY_LIMIT;
  if (limit > 0 && body.length !== undefined && body.length > limit) {
    const message = `Requested content-length of ${body.length} is larger than the configured limit of ${limit}`;
    logRequest(r, 'http', Level.error, 'AH01588', message);
    r.isBodyBroken = true;
    reader.onBodyError(413);
    return;
  }
  body.start(limit > 0 && body.length === undefined ? new LimitedReader(r, reader, limit) : reader);
}

/** A request body behind input filters. Its length is not known; the filters start when it is read. */
export class FilteredBody implements RequestBody {
  readonly length = undefined;
  /** All of it was delivered, or it failed. */
  isFinished = false;
  /** What the filters read. */
  readonly wire: RequestBody;
  readonly #r: Request;
  readonly #filters: readonly InputFilter[];
  #last: BodyFlow | undefined;

  constructor(r: Request, wire: RequestBody, filters: readonly InputFilter[]) {
    this.#r = r;
    this.wire = wire;
    this.#filters = filters;
  }
  get isPresent(): boolean {
    return !this.isFinished;
  }
  get isChunked(): boolean {
    return this.wire.isChunked;
  }
  get isTaken(): boolean {
    return this.#last !== undefined;
  }
  get isAwaited(): boolean {
    return this.wire.isAwaited;
  }
  start(reader: BodyReader): void {
    if (this.#last !== undefined) throw new Error('a request body is read once');
    let next: BodyReader = {
      onBody: (chunk) => reader.onBody(chunk),
      onBodyEnd: () => {
        this.isFinished = true;
        reader.onBodyEnd();
      },
      onBodyError: (status) => {
        this.isFinished = true;
        reader.onBodyError(status);
      },
    };
    let link = new Link();
    this.#last = link;
    for (const filter of this.#filters) {
      const behind = new Link();
      const stage = filter.start(this.#r, next, behind);
      if (stage === undefined) continue;
      link.flow = stage;
      link = behind;
      next = stage;
    }
    link.flow = this.wire;
    // mod_proxy passes bodies of any length on.
    if (this.#r.proxyRequest === 'none') readLimited(this.#r, this.wire, next);
    else this.wire.start(next);
  }
  resume(): void {
    this.#last?.resume();
  }
}

/** Where a stage finds the one before it, which is made after it. */
class Link implements BodyFlow {
  flow: BodyFlow | undefined;
  resume(): void {
    this.flow?.resume();
  }
}

class LimitedReader implements BodyReader {
  readonly #r: Request;
  readonly #reader: BodyReader;
  readonly #limit: number;
  #taken = 0;
  #isOver = false;

  constructor(r: Request, reader: BodyReader, limit: number) {
    this.#r = r;
    this.#reader = reader;
    this.#limit = limit;
  }
  onBody(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    this.#taken += chunk.length;
    if (this.#taken <= this.#limit) return this.#reader.onBody(chunk);
    this.#isOver = true;
    const message = `Read content length of ${this.#taken} is larger than the configured limit of ${this.#limit}`;
    logRequest(this.#r, 'http', Level.error, 'AH01591', message);
    this.#r.closeConnection = true;
    this.#r.isBodyBroken = true;
    this.#reader.onBodyError(413);
    return true;
  }
  onBodyEnd(): void {
    if (!this.#isOver) this.#reader.onBodyEnd();
  }
  onBodyError(status: number): void {
    if (!this.#isOver) this.#reader.onBodyError(status);
  }
}

/** Reads the body to its end and forgets it. Answers OK, or why it could not be read. */
export function discardBody(r: Request): Answer {
  const { body } = r.transport;
  if (r.main !== undefined || !body.isPresent || body.isFinished || r.closeConnection) return OK;
  // Whoever began to read it has given up: the connection passes over the rest.
  if (body.isTaken) return OK;
  let outcome: number | undefined;
  let settle: ((status: number) => void) | undefined;
  const finish = (status: number): void => {
    outcome = status;
    settle?.(status);
  };
  readBody(r, {
    onBody: () => true,
    onBodyEnd: () => finish(OK),
    onBodyError(status) {
      r.closeConnection = true;
      // A client that went away gets no answer: 400 ends the request all the same.
      finish(status === 0 ? 400 : status);
    },
  });
  if (outcome !== undefined) return outcome;
  return new Promise((resolve) => {
    settle = resolve;
  });
}
