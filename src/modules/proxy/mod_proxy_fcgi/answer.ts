/** The answer of a FastCGI application on its way to the client (mod_proxy_fcgi.c: dispatch and what follows it). */
import type { BackendFailure } from '../../../backend/failure.ts';
import type { Pump } from '../../../backend/pump.ts';
import type { ScriptHead } from '../../../cgi/script-headers.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { beginBody } from '../../../core/response.ts';
import { applyScriptHead } from '../../../core/script-answer.ts';
import { defaultPort, serverPort } from '../../../core/server-identity.ts';
import { systemError } from '../../../lib/error-text.ts';
import { BackendAnswer, ENDED, TIMED_OUT } from '../shared/answer.ts';
import { hostAndPort } from '../shared/errors.ts';
import type { FcgiDriver, FcgiEvents } from './driver.ts';
import { headLimit } from './limits.ts';

const MODULE = 'proxy_fcgi';
/** Bytes of error output a log line holds; httpd's IO buffer. */
const STDERR_LINE = 8192;

export class FcgiAnswer extends BackendAnswer<ScriptHead> implements FcgiEvents {
  protected readonly label = 'FCGI';
  #driver: FcgiDriver | undefined;

  /** Must be called before anything comes. */
  attachDriver(driver: FcgiDriver, pump: Pump<ScriptHead>): void {
    this.#driver = driver;
    this.attach(pump);
  }

  // FcgiEvents

  onStderr(slice: Buffer): void {
    for (let from = 0; from < slice.length; from += STDERR_LINE) {
      const text = slice.toString('latin1', from, Math.min(from + STDERR_LINE, slice.length));
      logRequest(this.r, MODULE, Level.error, 'AH01071', `Got error '${text}'`);
    }
  }

  onUnknownRecord(type: number): void {
    logRequest(this.r, MODULE, Level.error, 'AH01072', `Got bogus record ${type}`);
  }

  onOutputEnd(): void {
    this.outputEnded();
  }

  // BackendAnswer

  onHead(head: ScriptHead): void {
    if (head.oddStatus !== undefined) this.#logOfScript('Invalid status line', head.oddStatus);
    const { condition, length } = applyScriptHead(this.r, head);
    if (condition === 0) {
      this.passBody(length);
      return;
    }
    this.r.status = condition;
    this.dropBody();
  }

  /** Output without a head is the body of an answer whose length is known. */
  protected override sendsWhole(): boolean {
    return this.#driver?.isHeadless === true;
  }

  protected report(failure: BackendFailure): number {
    const { kind, detail } = failure;
    const connecting = this.reportConnecting(failure);
    if (connecting !== undefined) {
      if (kind !== 'dns' && kind !== 'busy' && kind !== 'shutdown')
        this.#log('AH01079', `failed to make connection to backend: ${hostAndPort(this.target).host}`);
      return connecting;
    }
    switch (kind) {
      case 'timeout':
        return this.#brokenOff(504, '(polling)', TIMED_OUT);
      case 'body':
        return this.#bodyError(Number(detail));
      case 'protocol':
        return this.#protocolError(detail);
      default:
        return this.#brokenOff(503, undefined, kind === 'closed' ? ENDED : systemError(detail));
    }
  }

  /** httpd reads header by header and record by record, and says where it was. @param between what it says between records. */
  #brokenOff(status: number, between: string | undefined, error: string | undefined): number {
    const unfinished = this.#driver?.unfinished;
    if (unfinished === 'record') return this.#dispatchError(status, '(reading response body)', error);
    if (unfinished === undefined && between !== undefined) return this.#dispatchError(status, between, error);
    this.#log('AH01067', 'Failed to read FastCGI header');
    return this.#dispatchError(status, '', error);
  }

  /** The request's body will never be whole. A client that is gone needs no answer, but one that only stopped sending gets it. */
  #bodyError(status: number): number {
    // Malformed, not only short: httpd's page comes from where the body is read then, and nothing measures it.
    if (status === 400) this.r.initial.isBodyBroken = true;
    return this.#dispatchError(status === 0 ? 400 : status, '(reading input brigade)');
  }

  #protocolError(detail: string): number {
    switch (detail) {
      case 'script-head':
        return this.#scriptHeadError();
      case 'bad-version':
        this.#log('AH01068', `Got bogus version ${this.#driver?.found ?? 0}`);
        return this.#dispatchError(503, '', systemError('EINVAL'));
      case 'wrong-request-id':
        this.#log('AH01069', `Got bogus rid ${this.#driver?.found ?? 0}, expected 1`);
        return this.#dispatchError(503, '', systemError('EINVAL'));
      default:
        return this.#dispatchError(503, `(${REFUSALS[detail] ?? detail})`);
    }
  }

  /** Output that is no head. httpd answers bad characters with its page, and anything else with an empty 500. */
  #scriptHeadError(): number {
    const r = this.r;
    const failure = this.#driver?.headFailure;
    const line = this.#driver?.failedLine ?? '';
    r.status = 500;
    r.statusLine = undefined;
    r.closeConnection = true;
    this.close();
    if (failure === 'bad-name' || failure === 'bad-value') {
      // The field itself makes the core refuse the head, say so in the log, and send its page: of one error, not of two.
      r.status = 200;
      const colon = line.indexOf(':');
      r.errHeadersOut.append(
        colon < 0 ? line : line.slice(0, colon),
        colon < 0 ? '' : line.slice(colon + 1).trimStart(),
      );
    } else {
      const what = failure === 'head-too-large' ? this.#tooLarge() : `Bad header: ${line}`;
      this.#logOfScript('malformed header', what);
      this.#log('AH01070', 'Error parsing script headers');
    }
    beginBody(r, 0).end();
    return this.#dispatchError(500, '');
  }

  /** httpd names the port the client asked at, not the application's. */
  #dispatchError(status: number, why: string, error?: string): number {
    const r = this.r;
    const port = serverPort(r);
    const shown = port === defaultPort(r) ? '' : `:${port}`;
    logRequest(r, MODULE, Level.error, 'AH01075', `Error dispatching request to ${shown}: ${why}`, error);
    return status;
  }

  #logOfScript(what: string, detail: string): void {
    const filename = this.r.filename ?? '';
    const name = filename.slice(filename.lastIndexOf('/') + 1);
    logRequest(this.r, MODULE, Level.error, '', `${what} from script '${name}': ${detail}`);
  }

  #tooLarge(): string {
    return `its head is larger than ${headLimit(this.target)} bytes (responsefieldsize of the worker)`;
  }

  #log(tag: string, message: string): void {
    logRequest(this.r, MODULE, Level.error, tag, message);
  }
}

/** protocolStatus of an application that refused (FastCGI section 5.5). */
const REFUSALS: Readonly<Record<string, string>> = {
  'refused:1': 'the application cannot take another request on a connection: FCGI_CANT_MPX_CONN',
  'refused:2': 'the application is overloaded: FCGI_OVERLOADED',
  'refused:3': 'the application knows no responders: FCGI_UNKNOWN_ROLE',
};
