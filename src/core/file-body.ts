/** Large files: read in big pieces, no faster than the client takes them, whatever their size. */
import { read } from 'node:fs';
import type { BodyWriter } from './body.ts';
import type { CachedFile } from './file-cache.ts';
import type { Answer } from './hooks.ts';
import { planRanges } from './ranges.ts';
import type { Request } from './request.ts';
import { beginBody, beginFiltered, sendHead } from './response.ts';
import { sendRangeError } from './errors.ts';
import { OK } from './status.ts';

/** Bytes read at a time. */
const PIECE = 256 * 1024;

/** Answers with a file's bytes, or the ranges of them that are asked for. The file is released at the end. */
export function sendFile(r: Request, file: CachedFile): Answer {
  const filtered = r.outputFilters === undefined ? undefined : beginFiltered(r, file.size);
  if (filtered !== undefined) return pump(r, file, [{ start: 0, end: file.size - 1 }], filtered);
  const plan = planRanges(r, file.size);
  if (plan.kind === 'unsatisfiable') {
    file.release();
    sendRangeError(r);
    return OK;
  }
  const length = plan.kind === 'parts' ? plan.length : file.size;
  if (r.headerOnly) {
    file.release();
    r.headersOut.set('Content-Length', String(length));
    sendHead(r);
    return OK;
  }
  const parts = plan.kind === 'parts' ? plan.parts : [{ start: 0, end: file.size - 1 }];
  return pump(r, file, parts, beginBody(r, length));
}

function pump(r: Request, file: CachedFile, parts: Parts, writer: BodyWriter): Promise<number> {
  return new Promise((resolve) => {
    new FilePump(r, file, parts, writer, resolve).run();
  });
}

/** Bytes of the file, and texts between them. */
type Parts = readonly ({ readonly start: number; readonly end: number } | string)[];

/** Moves the parts of a file to a writer: one read at a time, the next one when the writer has room. */
class FilePump {
  readonly #r: Request;
  readonly #file: CachedFile;
  readonly #parts: Parts;
  readonly #writer: BodyWriter;
  readonly #resolve: (status: number) => void;
  #part = 0;
  /** Offset in the file of the next byte to read; -1: the part has not begun. */
  #at = -1;
  #isGone = false;
  #isReading = false;

  constructor(
    r: Request,
    file: CachedFile,
    parts: Parts,
    writer: BodyWriter,
    resolve: (status: number) => void,
  ) {
    this.#r = r;
    this.#file = file;
    this.#parts = parts;
    this.#writer = writer;
    this.#resolve = resolve;
    r.transport.onAbort(() => {
      this.#isGone = true;
      if (!this.#isReading) this.#finish();
    });
  }

  run(): void {
    for (;;) {
      if (this.#isGone) return;
      const part = this.#parts[this.#part];
      // A HEAD that went through filters has its answer once they let the head go.
      if (part === undefined || (this.#r.headerOnly && this.#r.isHeadSent)) {
        this.#writer.end();
        this.#finish();
        return;
      }
      if (typeof part !== 'string') {
        if (this.#at < 0) this.#at = part.start;
        this.#read(Math.min(PIECE, part.end + 1 - this.#at), part.end);
        return;
      }
      this.#part++;
      this.#writer.write(Buffer.from(part, 'latin1'));
    }
  }

  #read(size: number, end: number): void {
    const piece = Buffer.allocUnsafeSlow(size);
    this.#isReading = true;
    read(this.#file.fd, piece, 0, size, this.#at, (error, count) => {
      this.#isReading = false;
      if (this.#isGone) {
        this.#finish();
        return;
      }
      if (error !== null || count === 0) {
        // The file has been cut meanwhile: the client must not take what it got for the whole.
        this.#writer.abort();
        this.#finish();
        return;
      }
      this.#at += count;
      if (this.#at > end) {
        this.#part++;
        this.#at = -1;
      }
      if (this.#writer.write(count === size ? piece : piece.subarray(0, count))) this.run();
      else this.#r.transport.onDrain(() => this.run());
    });
  }

  #finish(): void {
    this.#file.release();
    this.#resolve(OK);
  }
}
