/**
 * One request seen from the web server: the backend's bytes, its socket's end in; slices of stdout and
 * stderr and exactly one of end or failure out. Knows no socket.
 */

import { RecordType } from './constants.ts';
import { RecordDecoder, type RecordSink } from './decoder.ts';

/**
 * Why an exchange failed:
 * - `bad-version`: a record of a version other than 1;
 * - `wrong-request-id`: a record for a request we did not send (mod_proxy_fcgi: "Got bogus rid");
 * - `closed`: the socket ended before END_REQUEST. What came so far is not the whole answer;
 * - `cut`: the same, in the middle of a record.
 */
export type ExchangeFailure = 'bad-version' | 'wrong-request-id' | 'closed' | 'cut';

export interface ExchangeHandler {
  /** A slice of the application's output; never empty. */
  onStdout(slice: Buffer): void;
  /** The application closed its output by an empty STDOUT record; what it still sends there is passed over. */
  onStdoutEnd(): void;
  /** A slice of the application's error output; never empty, not cut at lines. */
  onStderr(slice: Buffer): void;
  /** END_REQUEST: `appStatus` is the exit status, `protocolStatus` one of `ProtocolStatus`. */
  onEnd(appStatus: number, protocolStatus: number): void;
  /** @param found the version, or the request id, that is wrong. */
  onFailure(kind: ExchangeFailure, found?: number): void;
  /** A record of a type that is none of an application's; its content is passed over. */
  onUnknownRecord?(type: number): void;
}

/** Bytes of END_REQUEST that mean something: appStatus (4), protocolStatus (1). */
const END_FIELDS = 5;

export class Exchange implements RecordSink {
  readonly #requestId: number;
  readonly #handler: ExchangeHandler;
  readonly #decoder: RecordDecoder;
  #type = 0;
  #endFilled = 0;
  #appStatus = 0;
  #protocolStatus = 0;
  #isStdoutEnded = false;
  #isSettled = false;
  #isReusable = false;

  constructor(requestId: number, handler: ExchangeHandler) {
    this.#requestId = requestId;
    this.#handler = handler;
    this.#decoder = new RecordDecoder(this);
  }

  /** Ended or failed: no further event comes. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** What the last byte that came belongs to, when it was not the last of its record. */
  get unfinished(): 'header' | 'record' | undefined {
    if (this.#decoder.isInRecord) return 'record';
    return this.#decoder.isAtBoundary ? undefined : 'header';
  }

  /** Whether the connection may carry another request: ended, and not a byte more than the end was received. */
  get isReusable(): boolean {
    return this.#isReusable;
  }

  receive(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#isSettled) {
      this.#isReusable = false;
      return;
    }
    const read = this.#decoder.push(chunk);
    if (read < chunk.length) this.#isReusable = false;
  }

  /** The backend's socket ended or broke. */
  socketEnd(): void {
    if (this.#isSettled) {
      this.#isReusable = false;
      return;
    }
    // The fields of END_REQUEST were all there and only padding is missing: the answer is whole.
    if (this.#type === RecordType.EndRequest && this.#endFilled >= END_FIELDS) {
      this.#settle();
      this.#handler.onEnd(this.#appStatus, this.#protocolStatus);
      return;
    }
    this.#fail(this.#decoder.isInRecord ? 'cut' : 'closed');
  }

  onRecordStart(type: number, requestId: number, contentLength: number): void {
    // httpd compares the id of every record, management records included, before it looks at the type.
    if (requestId !== this.#requestId) {
      this.#fail('wrong-request-id', requestId);
      return;
    }
    this.#type = type;
    if (type === RecordType.Stdout && contentLength === 0 && !this.#isStdoutEnded) {
      this.#isStdoutEnded = true;
      this.#handler.onStdoutEnd();
    } else if (type !== RecordType.Stdout && type !== RecordType.Stderr && type !== RecordType.EndRequest) {
      this.#handler.onUnknownRecord?.(type);
    }
  }

  onContent(slice: Buffer): void {
    switch (this.#type) {
      case RecordType.Stdout:
        if (!this.#isStdoutEnded) this.#handler.onStdout(slice);
        break;
      case RecordType.Stderr:
        this.#handler.onStderr(slice);
        break;
      case RecordType.EndRequest:
        this.#readEnd(slice);
        break;
      default: // Records of other types are passed over, as mod_proxy_fcgi does.
    }
  }

  onRecordEnd(): void {
    const type = this.#type;
    this.#type = 0;
    if (type !== RecordType.EndRequest) return;
    this.#settle();
    // A body cut short is taken as httpd takes it (it never looks inside), yet such a peer is not trusted again.
    this.#isReusable = this.#endFilled >= END_FIELDS;
    this.#handler.onEnd(this.#appStatus, this.#protocolStatus);
  }

  onBadVersion(version: number): void {
    this.#fail('bad-version', version);
  }

  #readEnd(slice: Buffer): void {
    for (let i = 0; i < slice.length && this.#endFilled < END_FIELDS; i++) {
      const byte = slice[i] as number;
      if (this.#endFilled < 4) this.#appStatus = ((this.#appStatus << 8) | byte) >>> 0;
      else this.#protocolStatus = byte;
      this.#endFilled++;
    }
  }

  #settle(): void {
    this.#isSettled = true;
    this.#decoder.stop();
  }

  #fail(kind: ExchangeFailure, found?: number): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#handler.onFailure(kind, found);
  }
}
