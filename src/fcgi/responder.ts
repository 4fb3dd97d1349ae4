/**
 * The application's side of the protocol, responder role (FastCGI sections 4, 5 and 6.2): a connection's bytes in,
 * requests out; and the records an application sends. Requests come one after another: a second BEGIN_REQUEST while
 * one is open is answered CANT_MPX_CONN, as FCGI_MPXS_CONNS=0 announces.
 */

import {
  FLAG_KEEP_CONNECTION,
  HEADER_LENGTH,
  NULL_REQUEST_ID,
  ProtocolStatus,
  RecordType,
  Role,
} from './constants.ts';
import { RecordDecoder, type RecordSink } from './decoder.ts';
import { encodeStream, writeHeader } from './encode.ts';
import { decodeParams, encodeParams } from './params.ts';

export type ResponderFailure = 'bad-version' | 'duplicate-request' | 'bad-params' | 'params-too-large';

export interface ResponderHandler {
  /** PARAMS is complete. Names and values are byte strings; a repeated name keeps its last value. */
  onRequest(requestId: number, params: Map<string, string>, keepConnection: boolean): void;
  onStdin(slice: Buffer): void;
  onStdinEnd(): void;
  onAbort(): void;
  /** A record to be sent at once (END_REQUEST of a refused request, answers to management records). */
  onReply(record: Buffer): void;
  /** The connection cannot be read on. */
  onFailure(kind: ResponderFailure): void;
}

export interface ResponderOptions {
  /** Most bytes of PARAMS of one request; default 1 MiB. */
  readonly maxParams?: number;
  /** What FCGI_GET_VALUES is told; by default one connection without multiplexing is announced. */
  readonly values?: Readonly<Record<string, string>>;
}

const DEFAULT_VALUES = { FCGI_MAX_CONNS: '1', FCGI_MAX_REQS: '1', FCGI_MPXS_CONNS: '0' };
const DEFAULT_MAX_PARAMS = 1024 * 1024;
/** FCGI_GET_VALUES names three variables; more than this is noise. */
const MAX_MANAGEMENT_CONTENT = 4096;

export class ResponderDecoder implements RecordSink {
  readonly #handler: ResponderHandler;
  readonly #decoder: RecordDecoder;
  readonly #maxParams: number;
  readonly #values: ReadonlyMap<string, string>;
  #type = 0;
  #recordId = 0;
  /** Content of a record that is read whole (BEGIN_REQUEST, GET_VALUES) or of the PARAMS stream. */
  #collected: Buffer[] = [];
  #params: Buffer[] = [];
  #paramsSize = 0;
  #collectedSize = 0;
  #contentLength = 0;
  #activeId = 0;
  #isKept = false;
  #isReadingParams = false;
  #isStdinOpen = false;

  constructor(handler: ResponderHandler, options: ResponderOptions = {}) {
    this.#handler = handler;
    this.#decoder = new RecordDecoder(this);
    this.#maxParams = options.maxParams ?? DEFAULT_MAX_PARAMS;
    this.#values = new Map(Object.entries(options.values ?? DEFAULT_VALUES));
  }

  push(chunk: Buffer): void {
    this.#decoder.push(chunk);
  }

  /** The application answered the open request; what still comes for it is passed over. */
  finishRequest(): void {
    this.#activeId = 0;
    this.#isReadingParams = false;
    this.#isStdinOpen = false;
    this.#params = [];
  }

  onRecordStart(type: number, requestId: number, contentLength: number): void {
    this.#type = type;
    this.#recordId = requestId;
    this.#contentLength = contentLength;
    this.#collected = [];
    this.#collectedSize = 0;
  }

