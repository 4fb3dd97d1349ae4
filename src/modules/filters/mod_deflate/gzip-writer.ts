/** gzip for bodies, and out of them. */
import { constants, createGunzip, createGzip, gzipSync } from 'node:zlib';
import { type BodyWriter, endBody } from '../../../core/body.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { type Coder, CompressingWriter as Compressing, NOTHING, ZlibWriter } from '../shared/zlib-writer.ts';

/**
 * Up to this size zlib has nothing to give before the end (its symbol buffer, 32767 with memLevel 9, is not full), so that httpd too knows the
 * length of what it makes; and it costs less here than on another thread.
 */
const AT_ONCE = 32_767;
/** Bytes of a gzip header and trailer, which the notes do not count. */
const WRAPPING = 18;

export interface GzipOptions {
  readonly windowBits: number;
  readonly level: number;
  readonly memLevel: number;
}

export interface RatioLimits {
  readonly ratio: number;
  readonly burst: number;
  /** Bytes of a buffer. */
  readonly bufferSize: number;
}

function logFailure(r: Request, message: string): void {
  logRequest(r, 'deflate', Level.error, 'AH01394', `Zlib error ${message}`);
}

export class CompressingWriter extends Compressing {
  protected readonly flushKind = constants.Z_SYNC_FLUSH;
  readonly #options: GzipOptions;

  constructor(
    r: Request,
    next: BodyWriter,
    options: GzipOptions,
    bufferSize: number,
    onDone: ((bytesIn: number, bytesOut: number) => void) | undefined,
  ) {
    super(r, next, bufferSize, onDone && ((bytesIn, bytesOut) => onDone(bytesIn, bytesOut - WRAPPING)));
    this.#options = options;
  }
  protected logFailure(message: string): void {
    logFailure(this.r, message);
  }
  protected open(): Coder {
    return createGzip(this.#options);
  }
  protected codeAtOnce(body: Buffer): Buffer | undefined {
    return body.length <= AT_ONCE ? gzipSync(body, this.#options) : undefined;
  }
}

export class InflatingWriter extends ZlibWriter {
  /** What came first is kept until there is more: a short answer has a length. */
  #first: Buffer | undefined;
  #isPassing = false;
  readonly #limits: RatioLimits;
  #bytesOut = 0;
  #ratioHits = 0;

  constructor(r: Request, next: BodyWriter, limits: RatioLimits) {
    super(r, next);
    this.#limits = limits;
  }
  protected readonly flushKind = constants.Z_SYNC_FLUSH;
  protected logFailure(message: string): void {
    logFailure(this.r, message);
  }
  protected open(): Coder {
    return createGunzip({ chunkSize: Math.max(64, this.#limits.bufferSize) });
  }
  /** More came out for what went in than is allowed, for too many buffers in a row (check_ratio). */
  #isOverRatio(): boolean {
    const { bytesWritten } = this.zlib;
    const { ratio, burst } = this.#limits;
    if (bytesWritten === 0) return false;
    if (Math.floor(this.#bytesOut / bytesWritten) < ratio) {
      this.#ratioHits = 0;
      return false;
    }
    return ++this.#ratioHits > burst;
  }
  protected onOutput(chunk: Buffer): boolean {
    this.#bytesOut += chunk.length;
    if (this.#isOverRatio()) {
      const { ratio, burst } = this.#limits;
      const message = `Inflated content ratio is larger than the configured limit ${ratio} by ${burst} time(s)`;
      logRequest(this.r, 'deflate', Level.error, 'AH02650', message);
      this.abort();
      return true;
    }
    if (this.#isPassing) return this.next.write(chunk);
    if (this.#first === undefined) {
      this.#first = chunk;
      return true;
    }
    this.#isPassing = true;
    this.next.write(this.#first);
    return this.next.write(chunk);
  }
  protected onOutputEnd(): void {
    if (this.#isPassing) this.next.end();
    else endBody(this.next, this.#first ?? NOTHING);
  }
}
