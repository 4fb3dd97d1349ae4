/** FastCGI as a protocol of the pump: one request, its answer's head read as a script's (mod_proxy_fcgi.c: dispatch). */
import type { Driver, DriverEvents } from '../../../backend/driver.ts';
import { type ScriptHead, type ScriptHeadFailure, ScriptHeadParser } from '../../../cgi/script-headers.ts';
import { ProtocolStatus, RecordType, Role } from '../../../fcgi/constants.ts';
import {
  encodeAbortRequest,
  encodeBodylessRequest,
  encodeEmptyRecord,
  encodeRequest,
  encodeStream,
} from '../../../fcgi/encode.ts';
import { Exchange, type ExchangeFailure, type ExchangeHandler } from '../../../fcgi/exchange.ts';

/** One request a connection at a time: the id is always this. */
const REQUEST_ID = 1;
const STDIN_END = encodeEmptyRecord(RecordType.Stdin, REQUEST_ID);
const ABORT = encodeAbortRequest(REQUEST_ID);

/** What the pump does not ask for. */
export interface FcgiEvents {
  /** A slice of the application's error output. */
  onStderr(slice: Buffer): void;
  /** The application has ended its output; END_REQUEST is still to come. */
  onOutputEnd(): void;
  onUnknownRecord(type: number): void;
}

export class FcgiDriver implements Driver<ScriptHead>, ExchangeHandler {
  /** Why the head could not be read, and the line at fault. */
  headFailure: ScriptHeadFailure | undefined;
  failedLine = '';
  /** The version or the request id of the record that is none of ours. */
  found = 0;
  /** The output ended without a head: all of it is the body. */
  isHeadless = false;
  readonly #params: string;
  readonly #isKept: boolean;
  readonly #maxHead: number;
  readonly #extra: FcgiEvents;
  #events: DriverEvents<ScriptHead> | undefined;
  #exchange: Exchange | undefined;
  #parser: ScriptHeadParser | undefined;
  #hasOutput = false;

  /** @param isKept the application is asked to keep the connection. @param maxHead bytes its answer's head may have. */
  constructor(params: string, isKept: boolean, maxHead: number, extra: FcgiEvents) {
    this.#params = params;
    this.#maxHead = maxHead;
    this.#isKept = isKept;
    this.#extra = extra;
  }

  get isReusable(): boolean {
    return this.#isKept && this.#exchange?.isReusable === true;
  }

  /** See Exchange. */
  get unfinished(): Exchange['unfinished'] {
    return this.#exchange?.unfinished;
  }

  open(events: DriverEvents<ScriptHead>, first: Buffer | undefined, isWhole: boolean): Buffer | string {
    this.#events = events;
    this.#exchange = new Exchange(REQUEST_ID, this);
    this.#parser = new ScriptHeadParser({ maxHead: this.#maxHead });
    this.#hasOutput = false;
    if (isWhole && first === undefined) return encodeBodylessRequest(REQUEST_ID, this.#isKept, this.#params);
    const opening = encodeRequest({
      requestId: REQUEST_ID,
      role: Role.Responder,
      keepConnection: this.#isKept,
      params: this.#params,
      stdin: isWhole ? first : undefined,
    });
    return isWhole || first === undefined ? opening : Buffer.concat([opening, this.encodeBody(first)]);
  }

  encodeBody(chunk: Buffer): Buffer {
    return encodeStream(RecordType.Stdin, REQUEST_ID, chunk);
  }

  encodeBodyEnd(): Buffer {
    return STDIN_END;
  }

  encodeAbort(): Buffer {
    return ABORT;
  }

  receive(chunk: Buffer): void {
    this.#exchange?.receive(chunk);
  }

  socketEnd(): void {
    this.#exchange?.socketEnd();
  }

  // ExchangeHandler

  onStdout(slice: Buffer): void {
    this.#hasOutput = true;
    const parser = this.#parser;
    if (parser === undefined) {
      if (this.headFailure === undefined) this.#events?.onBodyPart(slice);
    } else if (parser.push(slice) !== 'reading') {
      this.#finishHead(parser);
    }
  }

  onStdoutEnd(): void {
    const parser = this.#parser;
    if (parser !== undefined) {
      parser.finish();
      this.isHeadless = true;
      this.#finishHead(parser);
    }
    if (this.headFailure === undefined) this.#extra.onOutputEnd();
  }

  onStderr(slice: Buffer): void {
    this.#extra.onStderr(slice);
  }

  onUnknownRecord(type: number): void {
    this.#extra.onUnknownRecord(type);
  }

  /** Output that ended without the end of its head is nothing: the answer is empty, as httpd's is. */
  onEnd(_appStatus: number, protocolStatus: number): void {
    if (protocolStatus !== ProtocolStatus.RequestComplete && !this.#hasOutput) {
      // httpd never looks at protocolStatus and answers an empty 200; an application that refused has not answered.
      this.#events?.onProtocolFailure('protocol', `refused:${protocolStatus}`);
    } else {
      this.#events?.onEnd();
    }
  }

  onFailure(kind: ExchangeFailure, found = 0): void {
    this.found = found;
    this.#events?.onProtocolFailure(kind === 'closed' || kind === 'cut' ? 'closed' : 'protocol', kind);
  }

  #finishHead(parser: ScriptHeadParser): void {
    this.#parser = undefined;
    if (parser.failure !== undefined) {
      this.headFailure = parser.failure;
      this.failedLine = parser.failedLine;
      this.#events?.onProtocolFailure('protocol', 'script-head');
      return;
    }
    this.#events?.onHead(parser.head);
    if (parser.rest !== undefined) this.#events?.onBodyPart(parser.rest);
  }
}
