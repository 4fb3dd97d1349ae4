/** uwsgi as a protocol of the pump: the answer has a head like HTTP's, and ends with its connection (mod_proxy_uwsgi.c: uwsgi_response). */
import { PlainDriver } from '../shared/plain-driver.ts';
import { type UwsgiHead, type UwsgiHeadFailure, UwsgiHeadParser } from './head-parser.ts';

/** Statuses of interim answers, or none: nothing a client could be told. */
const FIRST_STATUS = 200;

export interface UwsgiAnswerHead extends UwsgiHead {
  /** Content-Length; undefined when none is said. */
  readonly length: number | undefined;
}

export class UwsgiDriver extends PlainDriver<UwsgiAnswerHead> {
  headFailure: UwsgiHeadFailure | 'status' | 'length' | undefined;
  readonly #isHeadOnly: boolean;
  #parser: UwsgiHeadParser | undefined;
  /** Bytes of the body that are still to come; undefined: until the end. */
  #left: number | undefined;

  /** @param isHeadOnly the request is a HEAD: what the head says of a body need not hold. */
  constructor(opening: Buffer, isHeadOnly: boolean) {
    super(opening);
    this.#isHeadOnly = isHeadOnly;
  }

  /** A first line has come, whatever it says. */
  get hasStatusLine(): boolean {
    if (this.headFailure !== undefined) return this.headFailure !== 'none';
    return this.#parser?.hasFirstLine !== false;
  }

  receive(chunk: Buffer): void {
    const parser = this.#parser;
    if (parser === undefined) {
      if (this.headFailure === undefined) this.#passBody(chunk);
    } else if (parser.push(chunk) !== 'reading') {
      this.#finishHead(parser);
    }
  }

  socketEnd(): void {
    const parser = this.#parser;
    if (parser !== undefined) {
      parser.finish();
      this.#finishHead(parser);
    } else if (this.#left !== undefined && this.#left > 0) {
      this.events?.onProtocolFailure('closed', 'short');
    } else {
      this.events?.onEnd();
    }
  }

  protected restart(): void {
    this.#parser = new UwsgiHeadParser();
    this.#left = undefined;
  }

  #finishHead(parser: UwsgiHeadParser): void {
    this.#parser = undefined;
    const { head } = parser;
    const length = lengthOf(head);
    this.headFailure =
      parser.failure ??
      (head.status < FIRST_STATUS ? 'status' : undefined) ??
      (length === 'wrong' ? 'length' : undefined);
    if (this.headFailure !== undefined) {
      this.events?.onProtocolFailure('protocol', 'head');
      return;
    }
    const known = length === 'wrong' ? undefined : length;
    const hasNoBody = this.#isHeadOnly || head.status === 204 || head.status === 304;
    this.#left = hasNoBody ? undefined : known;
    this.events?.onHead({ ...head, length: known });
    if (parser.rest !== undefined) this.#passBody(parser.rest);
  }

  /** What is beyond the length that was announced is no part of the answer. */
  #passBody(chunk: Buffer): void {
    const left = this.#left;
    if (left === undefined) {
      this.events?.onBodyPart(chunk);
      return;
    }
    const part = chunk.length > left ? chunk.subarray(0, left) : chunk;
    this.#left = left - part.length;
    if (part.length > 0) this.events?.onBodyPart(part);
  }
}

/** The same number wherever it is said, or `wrong`. */
function lengthOf({ fields }: UwsgiHead): number | 'wrong' | undefined {
  let found: string | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if ((fields[i] as string).toLowerCase() !== 'content-length') continue;
    const value = fields[i + 1] as string;
    if (!/^\d{1,15}$/.test(value) || (found !== undefined && found !== value)) return 'wrong';
    found = value;
  }
  return found === undefined ? undefined : Number(found);
}
