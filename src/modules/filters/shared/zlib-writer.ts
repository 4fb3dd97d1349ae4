/**
 * Bodies through node:zlib. A small whole body may be done at once; everything else goes through the thread pool in pieces: what is queued
 * there slows the producer, and a slow client stops the coder.
 */
import type { Transform } from 'node:stream';
import { type BodyWriter, endBody } from '../../../core/body.ts';
import { FilterTransport } from '../../../core/filters.ts';
import type { Request } from '../../../core/request.ts';

/** A stream of node:zlib. */
export type Coder = Transform & {
  readonly bytesWritten: number;
  flush(kind: number, callback: () => void): void;
};

export const NOTHING: Buffer = Buffer.alloc(0);

/** A coder between two writers; flow in both directions is bounded by its buffers. */
export abstract class ZlibWriter implements BodyWriter {
  protected readonly r: Request;
  protected readonly next: BodyWriter;
  #zlib: Coder | undefined;
  #transport: FilterTransport | undefined;
  #isOver = false;

  constructor(r: Request, next: BodyWriter) {
    this.r = r;
    this.next = next;
  }
  protected abstract open(): Coder;
  /** What makes the coder give all it has (Z_SYNC_FLUSH). */
  protected abstract readonly flushKind: number;
  protected abstract logFailure(message: string): void;
  /** A piece came out; false when the client is slow. */
  protected abstract onOutput(chunk: Buffer): boolean;
  protected abstract onOutputEnd(): void;

  protected get zlib(): Coder {
    if (this.#zlib !== undefined) return this.#zlib;
    const zlib = this.open();
    const transport = new FilterTransport(this.r);
    this.#zlib = zlib;
    this.#transport = transport;
    zlib.on('data', (chunk: Buffer) => {
      if (this.#isOver || this.onOutput(chunk)) return;
      zlib.pause();
      transport.onDrainBehind(() => zlib.resume());
    });
    zlib.on('drain', () => transport.drained());
    zlib.on('end', () => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.onOutputEnd();
    });
    zlib.on('error', (error: Error) => {
      this.logFailure(error.message);
      this.abort();
    });
    return zlib;
  }
  write(chunk: Buffer): boolean {
    return this.#isOver ? true : this.zlib.write(chunk);
  }
  end(): void {
    if (!this.#isOver) this.zlib.end();
  }
  flush(): void {
    const zlib = this.#zlib;
    if (zlib === undefined || this.#isOver) return;
    zlib.flush(this.flushKind, () => this.next.flush?.());
  }
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#zlib?.destroy();
    this.next.abort();
    // A producer that waits for room must learn that nobody takes anything any more.
    this.#transport?.drained();
  }
}

/** Compresses. */
export abstract class CompressingWriter extends ZlibWriter {
  readonly #bufferSize: number;
  readonly #onDone: ((bytesIn: number, bytesOut: number) => void) | undefined;
  /** Output kept back until there is more than a buffer of it, or the end: a short answer has a length. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isPassing = false;
  #isEnding = false;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(
    r: Request,
    next: BodyWriter,
    bufferSize: number,
    onDone: ((bytesIn: number, bytesOut: number) => void) | undefined,
  ) {
    super(r, next);
    this.#bufferSize = bufferSize;
    this.#onDone = onDone;
  }
  /** The whole body coded, where that is so little that it is done here and gives nothing before its end; undefined otherwise. */
  protected abstract codeAtOnce(body: Buffer): Buffer | undefined;

  override write(chunk: Buffer): boolean {
    this.#bytesIn += chunk.length;
    return super.write(chunk);
  }
  override end(): void {
    // The callback parts what the coder gave before the end from what it gives for it.
    this.zlib.write(NOTHING, () => {
      this.#isEnding = true;
      super.end();
    });
  }
  endWith(chunk: Buffer): void {
    const whole = this.#bytesIn === 0 ? this.codeAtOnce(chunk) : undefined;
    if (whole !== undefined) {
      this.#onDone?.(chunk.length, whole.length);
      endBody(this.next, whole);
      return;
    }
    this.write(chunk);
    this.end();
  }
  override flush(): void {
    this.#isPassing = true;
    super.flush();
  }
  protected onOutput(chunk: Buffer): boolean {
    this.#bytesOut += chunk.length;
    if (this.#isPassing && this.#heldBytes === 0) return this.next.write(chunk);
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (!this.#isPassing && (this.#isEnding || this.#heldBytes <= this.#bufferSize)) return true;
    this.#isPassing = true;
    return this.next.write(this.#takeHeld());
  }
  #takeHeld(): Buffer {
    const held = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }
  protected onOutputEnd(): void {
    this.#onDone?.(this.#bytesIn, this.#bytesOut);
    if (this.#isPassing) this.next.end();
    else endBody(this.next, this.#takeHeld());
  }
}
