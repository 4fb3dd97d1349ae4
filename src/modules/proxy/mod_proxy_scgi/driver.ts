/** SCGI as a protocol of the pump: the answer is a script's, and ends with its connection (mod_proxy_scgi.c: pass_response). */
import { type ScriptHead, type ScriptHeadFailure, ScriptHeadParser } from '../../../cgi/script-headers.ts';
import { PlainDriver } from '../shared/plain-driver.ts';

export class ScgiDriver extends PlainDriver<ScriptHead> {
  /** Why the head could not be read, and the line at fault. */
  headFailure: ScriptHeadFailure | undefined;
  failedLine = '';
  #parser: ScriptHeadParser | undefined;

  receive(chunk: Buffer): void {
    const parser = this.#parser;
    if (parser === undefined) {
      if (this.headFailure === undefined) this.events?.onBodyPart(chunk);
    } else if (parser.push(chunk) !== 'reading') {
      this.#finishHead(parser);
    }
  }

  socketEnd(): void {
    const parser = this.#parser;
    if (parser === undefined) {
      this.events?.onEnd();
    } else {
      parser.finish();
      this.#finishHead(parser);
    }
  }

  protected restart(): void {
    this.#parser = new ScriptHeadParser({ end: 'lines' });
  }

  #finishHead(parser: ScriptHeadParser): void {
    this.#parser = undefined;
    if (parser.failure !== undefined) {
      this.headFailure = parser.failure;
      this.failedLine = parser.failedLine;
      this.events?.onProtocolFailure('protocol', 'script-head');
      return;
    }
    this.events?.onHead(parser.head);
    if (parser.rest !== undefined) this.events?.onBodyPart(parser.rest);
  }
}
