/** A generated page on its way out: short ones leave whole, with their length; longer ones as they are made. */
import type { BodyWriter } from '../../../core/body.ts';
import type { Request } from '../../../core/request.ts';
import { beginBody, sendBuffer } from '../../../core/response.ts';

/** httpd gathers this much of what handlers write before it passes it on (AP_MIN_BYTES_TO_WRITE). */
const GATHERED = 8000;

export class PageWriter {
  readonly #r: Request;
  #pieces: Buffer[] = [];
  /** Text behind the pieces, not yet made bytes of. */
  #text = '';
  #bytes = 0;
  #writer: BodyWriter | undefined;
  #isStreaming = false;

  constructor(r: Request) {
    this.#r = r;
  }
  /** Adds text (a byte string); false when the client is slow: wait for drained(). */
  put(text: string): boolean {
    this.#text += text;
    this.#bytes += text.length;
    return this.#bytes < GATHERED ? true : this.#pass();
  }
  write(chunk: Buffer): boolean {
    this.#endText();
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    return this.#bytes < GATHERED ? true : this.#pass();
  }
  /** What follows comes from elsewhere: the page's length is not known at its end. */
  startStreaming(): void {
    this.#isStreaming = true;
  }
  #endText(): void {
    if (this.#text === '') return;
    this.#pieces.push(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }
  /** All that is gathered, in one. */
  #gathered(): Buffer {
    this.#endText();
    return this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
  }
  #pass(): boolean {
    this.#writer ??= beginBody(this.#r, undefined);
    const whole = this.#gathered();
    this.#pieces = [];
    this.#bytes = 0;
    return this.#writer.write(whole);
  }
  /** Resolves when the client has taken what was written, or is gone. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#r.transport.onDrain(resolve);
      this.#r.transport.onAbort(resolve);
    });
  }
  end(): void {
    if (this.#writer === undefined && !this.#isStreaming) {
      sendBuffer(this.#r, this.#gathered());
      return;
    }
    if (this.#bytes > 0) this.#pass();
    this.#writer ??= beginBody(this.#r, undefined);
    this.#writer.end();
  }
}
