/**
 * DEFLATE as an input filter: compressed request bodies (deflate_in_filter of modules/filters/mod_deflate.c). The wrapping (RFC 1952) is read
 * here, what is in it goes through the thread pool; limits hold for every buffer that comes out, so that a bomb is never held whole.
 */
import { createInflateRaw, type InflateRaw } from 'node:zlib';
import type { BodyFlow, BodyReader, InputStage } from '../../../core/body.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { Crc32 } from '../../../lib/crc32.ts';
import { GzipHeadReader } from './gzip-head.ts';

export interface InflateLimits {
  /** Bytes; 0: none. */
  readonly size: number;
  /** Out to in, and how many buffers in a row may be above it. */
  readonly ratio: number;
  readonly burst: number;
  /** Bytes of a buffer. */
  readonly bufferSize: number;
}

/** CRC and length, four bytes each. */
const TRAILER = 8;

export class InflatingRequest implements InputStage {
  readonly #r: Request;
  readonly #next: BodyReader;
  readonly #source: BodyFlow;
  readonly #limits: InflateLimits;
  readonly #head = new GzipHeadReader();
  readonly #crc = new Crc32();
  #zlib: InflateRaw | undefined;
  /** Given to zlib, and not come back yet. */
  #isBusy = false;
  #isNextPaused = false;
  #isSourcePaused = false;
  #isInputEnded = false;
  /** zlib has seen the end of its data. */
  #isInflated = false;
  #isOver = false;
  #trailer = Buffer.alloc(TRAILER);
  #trailerSize = 0;
  #hasExtra = false;
  #bytesOut = 0;
  #ratioHits = 0;
  #hasStarted = false;

  constructor(r: Request, next: BodyReader, source: BodyFlow, limits: InflateLimits) {
    this.#r = r;
    this.#next = next;
    this.#source = source;
    this.#limits = limits;
  }

  onBody(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      this.#r.headersIn.delete('content-length');
      this.#r.headersIn.delete('content-md5');
    }
    let rest = chunk;
    if (!this.#head.isDone) {
      const end = this.#head.read(chunk);
      const { failure } = this.#head;
      if (failure !== undefined) {
        this.#fail(400, Level.warn, failure.tag, failure.message);
        return true;
      }
      rest = chunk.subarray(end);
      if (rest.length === 0) return true;
    }
    if (this.#isInflated) {
      this.#takeTrailer(rest);
      return true;
    }
    this.#inflate(rest);
    if (this.#isOver || !(this.#isBusy || this.#isNextPaused)) return true;
    this.#isSourcePaused = true;
    return false;
  }

  onBodyEnd(): void {
    this.#isInputEnded = true;
    this.#endWhenDone();
  }

