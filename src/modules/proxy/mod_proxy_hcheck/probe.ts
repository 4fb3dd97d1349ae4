/** One health check on the wire: a connection of its own, a question, what came of it (mod_proxy_hcheck.c: hc_check_tcp, _cping, _http). */
import type { ResponseSink } from '../../../backend/body.ts';
import type { BackendConnection } from '../../../backend/connection.ts';
import type { Driver, DriverEvents } from '../../../backend/driver.ts';
import type { BackendFailure } from '../../../backend/failure.ts';
import type { BackendPool } from '../../../backend/pool.ts';
import { Pump } from '../../../backend/pump.ts';
import { NO_BODY } from '../../../core/body.ts';
import { encodeBodylessRequest } from '../../../fcgi/encode.ts';
import { Exchange, type ExchangeHandler } from '../../../fcgi/exchange.ts';
import { encodeParams } from '../../../fcgi/params.ts';
import { HeaderFields } from '../../../http/header-fields.ts';
import type { ResponseHead } from '../../../http/response-head-parser.ts';
import { type ResponseHandler, ResponseParser } from '../../../http/response-parser.ts';
import { UNREACHABLE } from '../shared/answer.ts';
import type { ProbeAnswer } from './condition.ts';

/** Characters of an answer's body that are kept for expressions; the rest is read and forgotten. */
const KEPT_BODY = 64 * 1024;

/** Undefined answer: there was none, and none was asked for. A failure that is no connection: it was there, and broke the protocol. */
export type ProbeResult =
  | { readonly kind: 'answer'; readonly answer: ProbeAnswer | undefined }
  | { readonly kind: 'unreachable' | 'failed'; readonly failure: BackendFailure };

/** A check under way. */
export interface Probe {
  /** Nothing is told any more. */
  abort(): void;
}

interface Head {
  readonly status: number;
  readonly fields: HeaderFields;
}

abstract class ProbeDriver implements Driver<Head> {
  readonly isReusable = false;
  protected events: DriverEvents<Head> | undefined;

  open(events: DriverEvents<Head>): Buffer | string {
    this.events = events;
    return this.question();
  }
  encodeBody(): Buffer {
    return Buffer.alloc(0);
  }
  encodeBodyEnd(): undefined {
    return undefined;
  }
  encodeAbort(): undefined {
    return undefined;
  }
  protected abstract question(): Buffer | string;
  abstract receive(chunk: Buffer): void;
  abstract socketEnd(): void;
}

/** HTTP: a head, an answer. */
export class HttpProbe extends ProbeDriver implements ResponseHandler {
  readonly #head: string;
  readonly #parser: ResponseParser;

  constructor(head: string, isHead: boolean) {
    super();
    this.#head = head;
    this.#parser = new ResponseParser({ isHead }, this);
  }
  protected question(): Buffer {
    return Buffer.from(this.#head, 'latin1');
  }
  receive(chunk: Buffer): void {
    this.#parser.push(chunk);
  }
  socketEnd(): void {
    this.#parser.end();
  }
  onInterim(): void {
    // Another head follows.
  }
  onHead({ status, fields, isSimple }: ResponseHead): void {
    // No status line: whoever is there does not speak HTTP.
    if (isSimple) this.events?.onProtocolFailure('protocol', 'status');
    else this.events?.onHead({ status, fields });
    if (status === 101) this.events?.onEnd();
  }
  onBody(slice: Buffer): void {
    this.events?.onBodyPart(slice);
  }
  onTrailers(): void {
    // Nobody asks for them.
  }
  onEnd(): void {
    this.events?.onEnd();
  }
  onFailure({ kind }: { readonly kind: string }): void {
    this.events?.onProtocolFailure(kind === 'cut' ? 'closed' : 'protocol', kind);
  }
}

/** AJP13's CPing: five bytes, and five back (mod_proxy_ajp's ajp_handle_cping_cpong). */
export class CpingProbe extends ProbeDriver {
  #received = Buffer.alloc(0);

  protected question(): Buffer {
    return Buffer.from([0x12, 0x34, 0x00, 0x01, 0x0a]);
  }
  receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]).subarray(0, CPONG.length);
    if (this.#received.length < CPONG.length) return;
    if (this.#received.equals(CPONG)) this.events?.onEnd();
    else this.events?.onProtocolFailure('protocol', 'no CPong');
  }
  socketEnd(): void {
    this.events?.onProtocolFailure('closed', 'closed');
  }
}
const CPONG = Buffer.from([0x41, 0x42, 0x00, 0x01, 0x09]);

