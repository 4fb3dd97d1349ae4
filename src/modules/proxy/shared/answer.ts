/**
 * A backend's answer on its way to the client, whatever the protocol. A small answer leaves in one write: what came in one piece from the backend
 * is held until it is known whether that was all. Protocols say what a head does to the request, and how failures are answered and logged.
 */

import type { ResponseSink } from '../../../backend/body.ts';
import { describeAddress } from '../../../backend/connect.ts';
import type { BackendFailure, BackendFailureKind } from '../../../backend/failure.ts';
import type { Pump } from '../../../backend/pump.ts';
import { type BodyWriter, endBody } from '../../../core/body.ts';
import { Level, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { beginBody, sendCountedHead } from '../../../core/response.ts';
import { OK } from '../../../core/status.ts';
import { systemError } from '../../../lib/error-text.ts';
import { isOverridden } from './config.ts';
import { hostAndPort, proxyError } from './errors.ts';
import type { ProxyTarget } from './scheme.ts';

/** APR's own errors, as httpd logs them. */
export const ENDED = '(70014)End of file found';
export const TIMED_OUT = '(70007)The timeout specified has expired';

/** The connection could not be made, though it is known where to. */
export const UNREACHABLE: ReadonlySet<BackendFailureKind> = new Set<BackendFailureKind>([
  'refused',
  'not-found',
  'permission',
  'unreachable',
  'connect-timeout',
  'tls',
]);
/** Milliseconds without anything from the backend after which flushpackets=auto sends what filters hold (PROXY_FLUSH_WAIT). */
const FLUSH_WAIT = 10;

/** What becomes of the body: passed on, thrown away behind an answer without one, or in favour of an error page. */
type Mode = 'no-head' | 'pass' | 'drop' | 'override';

export abstract class BackendAnswer<Head> implements ResponseSink<Head> {
  protected readonly r: Request;
  protected readonly target: ProxyTarget;
  /** `FCGI`, `https`, ...: what log lines of connecting begin with. */
  protected abstract get label(): string;
  readonly #resolve: (status: number) => void;
  #pump: Pump<Head> | undefined;
  #mode: Mode = 'no-head';
  #overrideStatus = 0;
  #length: number | undefined;
  #held: Buffer[] = [];
  #writer: BodyWriter | undefined;
  #flushTimer: NodeJS.Timeout | undefined;
  /** Nothing more goes to the client. */
  #isClosed = false;

  /** @param resolve takes the handler's answer, once. */
  constructor(r: Request, target: ProxyTarget, resolve: (status: number) => void) {
    this.r = r;
    this.target = target;
    this.#resolve = resolve;
  }

  /** Must be called before anything comes. */
  attach(pump: Pump<Head>): void {
    this.#pump = pump;
    this.r.transport.onAbort(() => {
      pump.abort();
      this.#isClosed = true;
      this.#resolve(OK);
    });
  }

  /** Puts the head into the request, then calls `passBody` or `dropBody`. */
  abstract onHead(head: Head): void;
  /** Logs a failure as httpd does, and answers the status that goes with it: used when nothing was sent. */
  protected abstract report(failure: BackendFailure): number;
  /** The client gets the head when the backend has sent no more than that. */
  protected readonly beginsAtHead: boolean = false;
  /** Sends an answer that came whole in one piece, and as long as announced, by other means; false: it goes the usual way. */
  protected sendAtOnce(_body: Buffer): boolean {
    return false;
  }
  /** Whether the end may be told with the head, for answers that came whole in one piece. */
  protected sendsWhole(): boolean {
    return false;
  }

  /** The body goes to the client, or gives way to an error page where ProxyErrorOverride says so. @param length bytes, where it is sure. */
  protected passBody(length: number | undefined): void {
    const { r } = this;
    this.#length = length;
    this.#mode = 'pass';
    if (r.main === undefined && r.prev === undefined && isOverridden(this.target.dir, r.status)) {
      this.#mode = 'override';
      this.#overrideStatus = r.status;
      this.target.state.isOverridden = true;
      // The error path takes any other status for a second error.
      r.status = 200;
    }
  }

  /** The answer has no body, whatever the backend sends. */
  protected dropBody(): void {
    this.#mode = 'drop';
    this.finish();
  }

  /** The client need not wait for what else the backend has to say. */
  protected outputEnded(): void {
    if (this.#mode !== 'override') this.finish();
  }

  /** The answer was made by other means: nothing more goes to the client. */
  protected close(): void {
    this.#isClosed = true;
  }

  // ResponseSink

  write(chunk: Buffer): boolean {
    if (this.#mode !== 'pass' || this.#isClosed || (this.r.headerOnly && this.#length !== undefined))
      return true;
    if (this.#writer === undefined) {
      this.#held.push(chunk);
      return true;
    }
    const flows = this.#pass(this.#writer, chunk);
    this.#stopIfRefused();
    return flows;
  }

  flush(): void {
    if (this.#held.length > 0) this.#begin();
    else if (this.beginsAtHead && this.#mode === 'pass' && this.#writer === undefined && !this.#isClosed) {
      this.#begin().flush?.();
    }
    if (this.#writer?.flush === undefined || this.#isClosed) return;
    const { flushPackets, flushWait } = this.target.worker.options;
    if (flushPackets === 'on') this.#writer.flush();
    else if (flushPackets === 'auto') this.#flushLater(flushWait || FLUSH_WAIT);
  }

  /** The backend wants the client to have what there is, its head at least. */
  protected flushNow(): void {
    if (this.#mode === 'pass' && !this.#isClosed) (this.#writer ?? this.#begin()).flush?.();
  }

  end(): void {
    if (this.#mode === 'override') {
      this.#resolve(this.#overrideStatus);
      return;
    }
    this.finish();
    this.#resolve(OK);
  }

  fail(failure: BackendFailure): void {
    // What came goes out as if more were to follow: that it was cut off must show.
    if (this.#writer === undefined && this.#held.length > 0 && !this.#isClosed) this.#begin();
    const status = this.report(failure);
    if (this.#isClosed) {
      this.#resolve(OK);
      return;
    }
    if (this.#writer !== undefined) {
      this.#isClosed = true;
      this.#writer.abort();
      this.#resolve(OK);
      return;
    }
    this.#resolve(status);
  }

  // Output

  /** Ends the answer; only its first call does anything. */
  protected finish(): void {
    if (this.#isClosed) return;
    if (this.r.headerOnly && this.#length !== undefined) {
      this.#isClosed = true;
      sendCountedHead(this.r, this.#length);
      return;
    }
    this.#isClosed = true;
    clearTimeout(this.#flushTimer);
    if (this.#writer === undefined) {
      const only = this.#held.length === 1 ? this.#held[0] : undefined;
      if (only !== undefined && only.length === this.#length && this.sendAtOnce(only)) return;
      const hasPieces = this.#held.length > 0 && !this.sendsWhole();
      const last = this.#held.pop();
      const writer = hasPieces ? beginBody(this.r, this.#length) : this.#beginWhole(last);
      this.#writer = writer;
      this.#passHeld(writer);
      if (last !== undefined) {
        endBody(writer, last);
        return;
      }
    }
    this.#writer.end();
  }

  /** The body comes in pieces, or at least was not known to be whole when its head was made: chunked, as httpd does. */
  #begin(): BodyWriter {
    const writer = beginBody(this.r, this.#length);
    this.#writer = writer;
    this.#passHeld(writer);
    this.#stopIfRefused();
    return writer;
  }

  /** The head could not go out, and a page took its place: the client waits for no more, and nothing more is asked of the backend. */
  #stopIfRefused(): void {
    if (!this.r.isErrorPage || this.#isClosed) return;
    this.#isClosed = true;
    this.#pump?.abort();
    this.#resolve(OK);
  }

  /** All there is: nothing, or output that is known to be whole. A HEAD request is not told that there is nothing. */
  #beginWhole(last: Buffer | undefined): BodyWriter {
    let length = last?.length ?? 0;
    for (const piece of this.#held) length += piece.length;
    return beginBody(this.r, this.r.headerOnly && length === 0 ? this.#length : length);
  }

  #passHeld(writer: BodyWriter): void {
    const held = this.#held;
    this.#held = [];
    for (const piece of held) this.#pass(writer, piece);
  }

  #pass(writer: BodyWriter, chunk: Buffer): boolean {
    if (writer.write(chunk)) return true;
    this.r.transport.onDrain(() => this.#pump?.resume());
    return false;
  }

  #flushLater(wait: number): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = setTimeout(() => {
      if (!this.#isClosed) this.#writer?.flush?.();
    }, wait);
    this.#flushTimer.unref();
  }

  // Failures that are the same for all protocols (proxy_util.c: ap_proxy_determine_connection, ap_proxy_connect_backend)

  /** The status of a failure to get a connection, logged; undefined for any other failure. */
  protected reportConnecting(failure: BackendFailure): number | undefined {
    const { kind } = failure;
    if (UNREACHABLE.has(kind)) return this.#unreachable(failure);
    if (kind === 'dns')
      return proxyError(this.r, 500, `DNS lookup failure for: ${hostAndPort(this.target).host}`);
    return kind === 'busy' || kind === 'shutdown' ? this.#noConnection() : undefined;
  }

  #unreachable({ kind, detail }: BackendFailure): number {
    const { worker, address } = this.target;
    const { host, port } = hostAndPort(this.target);
    const { server } = this.r;
    const error = kind === 'connect-timeout' ? TIMED_OUT : systemError(detail);
    if (address.kind === 'unix') {
      const message = `${this.label}: attempt to connect to Unix domain socket ${address.path} (${host}:${port}) failed`;
      logServer(server, 'proxy', Level.error, 'AH02454', message, error);
    } else {
      const message = `${this.label}: attempt to connect to ${describeAddress(address)} (${host}:${port}) failed`;
      logServer(server, 'proxy', Level.error, 'AH00957', message, error);
    }
    worker.state.markFailed();
    if (worker.state.isInError) {
      const seconds = Math.floor(worker.state.retryTime / 1000);
      const message = `ap_proxy_connect_backend disabling worker for (${host}:${port}) for ${seconds}s`;
      logServer(server, 'proxy', Level.error, 'AH00959', message);
    }
    return 503;
  }

  #noConnection(): number {
    const { host, port } = hostAndPort(this.target);
    const message = `${this.label}: failed to acquire connection for (${host}:${port})`;
    logServer(this.r.server, 'proxy', Level.error, 'AH00941', message);
    return 503;
  }
}