  onBodyError(status: number): void {
    if (this.#isOver) return;
    this.#stop();
    this.#next.onBodyError(status);
  }

  resume(): void {
    if (!this.#isNextPaused) return;
    this.#isNextPaused = false;
    this.#zlib?.resume();
    this.#goOn();
  }

  /** One piece at a time: what is left of it when zlib is done is known by its count. */
  #inflate(piece: Buffer): void {
    const zlib = this.#zlib ?? this.#open();
    const before = zlib.bytesWritten;
    this.#isBusy = true;
    // The piece is only lent.
    const copy = Buffer.from(piece);
    zlib.write(copy, () => this.#onTaken(copy.subarray(zlib.bytesWritten - before)));
  }

  #open(): InflateRaw {
    const zlib = createInflateRaw({ chunkSize: Math.max(64, this.#limits.bufferSize) });
    this.#zlib = zlib;
    zlib.on('data', (chunk: Buffer) => this.#onOutput(chunk));
    zlib.on('error', (error: NodeJS.ErrnoException) => {
      if (!this.#isOver)
        this.#fail(400, Level.warn, 'AH01392', `Zlib error ${error.errno} inflating data (${error.message})`);
    });
    return zlib;
  }

  #onTaken(rest: Buffer): void {
    if (this.#isOver) return;
    this.#isBusy = false;
    if (rest.length > 0) {
      this.#isInflated = true;
      this.#takeTrailer(rest);
    }
    this.#goOn();
  }

  #onOutput(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#bytesOut += chunk.length;
    this.#crc.update(chunk);
    const { size, ratio, burst } = this.#limits;
    if (size > 0 && this.#bytesOut > size) {
      const message = `Inflated content length of ${this.#bytesOut} is larger than the configured limit of ${size}`;
      this.#fail(413, Level.warn, 'AH02648', message);
      return;
    }
    if (this.#isOverRatio()) {
      const message = `Inflated content ratio is larger than the configured limit ${ratio} by ${burst} time(s)`;
      this.#fail(400, Level.warn, 'AH02649', message);
      return;
    }
    if (!this.#next.onBody(chunk)) {
      this.#isNextPaused = true;
      this.#zlib?.pause();
    } else if (this.#isInputEnded) {
      this.#endWhenDone();
    }
  }

  /** check_ratio() */
  #isOverRatio(): boolean {
    const bytesIn = this.#zlib?.bytesWritten ?? 0;
    if (bytesIn === 0) return false;
    if (Math.floor(this.#bytesOut / bytesIn) < this.#limits.ratio) {
      this.#ratioHits = 0;
      return false;
    }
    return ++this.#ratioHits > this.#limits.burst;
  }

  #takeTrailer(bytes: Buffer): void {
    const count = bytes.copy(this.#trailer, this.#trailerSize);
    this.#trailerSize += count;
    this.#hasExtra ||= count < bytes.length;
  }

  /** When all that came out has been given on. */
  #checkTrailer(): boolean {
    if (this.#trailerSize < TRAILER) {
      this.#fail(400, Level.error, 'AH02481', 'Encountered premature end-of-stream while inflating');
      return false;
    }
    if (this.#trailer.readUInt32LE(0) !== this.#crc.value) {
      this.#fail(400, Level.warn, 'AH01394', 'Zlib: CRC error inflating data');
      return false;
    }
    const expected = this.#trailer.readUInt32LE(4);
    if (this.#bytesOut % 0x1_0000_0000 !== expected) {
      const message = `Zlib: Length ${this.#bytesOut} of inflated data does not match expected value ${expected}`;
      this.#fail(400, Level.warn, 'AH01395', message);
      return false;
    }
    if (this.#hasExtra)
      this.#fail(400, Level.error, 'AH02485', 'Encountered extra data after compressed data');
    return !this.#hasExtra;
  }

  /** On to the next piece, or to the end. */
  #goOn(): void {
    if (this.#isOver || this.#isBusy || this.#isNextPaused) return;
    if (this.#isSourcePaused) {
      this.#isSourcePaused = false;
      this.#source.resume();
    }
    this.#endWhenDone();
  }

  #endWhenDone(): void {
    if (!this.#isInputEnded || this.#isOver || this.#isBusy || this.#isNextPaused) return;
    if (!this.#hasStarted) {
      this.#isOver = true;
      this.#next.onBodyEnd();
    } else if (!this.#head.isDone) {
      const what = 'Encountered premature end-of-stream while reading inflate header';
      this.#fail(400, Level.error, 'AH02619', what);
    } else if ((this.#zlib?.readableLength ?? 0) === 0 && this.#checkTrailer()) {
      this.#stop();
      this.#next.onBodyEnd();
    }
  }

  #fail(status: number, level: number, tag: string, message: string): void {
    if (this.#isOver) return;
    logRequest(this.#r, 'deflate', level, tag, message);
    this.#stop();
    this.#next.onBodyError(status);
    // The rest is taken and forgotten.
    if (this.#isSourcePaused) {
      this.#isSourcePaused = false;
      this.#source.resume();
    }
  }

  #stop(): void {
    this.#isOver = true;
    this.#zlib?.destroy();
  }
}
