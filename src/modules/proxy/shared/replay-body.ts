/**
 * A request body that can be sent to one backend after another: what was delivered is remembered until it is too much, and then the backend that
 * has it is the last one. Bodies are read up to 16 KiB before there is a connection (MAX_MEM_SPOOL of mod_proxy.h), so that a backend that
 * cannot be reached never costs the body, however long it is.
 */
import type { BodyReader, RequestBody } from '../../../core/body.ts';

const LIMIT = 16 * 1024;

export class ReplayBody implements RequestBody, BodyReader {
  readonly #source: RequestBody;
  readonly #limit: number;
  readonly #wasTaken: boolean;
  // As it was: a body that has been read to its end has neither any more.
  readonly isPresent: boolean;
  readonly length: number | undefined;
  #reader: BodyReader | undefined;
  #kept: Buffer[] = [];
  #keptSize = 0;
  /** Of `kept`: what the reader gets next. */
  #next = 0;
  #isStarted = false;
  #isReplayable = true;
  #isReaderPaused = false;
  #isSourcePaused = false;
  /** undefined: more may come. 'whole', or what `onBodyError` said. */
  #end: 'whole' | number | undefined;

  /** @param limit a piece is remembered while those before it are fewer bytes than this. */
  constructor(source: RequestBody, limit = LIMIT) {
    this.#source = source;
    this.#limit = limit;
    this.#wasTaken = source.isTaken;
    this.isPresent = source.isPresent;
    this.length = source.length;
  }

  /** Whether the next `start` delivers all of it. */
  get isReplayable(): boolean {
    return this.#isReplayable;
  }

  get isChunked(): boolean {
    return this.#source.isChunked;
  }

  /** Not while it can be had again, even where somebody has read it. */
  get isTaken(): boolean {
    return this.#wasTaken || !this.#isReplayable;
  }

  get isFinished(): boolean {
    return this.#source.isFinished && this.#next >= this.#kept.length;
  }

  get isAwaited(): boolean {
    return this.#source.isAwaited;
  }

  /** From its beginning, once more for whoever asks later; the reader before hears nothing more. */
  start(reader: BodyReader): void {
    if (this.isTaken) throw new Error('The body is gone');
    this.#reader = reader;
    this.#next = 0;
    this.#isReaderPaused = false;
    if (this.#isStarted) {
      this.#deliver(reader);
      return;
    }
    this.#isStarted = true;
    this.#source.start(this);
  }

  resume(): void {
    const reader = this.#reader;
    if (!this.#isReaderPaused || reader === undefined) return;
    this.#isReaderPaused = false;
    this.#deliver(reader);
  }

  /** The reader will not read on, though another one may start again: what comes meanwhile is kept. */
  detach(): void {
    this.#reader = undefined;
  }

  onBody(chunk: Buffer): boolean {
    const reader = this.#reader;
    if (reader === undefined || this.#isReaderPaused || this.#next < this.#kept.length) {
      this.#keep(chunk);
      this.#isSourcePaused = true;
      return false;
    }
    if (this.#isReplayable) {
      if (this.#keptSize < this.#limit) {
        this.#keep(chunk);
        this.#next = this.#kept.length;
      } else {
        this.#forget();
      }
    }
    this.#isReaderPaused = !reader.onBody(chunk);
    this.#isSourcePaused = this.#isReaderPaused;
    return !this.#isSourcePaused;
  }

  onBodyEnd(): void {
    this.#end = 'whole';
    if (this.#next >= this.#kept.length) this.#reader?.onBodyEnd();
  }

  onBodyError(status: number): void {
    this.#end = status;
    if (this.#next >= this.#kept.length) this.#reader?.onBodyError(status);
  }

  /** What is kept and the reader has not had, then the end or what comes. */
  #deliver(reader: BodyReader): void {
    while (this.#next < this.#kept.length) {
      const chunk = this.#kept[this.#next++] as Buffer;
      const goesOn = reader.onBody(chunk);
      if (this.#reader !== reader) return;
      if (!goesOn) {
        this.#isReaderPaused = true;
        return;
      }
    }
    if (this.#end === 'whole') {
      reader.onBodyEnd();
    } else if (this.#end !== undefined) {
      reader.onBodyError(this.#end);
    } else if (this.#isSourcePaused) {
      this.#isSourcePaused = false;
      this.#source.resume();
    }
  }

  #keep(chunk: Buffer): void {
    this.#kept.push(Buffer.from(chunk));
    this.#keptSize += chunk.length;
  }

  #forget(): void {
    this.#isReplayable = false;
    this.#kept = [];
    this.#keptSize = 0;
    this.#next = 0;
  }
}
