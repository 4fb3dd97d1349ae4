/** The answer of an HTTP server on its way to the client (mod_proxy_http.c: ap_proxy_http_process_response). */
import { describeAddress } from '../../../backend/connect.ts';
import type { BackendFailure } from '../../../backend/failure.ts';
import type { Pump } from '../../../backend/pump.ts';
import { Tunnel } from '../../../backend/tunnel.ts';
import { sendFilterError } from '../../../core/errors.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { isBodyless, sendBuffer } from '../../../core/response.ts';
import { OK } from '../../../core/status.ts';
import { isChunked } from '../../../http/body.ts';
import { equalsIgnoreCase } from '../../../http/bytes.ts';
import { HeaderFields } from '../../../http/header-fields.ts';
import { isKnownStatus } from '../../../http/reason-phrases.ts';
import { findInvalidField, responseHead } from '../../../http/response-head.ts';
import type { ResponseHead } from '../../../http/response-head-parser.ts';
import { systemError } from '../../../lib/error-text.ts';
import { BackendAnswer, ENDED, TIMED_OUT } from '../shared/answer.ts';
import { isOverridden } from '../shared/config.ts';
import { hostAndPort, proxyError } from '../shared/errors.ts';
import type { ProxyTarget } from '../shared/scheme.ts';
import { tunnelTimeout } from '../shared/tunnel-timeout.ts';
import { type HttpDriver, type HttpEvents, type HttpHead, MAX_INTERIM } from './driver.ts';
import { takeHead } from './response-fields.ts';

const MODULE = 'proxy_http';
/** Bytes of an answer that httpd has at hand at once, so that it can cut ranges out of it (AP_IOBUFSIZE). */
const IO_BUFFER = 8192;
/** How much of a field line that is too long the log shows, of its beginning and its end. */
const SHOWN = 80;

/** The request has been asked for by Expect, and the body waits for the answer to that. */
export type Expectation = 'none' | 'client' | 'ping';

export class HttpAnswer extends BackendAnswer<HttpHead> implements HttpEvents {
  protected override readonly beginsAtHead = true;
  readonly #upgrade: string | undefined;
  readonly #done: (status: number) => void;
  readonly #defect: (error: unknown) => void;
  #expectation: Expectation;
  #driver: HttpDriver | undefined;
  #httpPump: Pump<HttpHead> | undefined;
  #hasHead = false;
  /** What the backend wanted to switch to, when nobody asked for it. */
  #unexpected: string | undefined;

  /**
   * @param upgrade the protocol that was asked for.
   * @param defect hears what is thrown once the connection speaks that.
   */
  constructor(
    r: Request,
    target: ProxyTarget,
    expectation: Expectation,
    upgrade: string | undefined,
    resolve: (status: number) => void,
    defect: (error: unknown) => void,
  ) {
    super(r, target, resolve);
    this.#done = resolve;
    this.#defect = defect;
    this.#expectation = expectation;
    this.#upgrade = upgrade;
  }

  /** The scheme as it stands in the URL. */
  protected get label(): string {
    const { url } = this.target;
    return url.slice(0, url.indexOf(':'));
  }

  /** Must be called before anything comes. */
  attachDriver(driver: HttpDriver, pump: Pump<HttpHead>): void {
    this.#driver = driver;
    this.#httpPump = pump;
    this.attach(pump);
  }

  // HttpEvents

  onInterim(head: ResponseHead): void {
    const { r } = this;
    const isContinue = head.status === 100;
    const policy = r.getEnv('proxy-interim-response')?.toLowerCase();
    const mayPass = policy === undefined || policy === 'rfc';
    if (!mayPass && policy !== 'suppress')
      logRequest(r, MODULE, Level.warn, 'AH01108', 'undefined proxy interim response policy');
    // Of a 100 only who asked for it hears, unless it is to be passed on whatever the client asked for.
    const isWanted = !isContinue || policy === 'rfc' || this.#expectation === 'client';
    if (mayPass && isWanted && r.main === undefined) {
      const { contentType } = r;
      takeHead(r, this.target, head);
      r.contentType = contentType;
      // One that would break the stream apart, or has no status line of its own, is not worth a 500: the answer is still to come.
      const isSayable = r.statusLine !== undefined || isKnownStatus(head.status);
      if (isSayable && findInvalidField(r.headersOut) === undefined)
        r.transport.sendInterim(head.status, r.headersOut, r.statusLine);
      r.headersOut.clear();
    }
    r.status = 200;
    r.statusLine = undefined;
    this.#noteOddities(head);
    if (isContinue) this.#expectationMet();
  }

  onTrailers(trailers: HeaderFields): void {
    this.r.trailersOut = trailers;
  }

