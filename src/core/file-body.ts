/** Files that are not in memory whole: sent in big pieces, no faster than the client takes them, whatever their size. */
import { read } from 'node:fs';
import type { BodyWriter } from './body.ts';
import { sendRangeError } from './errors.ts';
import { BLOCK, type CachedFile } from './file-cache.ts';
import type { Answer } from './hooks.ts';
import { planRanges } from './ranges.ts';
import type { Request } from './request.ts';
import { beginBody, beginFiltered, sendHead } from './response.ts';
import { OK } from './status.ts';

/** Bytes read at a time of a file that is not kept. */
const PIECE = 256 * 1024;

/** Bytes of the file, or text between them. */
type Part = { readonly start: number; readonly end: number } | string;

/** Answers with a file's bytes from `from` on, or the ranges of them that are asked for. The file is released at the end. */
export function sendFile(r: Request, file: CachedFile, from = 0): Answer {
  // What filters hold they hold as it is, also those that stand at the wire.
  const mayReuse = r.outputFilters === undefined && r.main === undefined;
  // Ranges count in what filters make of a file: in the file itself where all of them step aside.
  const filtered = beginFiltered(r, file.size - from);
  const isPlain = filtered === undefined;
  const plan = isPlain ? planRanges(r, file.size - from) : ({ kind: 'whole' } as const);
  if (plan.kind === 'unsatisfiable') {
    file.release();
    sendRangeError(r);
    return OK;
  }
  const length = plan.kind === 'parts' ? plan.length : file.size - from;
  if (r.headerOnly && isPlain) {
    file.release();
    r.headersOut.set('Content-Length', String(length));
    sendHead(r);
    return OK;
  }
  const whole: readonly Part[] = [{ start: from, end: file.size - 1 }];
  const parts = plan.kind === 'parts' ? plan.parts.map((part) => movedBy(from, part)) : whole;
  const writer = filtered ?? beginBody(r, length);
  return new Promise((resolve) => {
    new FilePump(r, file, parts, writer, mayReuse, resolve).run();
  });
}

function movedBy(by: number, part: Part): Part {
  return typeof part === 'string' || by === 0 ? part : { start: part.start + by, end: part.end + by };
}

/** Moves the parts of a file to a writer: one piece at a time, the next one when the writer has room. */
class FilePump {
  readonly #r: Request;
  readonly #file: CachedFile;
  readonly #parts: readonly Part[];
  readonly #writer: BodyWriter;
  /** Nothing between us and the socket: a piece that has drained is ours again. */
  readonly #mayReuse: boolean;
  readonly #resolve: (status: number) => void;
  #part = 0;
  /** Offset in the file of the next byte; -1: the part has not begun. */
  #at = -1;
  #isOver = false;
  #isReading = false;
  /** For files that are not kept: the piece of before. */
  #piece: Buffer | undefined;

  constructor(
    r: Request,
    file: CachedFile,
    parts: readonly Part[],
    writer: BodyWriter,
    mayReuse: boolean,
    resolve: (status: number) => void,
  ) {
    this.#r = r;
    this.#file = file;
    this.#parts = parts;
    this.#writer = writer;
    this.#mayReuse = mayReuse;
    this.#resolve = resolve;
    r.transport.onAbort(() => {
      if (!this.#isReading) this.#finish();
      else this.#isOver = true;
    });
  }

  run(): void {
    while (!this.#isOver) {
      const part = this.#parts[this.#part];
      if (part === undefined) {
        this.#writer.end();
        this.#finish();
        return;
      }
      if (typeof part === 'string') {
        this.#part++;
        this.#writer.write(Buffer.from(part, 'latin1'));
        continue;
      }
      if (this.#at < 0) this.#at = part.start;
      if (!this.#send(part.end)) return;
    }
  }

  /** Sends what can be sent at once. False: run() is called again when there is more to do. */
  #send(end: number): boolean {
    const { blocks } = this.#file;
    if (blocks === undefined) {
      this.#readPiece(end);
      return false;
    }
    const index = Math.floor(this.#at / BLOCK);
    const block = blocks[index];
    if (block === undefined) {
      this.#readBlock(blocks, index);
      return false;
    }
    const from = this.#at - index * BLOCK;
    return this.#write(block.subarray(from, Math.min(block.length, from + end + 1 - this.#at)), end);
  }

  /** Passes bytes on. False: the writer is full, and calls run() when it is not. */
  #write(bytes: Buffer, end: number): boolean {
    this.#at += bytes.length;
    if (this.#at > end) {
      this.#part++;
      this.#at = -1;
    }
    if (this.#writer.write(bytes)) {
      this.#piece = undefined; // it may be on its way still
      return true;
    }
    this.#r.transport.onDrain(() => this.run());
    return false;
  }

  #readBlock(blocks: (Buffer | undefined)[], index: number): void {
    const start = index * BLOCK;
    const size = Math.min(BLOCK, this.#file.size - start);
    this.#read(Buffer.allocUnsafeSlow(size), start, size, (block) => {
      blocks[index] = block;
      this.run();
    });
  }

  #readPiece(end: number): void {
    const size = Math.min(PIECE, end + 1 - this.#at);
    const piece = this.#mayReuse && this.#piece !== undefined ? this.#piece : Buffer.allocUnsafeSlow(PIECE);
    this.#read(piece, this.#at, size, (bytes) => {
      this.#piece = piece;
      if (this.#write(bytes, end)) this.run();
    });
  }

  /** Reads exactly `size` bytes; less means that the file has been cut, and that the client must not take what it got for the whole. */
  #read(into: Buffer, position: number, size: number, done: (bytes: Buffer) => void): void {
    const { fd } = this.#file;
    if (fd < 0) {
      this.#giveUp();
      return;
    }
    let filled = 0;
    this.#isReading = true;
    const next = (): void => {
      read(fd, into, filled, size - filled, position + filled, (error, count) => {
        if (!this.#isOver && error === null && count > 0 && filled + count < size) {
          filled += count;
          next();
          return;
        }
        this.#isReading = false;
        if (this.#isOver) this.#finish();
        else if (error !== null || count === 0) this.#giveUp();
        else this.#guarded(() => done(size === into.length ? into : into.subarray(0, size)));
      });
    };
    next();
  }

  /** A defect of what takes the bytes must end the request: nobody else hears of it here. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#giveUp();
      throw error;
    }
  }

  #giveUp(): void {
    this.#writer.abort();
    this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#file.release();
    this.#resolve(OK);
  }
}
