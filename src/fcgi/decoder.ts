/**
 * The record layer, incremental: chunks in, record starts, content slices and record ends out (FastCGI section 3.3).
 * Content is handed on as it comes, as slices of the chunk; a whole record is never waited for and nothing is copied
 * but a header that a chunk boundary splits.
 */

import { FCGI_VERSION, HEADER_LENGTH } from './constants.ts';

export interface RecordSink {
  onRecordStart(type: number, requestId: number, contentLength: number): void;
  /** A part of the current record's content; never empty. */
  onContent(slice: Buffer): void;
  /** The record's content and padding have passed. */
  onRecordEnd(): void;
  /** The stream cannot be read on; the decoder has stopped. */
  onBadVersion(version: number): void;
}

export class RecordDecoder {
  readonly #sink: RecordSink;
  /** Bytes of a header split by a chunk boundary. */
  readonly #header: Buffer = Buffer.allocUnsafe(HEADER_LENGTH);
  #headerFilled = 0;
  #isInRecord = false;
  #content = 0;
  #padding = 0;
  #isStopped = false;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  /** Makes `push` return after the current callback; bytes behind are left unread. */
  stop(): void {
    this.#isStopped = true;
  }

  /** True between records: the last one is complete and no byte of another was seen. */
  get isAtBoundary(): boolean {
    return !this.#isInRecord && this.#headerFilled === 0;
  }

  /** Within a record: its header is complete, its content or padding is not. */
  get isInRecord(): boolean {
    return this.#isInRecord;
  }

  /** @returns how many bytes were read: fewer than the chunk has only when the decoder was stopped. */
  push(chunk: Buffer): number {
    let offset = 0;
    while (!this.#isStopped) {
      if (!this.#isInRecord) {
        if (offset === chunk.length) break;
        offset = this.#readHeader(chunk, offset);
        continue;
      }
      if (this.#content > 0) {
        if (offset === chunk.length) break;
        const end = Math.min(offset + this.#content, chunk.length);
        this.#content -= end - offset;
        const slice = chunk.subarray(offset, end);
        offset = end;
        this.#sink.onContent(slice);
        continue;
      }
      const skipped = Math.min(this.#padding, chunk.length - offset);
      this.#padding -= skipped;
      offset += skipped;
      if (this.#padding > 0) break;
      this.#isInRecord = false;
      this.#sink.onRecordEnd();
    }
    return offset;
  }

  #readHeader(chunk: Buffer, offset: number): number {
    let header = chunk;
    let at = offset;
    if (this.#headerFilled > 0 || chunk.length - offset < HEADER_LENGTH) {
      const copied = chunk.copy(this.#header, this.#headerFilled, offset, offset + HEADER_LENGTH);
      this.#headerFilled += copied;
      offset += copied;
      if (this.#headerFilled < HEADER_LENGTH) return offset;
      this.#headerFilled = 0;
      header = this.#header;
      at = 0;
    } else {
      offset += HEADER_LENGTH;
    }
    const version = header[at] as number;
    if (version !== FCGI_VERSION) {
      this.#isStopped = true;
      this.#sink.onBadVersion(version);
      return offset;
    }
    this.#isInRecord = true;
    this.#content = header.readUInt16BE(at + 4);
    this.#padding = header[at + 6] as number;
    this.#sink.onRecordStart(header[at + 1] as number, header.readUInt16BE(at + 2), this.#content);
    return offset;
  }
}