  /** The backend says it wants the body, or says no more about it. */
  #expectationMet(): void {
    const pump = this.#httpPump;
    if (this.#expectation === 'none' || pump === undefined) return;
    if (this.#expectation === 'ping') pump.setTimeout(this.target.timeout);
    this.#expectation = 'none';
    pump.releaseBody();
  }

  onSwitch(head: ResponseHead, rest: Buffer): boolean {
    const { r } = this;
    const upgrade = head.fields.get('upgrade');
    if (this.#upgrade === undefined || upgrade === undefined || !equalsIgnoreCase(upgrade, this.#upgrade)) {
      this.#unexpected = upgrade ?? 'n/a';
      return false;
    }
    if (findInvalidField(head.fields) !== undefined) return false;
    const backend = this.#httpPump?.detach();
    if (backend === undefined) return false;
    this.close();
    const client = r.transport.takeConnection?.(r);
    if (client === undefined) {
      backend.release(backend.connection);
      this.#done(502);
      return true;
    }
    takeHead(r, this.target, head);
    const fields = new HeaderFields();
    fields.appendAll(r.headersOut);
    fields.set('Connection', 'Upgrade');
    fields.set('Upgrade', upgrade);
    // HTTP/1.0 knows no interim answers: its clients are not told (ap_send_interim_response).
    if (r.protocolNumber >= 1001)
      client.write(Buffer.from(responseHead(101, '', fields, r.statusLine), 'latin1'));
    const tunnel = new Tunnel({
      client,
      backend: backend.connection,
      release: backend.release,
      timeout: tunnelTimeout(r, this.target),
      // What went through it is no body of an answer: %B stays 0, as in httpd.
      onEnd: ({ why, error }) => (why === 'defect' ? this.#defect(error) : this.#done(OK)),
    });
    tunnel.start(rest);
    return true;
  }

  // ResponseSink

  onHead({ head, length }: HttpHead): void {
    const { r, target } = this;
    this.#hasHead = true;
    this.#noteOddities(head);
    // A backend that answers without having been sent the body: it gets it all the same where it goes on listening and the answer is good.
    if (
      this.#expectation !== 'none' &&
      (this.#expectation === 'ping' || (head.status < 300 && head.versionMinor > 0))
    )
      this.#expectationMet();
    takeHead(r, target, head);
    if (r.headerOnly && !isKnownCoding(r.headersOut.getJoined('transfer-encoding'))) {
      this.#refuseHead();
      return;
    }
    if (head.status === 401) this.#noteChallenge();
    // A HEAD request is not told of a length of 0: more likely nobody counted.
    const isUntold = isBodyless(head.status) || (r.headerOnly && length === 0);
    this.passBody(isUntold ? undefined : length);
  }

  /** Of an answer to HEAD the coding is passed on; one that ends in another than chunked is not (ap_http_filter). */
  #refuseHead(): void {
    sendFilterError(this.r);
    this.close();
    this.#httpPump?.abort();
    this.#done(OK);
  }

  /** The page that replaces a 401 must ask for credentials still. */
  #noteChallenge(): void {
    const { r } = this;
    const challenge = r.headersOut.get('www-authenticate');
    if (challenge === undefined) {
      const message = 'origin server sent 401 without WWW-Authenticate header';
      logRequest(r, MODULE, Level.info, 'AH01109', message);
    } else if (isOverridden(this.target.dir, 401)) {
      r.errHeadersOut.set('WWW-Authenticate', challenge);
    }
  }

  /** All of a body that is not larger than httpd's buffer: ranges can be cut out of it. */
  protected override sendAtOnce(body: Buffer): boolean {
    const { r, target } = this;
    if (r.headersIn.has('range') && body.length > (target.server.ioBufferSize || IO_BUFFER)) return false;
    sendBuffer(r, body);
    return true;
  }

  // Failures

  protected report(failure: BackendFailure): number {
    const { kind, detail } = failure;
    if (kind === 'tls' && !this.#hasHead) {
      this.#noteUnsent('AH01084', 'proxy');
      this.#noteUnsent();
      return proxyError(this.r, 500, 'Error during SSL Handshake with remote server');
    }
    const connecting = this.reportConnecting(failure);
    if (connecting !== undefined) {
      if (kind !== 'dns' && kind !== 'busy' && kind !== 'shutdown') {
        const message = `HTTP: failed to make connection to backend: ${hostAndPort(this.target).host}`;
        logRequest(this.r, MODULE, Level.error, 'AH01114', message);
      }
      return connecting;
    }
    if (kind === 'body') return this.#bodyError(Number(detail));
    if (this.#hasHead) return this.#readError(failure);
    if (kind === 'timeout' && this.#httpPump?.isSendingBody === true && this.#expectation === 'none')
      return this.#sendTimeout();
    if (kind === 'protocol') return this.#headError(detail);
    if (this.#driver?.isInFields === true || this.#driver?.failure?.kind === 'unreadable')
      return this.#headError('unreadable');
    return this.#statusError(failure);
  }

  /** The body of the answer cannot be read on. */
  #readError({ kind, detail }: BackendFailure): number {
    const { r } = this;
    const error =
      kind === 'timeout'
        ? TIMED_OUT
        : kind === 'closed'
          ? ENDED
          : kind === 'protocol'
            ? undefined
            : systemError(detail);
    logRequest(r, MODULE, Level.error, 'AH01110', 'error reading response', error);
    // No cache may keep what takes its place; nothing measures the page (an error bucket behind the head).
    r.noCache = true;
    r.initial.isBodyBroken = true;
    r.statusLine = undefined;
    return 502;
  }

  /** The backend does not take the body. */
  #sendTimeout(): number {
    this.#noteUnsent('AH01084', 'proxy', TIMED_OUT);
    this.#noteUnsent();
    return 504;
  }

  /** What httpd says of a request that did not get through to the backend: mod_proxy, then mod_proxy_http. */
  #noteUnsent(tag = 'AH01097', module = MODULE, error?: string): void {
    const { r, target } = this;
    const to = `${describeAddress(target.address)} (${hostAndPort(target).host})`;
    const by = module === MODULE ? ` from ${r.connection.remoteAddr} ()` : '';
    logRequest(r, module, Level.error, tag, `pass request body failed to ${to}${by}`, error);
  }

  #statusError({ kind, detail }: BackendFailure): number {
    const { r } = this;
    const { host, port } = hostAndPort(this.target);
    const isTimeout = kind === 'timeout';
    const error = isTimeout ? TIMED_OUT : kind === 'closed' ? ENDED : systemError(detail);
    const message = `error reading status line from remote server ${host}:${port}`;
    logRequest(r, MODULE, Level.error, 'AH01102', message, error);
    // Read by balancers (failontimeout).
    if (isTimeout) r.notes.set('proxy_timedout', '1');
    if (isTimeout && this.#expectation !== 'none') return proxyError(r, 503, 'Timeout on 100-Continue');
    if (!isTimeout && r.proxyRequest === 'reverse' && r.main === undefined && r.connection.keepalives > 0) {
      // A client that has been served on this connection may try again by itself: no answer tells it to.
      const client = r.transport.takeConnection?.(r);
      if (client !== undefined) {
        client.abort();
        return OK;
      }
    }
    return proxyError(r, 502, 'Error reading from remote server');
  }

  #headError(detail: string): number {
    const { r } = this;
    const line = this.#driver?.failure?.line ?? '';
    switch (detail) {
      case 'status-line':
        return proxyError(r, 502, `Corrupt status line returned by remote server: ${line}`);
      case 'interim':
        return proxyError(r, 502, `Too many (${MAX_INTERIM}) interim responses from origin server`);
      case 'upgrade': {
        const expected = this.#upgrade ?? 'n/a';
        return proxyError(r, 502, `Unexpected Upgrade: ${this.#unexpected ?? 'n/a'} (expecting ${expected})`);
      }
      case 'too-long': {
        const size = this.target.worker.options.responseFieldSize || IO_BUFFER;
        const message =
          `header size is over the limit allowed by ResponseFieldSize (${size} bytes). ` +
          `Bad response header: '${line.slice(0, SHOWN)}[...]${line.slice(-SHOWN)}'`;
        logRequest(r, MODULE, Level.warn, 'AH10124', message);
        break;
      }
      case 'unreadable':
      case 'too-large':
        logRequest(r, MODULE, Level.warn, 'AH10404', 'Error reading headers from backend');
    }
    const message = `bad HTTP/1.1 header returned by ${r.uri} (${r.method})`;
    logRequest(r, MODULE, Level.warn, 'AH01106', message);
    return 502;
  }

  /** The request's body will never be whole. */
  #bodyError(status: number): number {
    const { r } = this;
    const { host } = hostAndPort(this.target);
    const message =
      `read request body failed to ${describeAddress(this.target.address)} (${host}) from ` +
      `${r.connection.remoteAddr} ()`;
    logRequest(r, 'proxy', Level.error, 'AH02608', message);
    this.#noteUnsent();
    if (status === 400) r.initial.isBodyBroken = true;
    return status === 0 ? 400 : status;
  }

  #noteOddities(head: ResponseHead): void {
    for (const oddity of head.oddities ?? []) {
      const by = `returned by ${this.r.uri} (${this.r.method})`;
      if (oddity === 'ignored') this.#warn('AH01100', `Ignoring bogus HTTP header ${by}`);
      else if (oddity === 'body-at-once') this.#warn('AH01099', `No HTTP headers ${by}`);
      else this.#warn('AH01098', `Starting body due to bogus non-header in headers ${by}`);
    }
  }

  #warn(tag: string, message: string): void {
    logRequest(this.r, MODULE, Level.warn, tag, message);
  }
}

function isKnownCoding(coding: string | undefined): boolean {
  return coding === undefined || isChunked(coding);
}
