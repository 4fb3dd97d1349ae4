/**
 * The answer of a FastCGI application on its way to the client (mod_proxy_fcgi.c: dispatch and what follows it). A small answer leaves in one
 * write: what came in one piece from the backend is held until it is known whether that was all.
 */
import type { ResponseSink } from '../../../backend/body.ts';
import type { BackendFailure, BackendFailureKind } from '../../../backend/failure.ts';
import type { Pump } from '../../../backend/pump.ts';
import type { ScriptHead } from '../../../cgi/script-headers.ts';
import { type BodyWriter, endBody } from '../../../core/body.ts';
import { Level, logRequest, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { beginBody, sendHead } from '../../../core/response.ts';
import { applyScriptHead } from '../../../core/script-answer.ts';
import { defaultPort, serverPort } from '../../../core/server-identity.ts';
import { OK } from '../../../core/status.ts';
import { systemError } from '../../../lib/error-text.ts';
import { isOverridden } from '../shared/config.ts';
import { hostAndPort, proxyError } from '../shared/errors.ts';
import type { ProxyTarget } from '../shared/scheme.ts';
import type { FcgiDriver, FcgiEvents } from './driver.ts';

const MODULE = 'proxy_fcgi';
/** Bytes of error output a log line holds; httpd's IO buffer. */
const STDERR_LINE = 8192;

/** APR's own errors, as httpd logs it. */
const ENDED = '(70014)End of file found';
const TIMED_OUT = '(70007)The timeout specified has expired';

/** The connection could not be made. */
const UNREACHABLE: ReadonlySet<BackendFailureKind> = new Set<BackendFailureKind>([
  'refused',
  'not-found',
  'permission',
  'unreachable',
  'connect-timeout',
  'tls',
]);

/** What becomes of the body: passed on, thrown away behind an answer without one, or in favour of an error page. */
type Mode = 'no-head' | 'pass' | 'drop' | 'override';

export class FcgiAnswer implements ResponseSink<ScriptHead>, FcgiEvents {
  readonly #r: Request;
  readonly #target: ProxyTarget;
  readonly #resolve: (status: number) => void;
  #driver: FcgiDriver | undefined;
  #pump: Pump<ScriptHead> | undefined;
  #mode: Mode = 'no-head';
  #overrideStatus = 0;
  #length: number | undefined;
  #held: Buffer[] = [];
  #writer: BodyWriter | undefined;
  /** Nothing more goes to the client. */
  #isClosed = false;

  constructor(r: Request, target: ProxyTarget, resolve: (status: number) => void) {
    this.#r = r;
    this.#target = target;
    this.#resolve = resolve;
  }

  /** Must be called before anything comes. */
  attach(driver: FcgiDriver, pump: Pump<ScriptHead>): void {
    this.#driver = driver;
    this.#pump = pump;
    this.#r.transport.onAbort(() => {
      pump.abort();
      this.#isClosed = true;
      this.#resolve(OK);
    });
  }

  // FcgiEvents

  onStderr(slice: Buffer): void {
    for (let from = 0; from < slice.length; from += STDERR_LINE) {
      const text = slice.toString('latin1', from, Math.min(from + STDERR_LINE, slice.length));
      logRequest(this.#r, MODULE, Level.error, 'AH01071', `Got error '${text}'`);
    }
  }

  onUnknownRecord(type: number): void {
    logRequest(this.#r, MODULE, Level.error, 'AH01072', `Got bogus record ${type}`);
  }

  /** The client need not wait for END_REQUEST. */
  onOutputEnd(): void {
    if (this.#mode !== 'override') this.#finish();
  }

  // ResponseSink

  onHead(head: ScriptHead): void {
    const r = this.#r;
    const { condition, length } = applyScriptHead(r, head);
    if (condition !== 0) {
      r.status = condition;
      this.#mode = 'drop';
      this.#finish();
      return;
    }
    this.#length = length;
    this.#mode = 'pass';
    if (r.main === undefined && r.prev === undefined && isOverridden(this.#target.dir, r.status)) {
      this.#mode = 'override';
      this.#overrideStatus = r.status;
      // The error path takes any other status for a second error.
      r.status = 200;
    }
  }

  write(chunk: Buffer): boolean {
    if (this.#mode !== 'pass' || this.#isClosed || (this.#r.headerOnly && this.#length !== undefined))
      return true;
    if (this.#writer === undefined) {
      this.#held.push(chunk);
      return true;
    }
    return this.#pass(this.#writer, chunk);
  }

  flush(): void {
    if (this.#held.length > 0) this.#begin();
  }

  end(): void {
    if (this.#mode === 'override') {
      this.#resolve(this.#overrideStatus);
      return;
    }
    this.#finish();
    this.#resolve(OK);
  }

  fail(failure: BackendFailure): void {
    const status = this.#report(failure);
    if (this.#isClosed) {
      this.#resolve(OK);
      return;
    }
    if (this.#writer === undefined && this.#held.length > 0) this.#begin();
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
  #finish(): void {
    if (this.#isClosed) return;
    if (this.#r.headerOnly && this.#length !== undefined) {
      // The length the script names is that of the body it did not send.
      this.#isClosed = true;
      this.#r.headersOut.set('Content-Length', String(this.#length));
      sendHead(this.#r);
      return;
    }
    this.#isClosed = true;
    if (this.#writer === undefined) {
      const hasPieces = this.#held.length > 0 && this.#driver?.isHeadless !== true;
      const last = this.#held.pop();
      const writer = hasPieces ? beginBody(this.#r, this.#length) : this.#beginWhole(last);
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
  #begin(): void {
    const writer = beginBody(this.#r, this.#length);
    this.#writer = writer;
    this.#passHeld(writer);
  }

  /** All there is: nothing, or output without a head. A HEAD request is not told that there is nothing. */
  #beginWhole(last: Buffer | undefined): BodyWriter {
    let length = last?.length ?? 0;
    for (const piece of this.#held) length += piece.length;
    return beginBody(this.#r, this.#r.headerOnly && length === 0 ? this.#length : length);
  }

  #passHeld(writer: BodyWriter): void {
    const held = this.#held;
    this.#held = [];
    for (const piece of held) this.#pass(writer, piece);
  }

  #pass(writer: BodyWriter, chunk: Buffer): boolean {
    if (writer.write(chunk)) return true;
    this.#r.transport.onDrain(() => this.#pump?.resume());
    return false;
  }

  // Failures

  /** Logs a failure as httpd does, and answers the status that goes with it. */
  #report(failure: BackendFailure): number {
    const { kind, detail } = failure;
    if (UNREACHABLE.has(kind)) return this.#unreachable(failure);
    switch (kind) {
      case 'dns':
        return proxyError(this.#r, 500, `DNS lookup failure for: ${hostAndPort(this.#target).host}`);
      case 'busy':
      case 'shutdown':
        return this.#noConnection();
      case 'timeout':
        return this.#dispatchError(504, '(polling)', TIMED_OUT);
      case 'body':
        return this.#bodyError(Number(detail));
      case 'protocol':
        return this.#protocolError(detail);
      default:
        if (detail !== 'cut') this.#log('AH01067', 'Failed to read FastCGI header');
        return this.#dispatchError(503, '', kind === 'closed' ? ENDED : systemError(detail));
    }
  }

  #unreachable({ kind, detail }: BackendFailure): number {
    const { worker, address } = this.#target;
    const { host, port } = hostAndPort(this.#target);
    const { server } = this.#r;
    const error = kind === 'connect-timeout' ? TIMED_OUT : systemError(detail);
    if (address.kind === 'unix') {
      const message = `FCGI: attempt to connect to Unix domain socket ${address.path} (${host}:${port}) failed`;
      logServer(server, 'proxy', Level.error, 'AH02454', message, error);
    } else {
      const message = `FCGI: attempt to connect to ${worker.describe(address)} (${host}:${port}) failed`;
      logServer(server, 'proxy', Level.error, 'AH00957', message, error);
    }
    worker.state.markFailed();
    if (worker.state.isInError) {
      const seconds = Math.floor((worker.options.retry ?? 60_000) / 1000);
      const message = `ap_proxy_connect_backend disabling worker for (${host}:${port}) for ${seconds}s`;
      logServer(server, 'proxy', Level.error, 'AH00959', message);
    }
    this.#log('AH01079', `failed to make connection to backend: ${host}`);
    return 503;
  }

  #noConnection(): number {
    const { host, port } = hostAndPort(this.#target);
    const message = `FCGI: failed to acquire connection for (${host}:${port})`;
    logServer(this.#r.server, 'proxy', Level.error, 'AH00941', message);
    return 503;
  }

  /** The request's body will never be whole. A client that is gone needs no answer, but one that only stopped sending gets it. */
  #bodyError(status: number): number {
    // Malformed, not only short: httpd's page comes from where the body is read then, and nothing measures it.
    if (status === 400) this.#r.initial.isBodyBroken = true;
    return this.#dispatchError(status === 0 ? 400 : status, '(reading input brigade)');
  }

  #protocolError(detail: string): number {
    switch (detail) {
      case 'script-head':
        return this.#scriptHeadError();
      case 'bad-version':
        this.#log('AH01068', 'Got bogus version');
        return this.#dispatchError(503, '', systemError('EINVAL'));
      case 'wrong-request-id':
        this.#log('AH01069', 'Got bogus rid, expected 1');
        return this.#dispatchError(503, '', systemError('EINVAL'));
      default:
        return this.#dispatchError(503, `(${REFUSALS[detail] ?? detail})`);
    }
  }

  /** Output that is no head. httpd answers bad characters with its page, and anything else with an empty 500. */
  #scriptHeadError(): number {
    const r = this.#r;
    const failure = this.#driver?.headFailure;
    const line = this.#driver?.failedLine ?? '';
    r.status = 500;
    r.statusLine = undefined;
    r.closeConnection = true;
    this.#isClosed = true;
    if (failure === 'bad-name' || failure === 'bad-value') {
      // The field itself makes the core refuse the head, say so in the log, and send its page.
      const colon = line.indexOf(':');
      r.errHeadersOut.append(
        colon < 0 ? line : line.slice(0, colon),
        colon < 0 ? '' : line.slice(colon + 1).trimStart(),
      );
    } else {
      const name = (r.filename ?? '').slice((r.filename ?? '').lastIndexOf('/') + 1);
      const what = failure === 'head-too-large' ? 'its head is larger than 64 KiB' : `Bad header: ${line}`;
      logRequest(r, MODULE, Level.error, '', `malformed header from script '${name}': ${what}`);
      this.#log('AH01070', 'Error parsing script headers');
    }
    beginBody(r, 0).end();
    return this.#dispatchError(500, '');
  }

  /** httpd names the port the client asked at, not the application's. */
  #dispatchError(status: number, why: string, error?: string): number {
    const r = this.#r;
    const port = serverPort(r);
    const shown = port === defaultPort(r) ? '' : `:${port}`;
    logRequest(r, MODULE, Level.error, 'AH01075', `Error dispatching request to ${shown}: ${why}`, error);
    return status;
  }

  #log(tag: string, message: string): void {
    logRequest(this.#r, MODULE, Level.error, tag, message);
  }
}

/** protocolStatus of an application that refused (FastCGI section 5.5). */
const REFUSALS: Readonly<Record<string, string>> = {
  'refused:1': 'the application cannot take another request on a connection: FCGI_CANT_MPX_CONN',
  'refused:2': 'the application is overloaded: FCGI_OVERLOADED',
  'refused:3': 'the application knows no responders: FCGI_UNKNOWN_ROLE',
};
