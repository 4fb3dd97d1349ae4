/** The smallest driver that is whole: FastCGI with script headers, for tests of the pump. */

import type { Driver, DriverEvents } from '../../../src/backend/driver.ts';
import { type ScriptHead, ScriptHeadParser } from '../../../src/cgi/script-headers.ts';
import { RecordType, Role } from '../../../src/fcgi/constants.ts';
import {
  encodeAbortRequest,
  encodeEmptyRecord,
  encodeRequest,
  encodeStream,
} from '../../../src/fcgi/encode.ts';
import { Exchange, type ExchangeFailure, type ExchangeHandler } from '../../../src/fcgi/exchange.ts';

const REQUEST_ID = 1;

export class FcgiDriver implements Driver<ScriptHead>, ExchangeHandler {
  stderr = '';
  readonly #params: string;
  #events: DriverEvents<ScriptHead> | undefined;
  #exchange: Exchange = new Exchange(REQUEST_ID, this);
  #parser: ScriptHeadParser | undefined;

  constructor(params: string) {
    this.#params = params;
  }

  get isReusable(): boolean {
    return this.#exchange.isReusable;
  }

  open(events: DriverEvents<ScriptHead>, first: Buffer | undefined, isWhole: boolean): Buffer {
    this.#events = events;
    this.#exchange = new Exchange(REQUEST_ID, this);
    this.#parser = new ScriptHeadParser();
    const opening = encodeRequest({
      requestId: REQUEST_ID,
      role: Role.Responder,
      keepConnection: true,
      params: this.#params,
      stdin: isWhole ? (first ?? Buffer.alloc(0)) : undefined,
    });
    if (isWhole || first === undefined) return opening;
    return Buffer.concat([opening, this.encodeBody(first)]);
  }

  encodeBody(chunk: Buffer): Buffer {
    return encodeStream(RecordType.Stdin, REQUEST_ID, chunk);
  }

  encodeBodyEnd(): Buffer {
    return encodeEmptyRecord(RecordType.Stdin, REQUEST_ID);
  }

  encodeAbort(): Buffer {
    return encodeAbortRequest(REQUEST_ID);
  }

  receive(chunk: Buffer): void {
    this.#exchange.receive(chunk);
  }

  socketEnd(): void {
    this.#exchange.socketEnd();
  }

  onStdout(slice: Buffer): void {
    const parser = this.#parser;
    if (parser === undefined) {
      this.#events?.onBodyPart(slice);
      return;
    }
    if (parser.push(slice) !== 'reading') this.#finishHead(parser);
  }

  onStdoutEnd(): void {
    const parser = this.#parser;
    if (parser === undefined) return;
    parser.finish();
    this.#finishHead(parser);
  }

  onStderr(slice: Buffer): void {
    this.stderr += slice.toString('latin1');
  }

  onEnd(_appStatus: number, protocolStatus: number): void {
    if (protocolStatus !== 0)
      this.#events?.onProtocolFailure('protocol', `protocol status ${protocolStatus}`);
    else if (this.#parser !== undefined) this.#events?.onProtocolFailure('protocol', 'no head');
    else this.#events?.onEnd();
  }

  onFailure(kind: ExchangeFailure): void {
    this.#events?.onProtocolFailure(kind === 'closed' ? 'closed' : 'protocol', kind);
  }

  #finishHead(parser: ScriptHeadParser): void {
    this.#parser = undefined;
    if (parser.failure !== undefined) {
      this.#events?.onProtocolFailure('protocol', parser.failure);
      return;
    }
    this.#events?.onHead(parser.head);
    if (parser.rest !== undefined) this.#events?.onBodyPart(parser.rest);
  }
}
