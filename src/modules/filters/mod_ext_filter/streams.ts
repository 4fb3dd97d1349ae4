/** Bodies through a program: an answer on its way out, a request body on its way in. */
import {
  type BodyFlow,
  type BodyReader,
  type BodyWriter,
  endBody,
  type InputStage,
} from '../../../core/body.ts';
import type { FilterTransport } from '../../../core/filters.ts';
import type { FilterProcess, ProgramOutput } from './child.ts';

/** Output up to this size is kept until the end: a short answer has a length. */
const SHORT = 64 * 1024;

export class ProgramWriter implements BodyWriter, ProgramOutput {
  readonly #program: FilterProcess;
  readonly #next: BodyWriter;
  readonly #transport: FilterTransport;
  #held: Buffer[] = [];
  #heldSize = 0;
  #isPassing = false;
  #isOver = false;

  constructor(program: FilterProcess, next: BodyWriter, transport: FilterTransport) {
    this.#program = program;
    this.#next = next;
    this.#transport = transport;
    program.attach(this);
  }
  write(chunk: Buffer): boolean {
    return this.#isOver ? true : this.#program.write(chunk);
  }
  end(): void {
    if (!this.#isOver) this.#program.end();
  }
  flush(): void {
    // What the program holds back nobody can ask it for; what it has said goes on.
    if (!this.#isOver && this.#heldSize > 0) this.#pass();
    this.#next.flush?.();
  }
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#program.kill();
    this.#next.abort();
    // A producer that waits for room must learn that nobody takes anything any more.
    this.#transport.drained();
  }

  onOutput(chunk: Buffer): boolean {
    let flows = true;
    if (this.#isPassing) {
      flows = this.#next.write(chunk);
    } else {
      this.#held.push(chunk);
      this.#heldSize += chunk.length;
      if (this.#heldSize > SHORT) flows = this.#pass();
    }
    if (!flows) this.#transport.onDrainBehind(() => this.#program.resume());
    return flows;
  }
  onOutputEnd(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isPassing) this.#next.end();
    else endBody(this.#next, Buffer.concat(this.#held));
    this.#transport.drained();
  }
  onRoom(): void {
    this.#transport.drained();
  }

  #pass(): boolean {
    this.#isPassing = true;
    const held = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldSize = 0;
    return this.#next.write(held);
  }
}

export class ProgramStage implements InputStage, ProgramOutput {
  readonly #program: FilterProcess;
  readonly #next: BodyReader;
  readonly #source: BodyFlow;
  #isSourcePaused = false;
  #isOver = false;

  constructor(program: FilterProcess, next: BodyReader, source: BodyFlow) {
    this.#program = program;
    this.#next = next;
    this.#source = source;
    program.attach(this);
  }
  onBody(chunk: Buffer): boolean {
    // The piece is only lent.
    if (this.#isOver || this.#program.write(Buffer.from(chunk))) return true;
    this.#isSourcePaused = true;
    return false;
  }
  onBodyEnd(): void {
    if (!this.#isOver) this.#program.end();
  }
  onBodyError(status: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#program.kill();
    this.#next.onBodyError(status);
  }
  resume(): void {
    this.#program.resume();
  }

  onOutput(chunk: Buffer): boolean {
    return this.#next.onBody(chunk);
  }
  /** A program that has said all need not read the rest. */
  onOutputEnd(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#next.onBodyEnd();
    this.onRoom();
  }
  onRoom(): void {
    if (!this.#isSourcePaused) return;
    this.#isSourcePaused = false;
    this.#source.resume();
  }
}
