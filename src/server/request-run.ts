/**
 * The request a connection is busy with: through the lifecycle, to an answer that is whole, to the log (ap_process_async_request and
 * ap_process_request_after_handler of modules/http/http_request.c). One object for all requests of a connection, one after the other.
 */
import type { Connection } from '../core/connection.ts';
import { type Answer, runVoid } from '../core/hooks.ts';
import { settle } from '../core/lifecycle.ts';
import { Level, logConnection } from '../core/log.ts';
import type { Request } from '../core/request.ts';
import { EMPTY_BODY, sendBuffer } from '../core/response.ts';
import type { HeaderFields } from '../http/header-fields.ts';
import type { RequestFailure } from '../http/request-head.ts';
import type { Http1Transport } from './http1-answer.ts';
import { defectText, keepTrailers, logDefect, noteBadBody } from './http1-request.ts';
import { type BodyHost, IncomingBody } from './incoming-body.ts';

export interface RunHost extends Connection {
  /** Answered (or nobody is there to answer), its lifecycle has returned, and it is logged. */
  onDone(r: Request): void;
  /** The body can take (more) of what is at hand. */
  pull(): void;
  /** Cuts the connection. */
  abort(): void;
}

export class RequestRun implements BodyHost {
  /** Undefined between requests. */
  request: Request | undefined;
  readonly #host: RunHost;
  readonly #transport: Http1Transport;
  /** The lifecycle has returned. */
  #isSettled = false;
  /** A defect showed in it: its lifecycle may still end, and is heard no more. */
  #crashed: Request | undefined;

  constructor(host: RunHost, transport: Http1Transport) {
    this.#host = host;
    this.#transport = transport;
  }

  begin(r: Request): void {
    this.request = r;
    this.#isSettled = false;
    this.#transport.open(r);
  }

  process(r: Request, process: (r: Request) => Answer): void {
    let answer: Answer;
    try {
      answer = process(r);
    } catch (error) {
      this.#crash(r, error);
      return;
    }
    if (typeof answer === 'number') {
      this.#onSettled(r);
      return;
    }
    answer.then(
      () => {
        if (this.#crashed !== r) this.#onSettled(r);
      },
      (error: unknown) => {
        if (this.#crashed !== r) this.#crash(r, error);
        else logDefect(r, error);
      },
    );
  }

  #onSettled(r: Request): void {
    this.#isSettled = true;
    const last = r.final;
    try {
      if (!last.isHeadSent && !last.isBodyBegun && !this.#transport.isAnswered) sendBuffer(last, EMPTY_BODY);
      this.finishWhenDone();
    } catch (error) {
      this.#crash(r, error);
    }
  }

  /** The answer may be whole before the lifecycle returns, or after it. */
  finishWhenDone(): void {
    const r = this.request;
    if (r === undefined || !this.#isSettled || !this.#transport.isAnswered) return;
    this.request = undefined;
    this.#log(r);
    this.#transport.forgetRequest();
    this.#host.onDone(r);
  }

  /** A log that cannot be written is no reason to leave the connection as it is. */
  #log(r: Request): void {
    try {
      runVoid(r.server.phases.logTransaction, r);
    } catch (error) {
      logDefect(r, error);
    }
  }

  /** The client is gone: who makes the answer is told, and the request is logged when its lifecycle ends. */
  abandon(): void {
    const transport = this.#transport;
    try {
      if (transport.body instanceof IncomingBody) transport.body.fail(0);
      transport.isAnswered = true;
      transport.giveUp();
      this.finishWhenDone();
    } catch (error) {
      transport.isAnswered = true;
      this.onDefect(error);
    }
  }

  // ---- for its body ----

  pull(): void {
    this.#host.pull();
  }

  get waitsForContinue(): boolean {
    return this.#transport.waitsForContinue;
  }

  sendContinue(): void {
    this.#transport.sendContinue();
  }

  onBadBody(failure: RequestFailure, isInTrailers: boolean): void {
    if (this.request !== undefined) noteBadBody(this.request, failure, isInTrailers);
  }

  onTrailers(trailers: HeaderFields): void {
    if (this.request !== undefined) keepTrailers(this.request, trailers);
  }

  // ---- defects ----

  /** Thrown into a callback of the socket or the clock by whoever reads the body or writes the answer. */
  onDefect(error: unknown): void {
    if (this.request !== undefined) {
      this.#crash(this.request, error);
      return;
    }
    logConnection(this.#host, 'core', Level.crit, 'AL0500', defectText(error));
    this.#host.abort();
  }

  /**
   * A defect of ours must neither take the server down nor leave the client waiting: it is logged, whoever works at the request is told to stop,
   * and the answer is a 500, or, where one has begun, the end of the connection.
   */
  #crash(r: Request, error: unknown): void {
    logDefect(r, error);
    const isSecond = this.#crashed === r;
    this.#crashed = r;
    const transport = this.#transport;
    const { body } = transport;
    if (body instanceof IncomingBody && body.isTaken) body.abandon();
    try {
      transport.giveUp();
    } catch (another) {
      logDefect(r, another);
    }
    if (isSecond || transport.isAnswered || r.final.isHeadSent || r.final.isBodyBegun) {
      this.#isSettled = true;
      this.#host.abort();
      this.finishWhenDone();
      return;
    }
    this.#isSettled = false;
    new Promise<number>((resolve) => resolve(settle(r, 500))).then(
      () => this.#onSettled(r),
      (another: unknown) => this.#crash(r, another),
    );
  }
}
