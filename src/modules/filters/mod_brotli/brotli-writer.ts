/** Brotli for bodies. */
import { type BrotliOptions, brotliCompressSync, constants, createBrotliCompress } from 'node:zlib';
import type { BodyWriter } from '../../../core/body.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { type Coder, CompressingWriter } from '../shared/zlib-writer.ts';

/**
 * Up to this size the coder has nothing to give before the end (its input block is not full), but for the two fastest qualities, which give
 * what they have at once; and it costs less here than on another thread.
 */
const AT_ONCE = 16_383;
const SLOWEST_THAT_GIVES_AT_ONCE = 1;
/** Beyond it a small body takes tens of milliseconds, which the other requests would wait for. */
const SLOWEST_AT_ONCE = 9;
/** Nothing is kept back but what comes with the end. */
const BUFFER = 0;

export interface BrotliSettings {
  /** 0-11. */
  readonly quality: number;
  /** Bits, 10-24. */
  readonly window: number;
  /** Bits, 16-24; 0: the coder's own choice. */
  readonly block: number;
}

const optionsOf = ({ quality, window, block }: BrotliSettings): BrotliOptions => ({
  params: {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: window,
    [constants.BROTLI_PARAM_LGBLOCK]: block,
  },
});

export class BrotliWriter extends CompressingWriter {
  protected readonly flushKind = constants.BROTLI_OPERATION_FLUSH;
  readonly #settings: BrotliSettings;

  constructor(
    r: Request,
    next: BodyWriter,
    settings: BrotliSettings,
    onDone: ((bytesIn: number, bytesOut: number) => void) | undefined,
  ) {
    super(r, next, BUFFER, onDone);
    this.#settings = settings;
  }
  protected logFailure(message: string): void {
    logRequest(this.r, 'brotli', Level.error, 'AH03459', `Error while compressing data: ${message}`);
  }
  protected open(): Coder {
    return createBrotliCompress(optionsOf(this.#settings));
  }
  protected codeAtOnce(body: Buffer): Buffer | undefined {
    if (body.length > AT_ONCE || this.#settings.quality > SLOWEST_AT_ONCE) return undefined;
    if (body.length > 0 && this.#settings.quality <= SLOWEST_THAT_GIVES_AT_ONCE) return undefined;
    return brotliCompressSync(body, optionsOf(this.#settings));
  }
}
