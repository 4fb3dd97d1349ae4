/** The answer of a uwsgi application on its way to the client (mod_proxy_uwsgi.c: uwsgi_response). */
import type { BackendFailure } from '../../../backend/failure.ts';
import type { Pump } from '../../../backend/pump.ts';
import { DROPS_CONNECTION } from '../../../core/errors.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { isBodyless } from '../../../core/response.ts';
import { NO_FIELD_CONTENT } from '../../../http/bytes.ts';
import { BackendAnswer } from '../shared/answer.ts';
import { hostAndPort } from '../shared/errors.ts';
import type { UwsgiAnswerHead, UwsgiDriver } from './driver.ts';

/** Fields that concern the connection to the application only. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export class UwsgiAnswer extends BackendAnswer<UwsgiAnswerHead> {
  protected readonly label = 'uwsgi';
  protected override readonly beginsAtHead = true;
  #driver: UwsgiDriver | undefined;

  /** Must be called before anything comes. */
  attachDriver(driver: UwsgiDriver, pump: Pump<UwsgiAnswerHead>): void {
    this.#driver = driver;
    this.attach(pump);
  }

  onHead({ status, statusLine, fields, length }: UwsgiAnswerHead): void {
    const { r } = this;
    r.status = status;
    r.statusLine = NO_FIELD_CONTENT.test(statusLine) || statusLine[3] !== ' ' ? undefined : statusLine;
    if (DROPS_CONNECTION.has(status)) r.headersOut.set('Connection', 'close');
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const name = fields[i] as string;
      const value = fields[i + 1] as string;
      const lower = name.toLowerCase();
      if (HOP_BY_HOP.has(lower)) continue;
      if (lower === 'content-type') {
        r.contentType = value;
        r.headersOut.set(name, value);
      } else if (lower !== 'content-length') {
        r.headersOut.append(name, value);
      }
    }
    this.passBody(length);
    if (isBodyless(r.status)) this.dropBody();
  }

  protected report(failure: BackendFailure): number {
    const connecting = this.reportConnecting(failure);
    if (connecting !== undefined) {
      const { host, port } = hostAndPort(this.target);
      if (failure.kind !== 'dns' && failure.kind !== 'busy' && failure.kind !== 'shutdown')
        this.#log('AH10101', `failed to make connection to backend: ${host}:${port}`);
      return connecting;
    }
    if (failure.kind === 'body') {
      this.#log('AH10099', 'receiving request body failed');
      return 500;
    }
    // What ends before its first line is whole is no answer; what ends later is a bad one.
    const isNothing = this.#driver === undefined || !this.#driver.hasStatusLine;
    return isNothing ? 500 : 502;
  }

  #log(tag: string, message: string): void {
    logRequest(this.r, 'proxy_uwsgi', Level.error, tag, message);
  }
}
