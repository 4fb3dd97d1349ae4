/** The SUBSTITUTE filter at work: line by line, never holding more than the longest line allowed (substitute_filter of mod_substitute.c). */
import { type BodyWriter, endBody } from '../../../core/body.ts';
import { die } from '../../../core/errors.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { applyRules, type Rule } from './rules.ts';

const NEWLINE = 0x0a;

export class LineWriter implements BodyWriter {
  readonly #r: Request;
  readonly #next: BodyWriter;
  readonly #rules: readonly Rule[];
  readonly #limit: number;
  /** The beginning of a line whose end has not come. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isBegun = false;
  #isOver = false;

  constructor(r: Request, next: BodyWriter, rules: readonly Rule[], limit: number) {
    this.#r = r;
    this.#next = next;
    this.#rules = rules;
    this.#limit = limit;
  }

  write(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    const last = chunk.lastIndexOf(NEWLINE) + 1;
    let hasRoom = true;
    if (last > 0) {
      const lines = this.#lines(this.#join(chunk.subarray(0, last)));
      if (lines === undefined) return this.#fail();
      this.#isBegun = true;
      hasRoom = this.#next.write(lines);
    }
    if (last < chunk.length) {
      this.#held.push(chunk.subarray(last));
      this.#heldBytes += chunk.length - last;
      if (this.#heldBytes > this.#limit) return this.#fail();
    }
    return hasRoom;
  }
  end(): void {
    if (this.#isOver) return;
    if (this.#heldBytes === 0) {
      this.#isOver = true;
      this.#next.end();
      return;
    }
    const rest = this.#lines(this.#join(undefined));
    if (rest === undefined) {
      this.#fail();
      return;
    }
    this.#isOver = true;
    endBody(this.#next, rest);
  }
  endWith(chunk: Buffer): void {
    this.write(chunk);
    this.end();
  }
  flush(): void {
    if (!this.#isOver) this.#next.flush?.();
  }
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held = [];
    this.#next.abort();
  }

  /** What was held, and what follows it. */
  #join(bytes: Buffer | undefined): string {
    let text = '';
    for (const piece of this.#held) text += piece.toString('latin1');
    this.#held = [];
    this.#heldBytes = 0;
    return bytes === undefined ? text : text + bytes.toString('latin1');
  }

  /** What the rules make of lines; undefined when one is too long. */
  #lines(text: string): Buffer | undefined {
    let result = '';
    for (let from = 0; from < text.length; ) {
      const newline = text.indexOf('\n', from);
      const end = newline < 0 ? text.length : newline + 1;
      if (end - from > this.#limit) return undefined;
      const line = applyRules(this.#rules, text.slice(from, end), this.#limit);
      if (line === undefined) return undefined;
      result += line;
      from = end;
    }
    return Buffer.from(result, 'latin1');
  }

  /** The answer cannot be made: an error as long as nothing has gone, else it is cut off. */
  #fail(): true {
    const r = this.#r;
    logRequest(r, 'substitute', Level.error, 'AH01328', `Line too long, URI ${r.uri}`);
    if (this.#isBegun) {
      this.abort();
      return true;
    }
    this.#isOver = true;
    this.#held = [];
    r.isBodyBegun = false;
    void die(r, 500);
    return true;
  }
}
