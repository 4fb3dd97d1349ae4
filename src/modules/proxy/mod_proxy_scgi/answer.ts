/** The answer of an SCGI application on its way to the client (mod_proxy_scgi.c: pass_response). */
import type { BackendFailure } from '../../../backend/failure.ts';
import type { Pump } from '../../../backend/pump.ts';
import type { ScriptHead } from '../../../cgi/script-headers.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { beginBody } from '../../../core/response.ts';
import { applyScriptHead } from '../../../core/script-answer.ts';
import { OK } from '../../../core/status.ts';
import { systemError } from '../../../lib/error-text.ts';
import { BackendAnswer, TIMED_OUT } from '../shared/answer.ts';
import { hostAndPort } from '../shared/errors.ts';
import type { ProxyTarget } from '../shared/scheme.ts';
import type { FieldChoice, ScgiDirConf } from './config.ts';
import type { ScgiDriver } from './driver.ts';

const MODULE = 'proxy_scgi';
const DEFAULT_REDIRECT: FieldChoice = { field: 'Location' };

/** Where the application sends the request instead of answering it. */
export type Elsewhere = { readonly kind: 'redirect' | 'sendfile'; readonly location: string };

/** ProxyErrorOverride does not count for SCGI. */
function withoutOverride(target: ProxyTarget): ProxyTarget {
  return target.dir.overridesErrors === true
    ? { ...target, dir: { ...target.dir, overridesErrors: false } }
    : target;
}

export class ScgiAnswer extends BackendAnswer<ScriptHead> {
  protected readonly label = 'SCGI';
  protected override readonly beginsAtHead = true;
  /** Set when the answer is made elsewhere. */
  elsewhere: Elsewhere | undefined;
  readonly #conf: Readonly<ScgiDirConf>;
  readonly #done: (status: number) => void;
  #driver: ScgiDriver | undefined;
  #pump: Pump<ScriptHead> | undefined;
  #hasHead = false;

  /** @param done takes the handler's answer, once. */
  constructor(r: Request, target: ProxyTarget, conf: Readonly<ScgiDirConf>, done: (status: number) => void) {
    super(r, withoutOverride(target), done);
    this.#conf = conf;
    this.#done = done;
  }

  /** Must be called before anything comes. */
  attachDriver(driver: ScgiDriver, pump: Pump<ScriptHead>): void {
    this.#driver = driver;
    this.#pump = pump;
    this.attach(pump);
  }

  onHead(head: ScriptHead): void {
    this.#hasHead = true;
    // One that was understood goes on as it is, however odd.
    if (head.oddStatus !== undefined && head.statusLine === undefined)
      this.#log('', `Invalid status line from script '${this.#scriptName()}': ${head.oddStatus}`);
    const { condition, length } = applyScriptHead(this.r, head);
    if (condition !== 0) {
      this.#logHead();
      this.#giveUp(condition);
      return;
    }
    this.elsewhere = this.#findElsewhere();
    if (this.elsewhere === undefined) this.passBody(length);
    else this.#giveUp(OK);
  }

  #findElsewhere(): Elsewhere | undefined {
    const { sendfile, internalRedirect = DEFAULT_REDIRECT } = this.#conf;
    if (sendfile !== undefined && sendfile !== 'off') {
      const location = this.#takeField(sendfile.field, true);
      if (location !== undefined) return { kind: 'sendfile', location };
    }
    if (this.r.status !== 200 || internalRedirect === 'off') return undefined;
    const { field } = internalRedirect;
    const location = this.#takeField(field, false);
    if (location?.startsWith('/') !== true) return undefined;
    if (field.toLowerCase() !== 'location') this.#takeField(field, true);
    return { kind: 'redirect', location };
  }

  #takeField(name: string, isRemoved: boolean): string | undefined {
    const { errHeadersOut, headersOut } = this.r;
    const fields = errHeadersOut.has(name) ? errHeadersOut : headersOut;
    const value = fields.get(name);
    if (isRemoved) fields.delete(name);
    return value;
  }

  /** Nothing more is wanted of the application. */
  #giveUp(status: number): void {
    this.close();
    this.#pump?.abort();
    this.#done(status);
  }

  protected report(failure: BackendFailure): number {
    const connecting = this.reportConnecting(failure);
    if (connecting !== undefined) {
      const { host, port } = hostAndPort(this.target);
      if (failure.kind !== 'dns' && failure.kind !== 'busy' && failure.kind !== 'shutdown')
        this.#log('AH00866', `failed to make connection to backend: ${host}:${port}`);
      return connecting;
    }
    if (failure.kind === 'body') {
      this.#log('AH00859', 'receiving request body failed');
      return 500;
    }
    if (this.#hasHead) {
      const error = failure.kind === 'timeout' ? TIMED_OUT : systemError(failure.detail);
      const message = 'ap_content_length_filter: apr_bucket_read() failed';
      logRequest(this.r, 'core', Level.error, 'AH00574', message, error);
      return 500;
    }
    return this.#headError(failure);
  }

  #headError(failure: BackendFailure): number {
    const name = this.#scriptName();
    if (failure.kind === 'timeout') {
      this.#log('', `Script timed out before returning headers: ${name}`);
      this.#logHead();
      return 504;
    }
    const headFailure = this.#driver?.headFailure;
    const line = this.#driver?.failedLine ?? '';
    switch (headFailure) {
      case 'bad-name':
      case 'bad-value':
        return this.#badField(line);
      case 'no-end':
        this.#log('', `End of script output before headers: ${name}`);
        break;
      case 'no-colon':
      case 'folded':
        this.#log('', `malformed header from script '${name}': Bad header: ${line}`);
        break;
      default:
        this.#log('', `Premature end of script headers: ${name}`);
    }
    this.#logHead();
    return 500;
  }

  /** The field itself makes the core refuse the head, say so in the log, and send its page. */
  #badField(line: string): number {
    const colon = line.indexOf(':');
    this.r.errHeadersOut.append(line.slice(0, colon), line.slice(colon + 1).trimStart());
    this.close();
    beginBody(this.r, 0).end();
    return 500;
  }

  #scriptName(): string {
    const { filename = '' } = this.r;
    return filename.slice(filename.lastIndexOf('/') + 1);
  }

  #logHead(): void {
    const { host, port } = hostAndPort(this.target);
    this.#log('AH00860', `error reading response headers from ${host}:${port}`);
  }

  #log(tag: string, message: string): void {
    logRequest(this.r, MODULE, Level.error, tag, message);
  }
}
