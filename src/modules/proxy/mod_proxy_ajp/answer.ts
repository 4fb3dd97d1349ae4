/** The answer of an AJP container on its way to the client (mod_proxy_ajp.c: ap_proxy_ajp_request; ajp_header.c: ajp_unmarshal_response). */
import type { BackendFailure } from '../../../backend/failure.ts';
import type { Pump } from '../../../backend/pump.ts';
import { DROPS_CONNECTION } from '../../../core/errors.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { beginBody, isBodyless } from '../../../core/response.ts';
import { OK } from '../../../core/status.ts';
import { NO_FIELD_CONTENT } from '../../../http/bytes.ts';
import { findInvalidField } from '../../../http/response-head.ts';
import { BackendAnswer } from '../shared/answer.ts';
import { isOverridden } from '../shared/config.ts';
import { hostAndPort } from '../shared/errors.ts';
import { mapCookie, mapLocation } from '../shared/reverse-map.ts';
import type { ProxyTarget } from '../shared/scheme.ts';
import type { AjpDriver, AjpEvents } from './driver.ts';
import { logFailure, MODULE } from './failure-log.ts';
import type { AjpHead } from './packets.ts';

/** Methods that may be asked of another container, as long as there is no query (is_idempotent). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'PUT', 'OPTIONS', 'TRACE']);

export class AjpAnswer extends BackendAnswer<AjpHead> implements AjpEvents {
  protected readonly label = 'AJP';
  readonly #done: (status: number) => void;
  /** Asks once more, on a connection of its own. Undefined: that was done. */
  #retry: (() => void) | undefined;
  #driver: AjpDriver | undefined;
  #pump: Pump<AjpHead> | undefined;
  /** What this request is the error document of, where that counts. */
  readonly #statusBefore: number;
  readonly #statusLineBefore: string | undefined;

  /** @param done takes the handler's answer, once. */
  constructor(r: Request, target: ProxyTarget, done: (status: number) => void, retry: () => void) {
    super(r, target, done);
    this.#done = done;
    this.#retry = retry;
    this.#statusBefore = r.status;
    this.#statusLineBefore = r.statusLine;
  }

  /** Must be called before anything comes. */
  attachDriver(driver: AjpDriver, pump: Pump<AjpHead>): void {
    this.#driver = driver;
    this.#pump = pump;
    this.attach(pump);
  }

  // AjpEvents

  onPong(): void {
    this.#pump?.setTimeout(this.target.timeout);
    this.#pump?.releaseBody();
  }

  onFlush(): void {
    this.flushNow();
  }

  // BackendAnswer

  onHead(head: AjpHead): void {
    const { r, target } = this;
    const length = this.#applyHead(head);
    if (r.status === 401 && isOverridden(target.dir, 401)) {
      const challenge = r.headersOut.get('www-authenticate');
      if (challenge !== undefined) r.errHeadersOut.set('WWW-Authenticate', challenge);
    }
    if (!isOverridden(target.dir, r.status) && isOverridden(target.dir, this.#statusBefore)) {
      // An error document that was found is still one of an error.
      r.status = this.#statusBefore;
      r.statusLine = this.#statusLineBefore;
    }
    if (findInvalidField(r.headersOut) !== undefined) {
      this.#refuseHead();
      return;
    }
    this.passBody(length);
    if (isBodyless(r.status)) this.dropBody();
  }

  /** @returns the body's length, where it is trusted. */
  #applyHead({ status, reason, fields }: AjpHead): number | undefined {
    const { r, target } = this;
    const isStatus = status >= 200 && status <= 999;
    r.status = isStatus ? status : 500;
    const line = `${status} ${reason ?? ''}`;
    r.statusLine = reason === undefined || !isStatus || NO_FIELD_CONTENT.test(reason) ? undefined : line;
    if (DROPS_CONNECTION.has(r.status) && isStatus) r.headersOut.set('Connection', 'close');
    let length: number | undefined;
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const name = fields[i] as string;
      const value = fields[i + 1] as string;
      switch (name.toLowerCase()) {
        case 'set-cookie':
          r.headersOut.append(name, mapCookie(r, target.dir, value));
          break;
        case 'location':
        case 'content-location':
        case 'uri':
        case 'destination':
          r.headersOut.append(name, mapLocation(r, target.dir, value, target.server.balancers));
          break;
        case 'content-type':
          r.contentType = value;
          r.headersOut.set(name, value);
          break;
        case 'content-length':
          // The body is framed by packets, not by what was announced.
          if (/^\d{1,15}$/.test(value) && r.getEnv('ap_trust_cgilike_cl') !== undefined)
            length = Number(value);
          break;
        case 'transfer-encoding':
          break;
        default:
          r.headersOut.append(name, value);
      }
    }
    return length;
  }

  /** The core refuses the head, says so in the log, and sends its page. */
  #refuseHead(): void {
    beginBody(this.r, 0).end();
    logRequest(this.r, MODULE, Level.error, 'AH02822', `dialog with client ${this.#client()} failed`);
    this.close();
    this.#pump?.abort();
    this.#done(OK);
  }

  override fail(failure: BackendFailure): void {
    const driver = this.#driver;
    const retry = this.#retry;
    const isPingFailure = driver?.isAwaitingPong === true && failure.kind !== 'body';
    if (!isPingFailure || retry === undefined || driver === undefined) {
      super.fail(failure);
      return;
    }
    this.#retry = undefined;
    logFailure(this.r, this.target, driver, failure);
    retry();
  }

  protected report(failure: BackendFailure): number {
    const status = this.#statusOf(failure);
    // What the head said holds no more.
    if (this.r.status !== this.#statusBefore) {
      this.r.status = this.#statusBefore;
      this.r.statusLine = this.#statusLineBefore;
    }
    return status;
  }

  #statusOf(failure: BackendFailure): number {
    const { r, target } = this;
    const driver = this.#driver;
    const connecting = this.reportConnecting(failure);
    if (connecting !== undefined || driver === undefined) {
      const { host } = hostAndPort(target);
      if (failure.kind !== 'dns' && failure.kind !== 'busy' && failure.kind !== 'shutdown')
        logRequest(r, MODULE, Level.error, 'AH00896', `failed to make connection to backend: ${host}`);
      return connecting ?? 503;
    }
    if (failure.kind === 'body') {
      if (driver.hasSentBody) {
        const error = '(70008)Partial results are valid but processing is incomplete';
        const message = `dialog with client ${this.#client()} failed`;
        logRequest(r, MODULE, Level.error, 'AH02822', message, error);
      }
      return Number(failure.detail) || 400;
    }
    logFailure(r, target, driver, failure);
    if (driver.isAwaitingPong) return 503;
    if (failure.kind === 'timeout' && target.worker.options.ping !== undefined) return 504;
    return !driver.hasSentBody && r.args === undefined && IDEMPOTENT.has(r.method) ? 503 : 500;
  }

  #client(): string {
    return `${this.r.connection.remoteAddr}:${this.r.connection.remotePort}`;
  }
}