/** Bytes of a FastCGI answer's head that are looked at. */
const MOST_HEAD = 8192;

/** FastCGI: what FPM answers at its ping.path, or any script. httpd has nothing of the kind: it sends such a worker plain HTTP. */
export class FcgiProbe extends ProbeDriver implements ExchangeHandler {
  readonly #params: string;
  readonly #exchange: Exchange;
  /** Undefined: the head is whole. */
  #head: string | undefined = '';

  constructor(params: Iterable<readonly [string, string]>) {
    super();
    this.#params = encodeParams(params);
    this.#exchange = new Exchange(1, this);
  }
  protected question(): string {
    return encodeBodylessRequest(1, false, this.#params);
  }
  receive(chunk: Buffer): void {
    this.#exchange.receive(chunk);
  }
  socketEnd(): void {
    this.#exchange.socketEnd();
  }
  onStdout(slice: Buffer): void {
    if (this.#head === undefined) {
      this.events?.onBodyPart(slice);
      return;
    }
    this.#head += slice.toString('latin1');
    const end = /\r?\n\r?\n/.exec(this.#head);
    if (end === null) {
      if (this.#head.length > MOST_HEAD) this.events?.onProtocolFailure('protocol', 'script-head');
      return;
    }
    const rest = this.#head.slice(end.index + end[0].length);
    this.events?.onHead(scriptHead(this.#head.slice(0, end.index)));
    this.#head = undefined;
    if (rest !== '') this.events?.onBodyPart(Buffer.from(rest, 'latin1'));
  }
  onStdoutEnd(): void {
    // END_REQUEST follows.
  }
  onStderr(): void {
    // A check that fails says so itself.
  }
  onEnd(): void {
    if (this.#head === undefined) this.events?.onEnd();
    else this.events?.onProtocolFailure('protocol', 'no answer');
  }
  onFailure(kind: string): void {
    this.events?.onProtocolFailure(kind === 'closed' || kind === 'cut' ? 'closed' : 'protocol', kind);
  }
}

/** Status is 200 where a script says nothing (RFC 3875 section 6.3.3). */
function scriptHead(text: string): Head {
  const fields = new HeaderFields();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { status: Number(/^\d{3}/.exec(fields.get('status') ?? '')?.[0] ?? 200), fields };
}

/**
 * Connects, and asks what the driver asks; without one to be connected is enough. `done` is called once.
 * @param timeout milliseconds the backend may be silent.
 * @param limit milliseconds after which a check has failed that was not silent; 0: none. A backend that drips would be at it for ever.
 */
export function startProbe(
  pool: BackendPool,
  driver: ProbeDriver | undefined,
  timeout: number,
  limit: number,
  done: (result: ProbeResult) => void,
): Probe {
  if (driver === undefined) return connectOnly(pool, done);
  let head: Head | undefined;
  let body = '';
  let timer: NodeJS.Timeout | undefined;
  const end = (result: ProbeResult): void => {
    clearTimeout(timer);
    done(result);
  };
  const sink: ResponseSink<Head> = {
    onHead(found) {
      head = found;
    },
    write(chunk) {
      if (body.length < KEPT_BODY) body += chunk.toString('latin1', 0, KEPT_BODY - body.length);
      return true;
    },
    flush: () => undefined,
    end: () => end({ kind: 'answer', answer: head === undefined ? undefined : { ...head, body } }),
    fail(failure) {
      const isUnreachable = failure.kind === 'dns' || UNREACHABLE.has(failure.kind);
      end({ kind: isUnreachable ? 'unreachable' : 'failed', failure });
    },
  };
  const pump = new Pump<Head>({ pool, driver, body: NO_BODY, sink, timeout, isRetriable: false });
  const abort = (): void => {
    clearTimeout(timer);
    pump.abort();
  };
  pump.start();
  if (limit > 0 && !pump.isSettled) {
    timer = setTimeout(() => {
      abort();
      done({ kind: 'failed', failure: { kind: 'timeout', detail: `not done in ${limit} ms` } });
    }, limit).unref();
  }
  return { abort };
}

function connectOnly(pool: BackendPool, done: (result: ProbeResult) => void): Probe {
  const client = {
    onAcquired(connection: BackendConnection): void {
      pool.release(connection, false);
      done({ kind: 'answer', answer: undefined });
    },
    onAcquireFailed: (failure: BackendFailure) => done({ kind: 'unreachable', failure }),
  };
  pool.acquire(client);
  return { abort: () => pool.cancel(client) };
}
