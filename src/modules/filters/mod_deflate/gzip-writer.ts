/**
 * Bodies through zlib. A small whole body is done at once; everything else goes through the thread pool in pieces: what is queued there slows
 * the producer, and a slow client stops zlib.
 */
import { constants, createGunzip, createGzip, type Gunzip, type Gzip, gzipSync } from 'node:zlib';
import type { BodyWriter } from '../../../core/body.ts';
import { endWith, FilterTransport } from '../../../core/filters.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';

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
type Zlib = Gzip | Gunzip;

export interface RatioLimits {
  readonly ratio: number;
  readonly burst: number;
  /** Bytes of a buffer. */
  readonly bufferSize: number;
}

/** A stream of zlib between two writers; flow in both directions is bounded by its buffers. */
abstract class ZlibWriter implements BodyWriter {
  protected readonly r: Request;
  protected readonly next: BodyWriter;
  #zlib: Zlib | undefined;
  #transport: FilterTransport | undefined;
  #isOver = false;

  constructor(r: Request, next: BodyWriter) {
    this.r = r;
    this.next = next;
  }
  protected abstract open(): Zlib;
  /** A piece came out; false when the client is slow. */
  protected abstract onOutput(chunk: Buffer): boolean;
  protected abstract onOutputEnd(): void;

  protected get zlib(): Zlib {
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
    zlib.on('error', (error) => {
      logRequest(this.r, 'deflate', Level.error, 'AH01394', `Zlib error ${error.message}`);
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
    zlib.flush(constants.Z_SYNC_FLUSH, () => this.next.flush?.());
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

export class CompressingWriter extends ZlibWriter {
  readonly #options: GzipOptions;
  readonly #bufferSize: number;
  readonly #onDone: (bytesIn: number, bytesOut: number) => void;
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
    options: GzipOptions,
    bufferSize: number,
    onDone: (bytesIn: number, bytesOut: number) => void,
  ) {
    super(r, next);
    this.#options = options;
    this.#bufferSize = bufferSize;
    this.#onDone = onDone;
  }
  protected open(): Zlib {
    return createGzip(this.#options);
  }
  override write(chunk: Buffer): boolean {
    this.#bytesIn += chunk.length;
    return super.write(chunk);
  }
  override end(): void {
    // The callback parts what zlib gave before the end from what it gives for it.
    this.zlib.write(NOTHING, () => {
      this.#isEnding = true;
      super.end();
    });
  }
  endWith(chunk: Buffer): void {
    if (this.#bytesIn === 0 && chunk.length <= AT_ONCE) {
      const whole = gzipSync(chunk, this.#options);
      this.#onDone(chunk.length, whole.length - WRAPPING);
      endWith(this.next, whole);
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
    this.#onDone(this.#bytesIn, this.#bytesOut - WRAPPING);
    if (this.#isPassing) this.next.end();
    else endWith(this.next, this.#takeHeld());
  }
}

const NOTHING: Buffer = Buffer.alloc(0);

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
  protected open(): Zlib {
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
    else endWith(this.next, this.#first ?? NOTHING);
  }
}