  onContent(slice: Buffer): void {
    if (this.#type === RecordType.Stdin) {
      if (this.#recordId === this.#activeId && this.#isStdinOpen) this.#handler.onStdin(slice);
    } else if (this.#type === RecordType.Params) {
      if (this.#recordId === this.#activeId && this.#isReadingParams) this.#collectParams(slice);
    } else if (this.#type === RecordType.BeginRequest || this.#recordId === NULL_REQUEST_ID) {
      this.#collectedSize += slice.length;
      if (this.#collectedSize <= MAX_MANAGEMENT_CONTENT) this.#collected.push(slice);
    }
  }

  onRecordEnd(): void {
    if (this.#recordId === NULL_REQUEST_ID) {
      this.#answerManagement();
      return;
    }
    if (this.#type === RecordType.BeginRequest) {
      this.#begin();
      return;
    }
    if (this.#recordId !== this.#activeId) return; // Section 3.3: records of an inactive request are ignored.
    if (this.#type === RecordType.AbortRequest) {
      this.#handler.onAbort();
    } else if (this.#contentLength === 0) {
      if (this.#type === RecordType.Params && this.#isReadingParams) this.#endParams();
      else if (this.#type === RecordType.Stdin && this.#isStdinOpen) {
        this.#isStdinOpen = false;
        this.#handler.onStdinEnd();
      }
    }
  }

  onBadVersion(): void {
    this.#handler.onFailure('bad-version');
  }

  #begin(): void {
    const body = Buffer.concat(this.#collected);
    if (this.#activeId !== 0) {
      if (this.#recordId === this.#activeId) this.#fail('duplicate-request');
      else this.#refuse(ProtocolStatus.CantMultiplex);
      return;
    }
    if (body.length < 3 || body.readUInt16BE(0) !== Role.Responder) {
      this.#refuse(ProtocolStatus.UnknownRole);
      return;
    }
    this.#activeId = this.#recordId;
    this.#isKept = ((body[2] as number) & FLAG_KEEP_CONNECTION) !== 0;
    this.#isReadingParams = true;
    this.#params = [];
    this.#paramsSize = 0;
  }

  #refuse(protocolStatus: number): void {
    this.#handler.onReply(encodeEndRequest(this.#recordId, 0, protocolStatus));
  }

  #collectParams(slice: Buffer): void {
    this.#paramsSize += slice.length;
    if (this.#paramsSize > this.#maxParams) this.#fail('params-too-large');
    else this.#params.push(slice);
  }

  #endParams(): void {
    this.#isReadingParams = false;
    const stream = this.#params.length === 1 ? (this.#params[0] as Buffer) : Buffer.concat(this.#params);
    this.#params = [];
    const params = new Map<string, string>();
    if (!decodeParams(stream, (name, value) => params.set(name, value))) {
      this.#fail('bad-params');
      return;
    }
    this.#isStdinOpen = true;
    this.#handler.onRequest(this.#activeId, params, this.#isKept);
  }

  #answerManagement(): void {
    if (this.#type !== RecordType.GetValues) {
      // Section 4.2: the application names the type it does not know.
      const reply = Buffer.alloc(HEADER_LENGTH * 2);
      writeHeader(reply, 0, RecordType.UnknownType, NULL_REQUEST_ID, HEADER_LENGTH, 0);
      reply[HEADER_LENGTH] = this.#type;
      this.#handler.onReply(reply);
      return;
    }
    const known: [string, string][] = [];
    decodeParams(Buffer.concat(this.#collected), (name) => {
      const value = this.#values.get(name);
      if (value !== undefined) known.push([name, value]);
    });
    const content = Buffer.from(encodeParams(known), 'latin1');
    const reply = Buffer.alloc(HEADER_LENGTH + content.length);
    content.copy(
      reply,
      writeHeader(reply, 0, RecordType.GetValuesResult, NULL_REQUEST_ID, content.length, 0),
    );
    this.#handler.onReply(reply);
  }

  #fail(kind: ResponderFailure): void {
    this.#decoder.stop();
    this.#handler.onFailure(kind);
  }
}

export function encodeStdout(requestId: number, chunk: Buffer): Buffer {
  return encodeStream(RecordType.Stdout, requestId, chunk);
}

export function encodeStderr(requestId: number, chunk: Buffer): Buffer {
  return encodeStream(RecordType.Stderr, requestId, chunk);
}

/** END_REQUEST (section 5.5). `appStatus` is 32 bits, `protocolStatus` one of `ProtocolStatus`. */
export function encodeEndRequest(requestId: number, appStatus: number, protocolStatus: number): Buffer {
  const record = Buffer.alloc(HEADER_LENGTH * 2);
  writeHeader(record, 0, RecordType.EndRequest, requestId, HEADER_LENGTH, 0);
  record.writeUInt32BE(appStatus >>> 0, HEADER_LENGTH);
  record[HEADER_LENGTH + 4] = protocolStatus;
  return record;
}
