/**
 * Lines out of chunks that split anywhere, with bounded memory: what is held back is at most one line of the limit. The
 * rules are those of ap_rgetline: CRLF ends a line, in strict mode a bare LF is an error, and so is a NUL.
 */

import { latin1Slice } from './bytes.ts';

/** What `read` found. */
export const LineOutcome = { more: 0, line: 1, tooLong: 2, bareLineFeed: 3, nul: 4 } as const;
export type LineOutcome = (typeof LineOutcome)[keyof typeof LineOutcome];

const LF = 0x0a;
const CR = 0x0d;

export class LineReader {
  /** The line without its end; what was read of it for an error. */
  text = '';
  /** Where the chunk goes on after the last read. */
  offset = 0;
  #held: Buffer = Buffer.alloc(0);
  #length = 0;

  /** Whether part of a line is held. */
  get holds(): boolean {
    return this.#length > 0;
  }

  /** Drops what is held and gives its memory back. */
  reset(): void {
    this.#length = 0;
    if (this.#held.length > 0) this.#held = Buffer.alloc(0);
  }

  /** Reads on at `offset`. A line may have up to limit + 1 bytes before its CRLF: httpd's buffer is that large. */
  read(chunk: Buffer, offset: number, limit: number, strict: boolean): LineOutcome {
    const most = limit + 1;
    const end = chunk.indexOf(LF, offset);
    const stop = end < 0 ? chunk.length : end;
    const total = this.#length + stop - offset;
    const lastByte = stop > offset ? chunk[stop - 1] : this.#length > 0 ? this.#held[this.#length - 1] : 0;
    const closed = lastByte === CR;
    if (total - (closed ? 1 : 0) > most) {
      this.text = this.#take(chunk, offset, stop).slice(0, most);
      this.offset = stop;
      return LineOutcome.tooLong;
    }
    if (end < 0) {
      this.#hold(chunk, offset, most + 2);
      this.offset = stop;
      return LineOutcome.more;
    }
    this.offset = end + 1;
    const whole = this.#take(chunk, offset, stop);
    this.#length = 0;
    if (!closed && strict) {
      this.text = `${whole}\n`;
      return LineOutcome.bareLineFeed;
    }
    this.text = closed ? whole.slice(0, -1) : whole;
    const nul = this.text.indexOf('\0');
    if (nul < 0) return LineOutcome.line;
    this.text = this.text.slice(0, nul);
    return LineOutcome.nul;
  }

  #take(chunk: Buffer, offset: number, stop: number): string {
    const rest = latin1Slice(chunk, offset, stop);
    return this.#length === 0 ? rest : latin1Slice(this.#held, 0, this.#length) + rest;
  }

  #hold(chunk: Buffer, offset: number, most: number): void {
    const needed = this.#length + chunk.length - offset;
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, this.#held.length * 2, 256), most));
      this.#held.copy(grown, 0, 0, this.#length);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#length, offset);
    this.#length = needed;
  }
}
