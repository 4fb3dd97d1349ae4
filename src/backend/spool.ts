/**
 * A request body looked at before it is passed on: as much as is there at once (`prefetch`) or as memory takes (`fill`), to know whether that is
 * all of it; or all of it (`whole`), for backends that must be told its length, in memory up to a limit and in a file beyond.
 */

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BodyReader, BodySource } from './body.ts';

const FILE_CHUNK = 64 * 1024;

export class BodySpool implements BodyReader, BodySource {
  readonly isPresent = true;
  readonly #source: BodySource;
  readonly #memory: number;
  #kept: Buffer[] = [];
  #keptSize = 0;
  #isSourcePaused = false;
  #isWhole = false;
  #failure: number | undefined;
  #reader: BodyReader | undefined;
  #isReaderPaused = false;
  #whenWhole: (() => void) | undefined;
  #whenFull: (() => void) | undefined;
  #file: FileHandle | undefined;
  #fileSize = 0;
  #fileRead = 0;
  #isWriting = false;
  #isDiscarded = false;

  /** @param memory bytes kept in memory. */
  constructor(source: BodySource, memory: number) {
    this.#source = source;
    this.#memory = memory;
  }

  /** All of it is here, or it failed. */
  get isSettled(): boolean {
    return this.#isWhole || this.#failure !== undefined;
  }

  /** What its source said instead of the rest, as `onBodyError` has it. */
  get failure(): number | undefined {
    return this.#failure;
  }

  /** Bytes of the body, when it is whole; undefined before, and when it will never be. */
  get length(): number | undefined {
    return this.#isWhole ? this.#keptSize + this.#fileSize : undefined;
  }

  /** Takes what is there now, up to the limit. */
  prefetch(): void {
    this.#source.start(this);
  }

  /** Takes what comes until the memory is full or all of it is there; `done` is called once, maybe within the call. */
  fill(done: () => void): void {
    this.#whenFull = done;
    this.#source.start(this);
  }

  /** Takes all of it; `done` is called once, when it is whole or failed. Maybe within the call. */
  whole(done: () => void): void {
    this.#whenWhole = done;
    this.#source.start(this);
  }

  // BodySource, for who sends it on.

  start(reader: BodyReader): void {
    this.#reader = reader;
    if (this.#isDiscarded) reader.onBodyError(this.#failure ?? 0);
    else this.#pump();
  }

  resume(): void {
    if (!this.#isReaderPaused) return;
    this.#isReaderPaused = false;
    this.#pump();
  }

  /** The spool is of no more use: its file goes, and what still comes of the body is dropped. */
  discard(): void {
    this.#isDiscarded = true;
    this.#kept = [];
    const file = this.#file;
    this.#file = undefined;
    file?.close().catch(() => undefined);
  }

  // BodyReader, from the client.

  onBody(chunk: Buffer): boolean {
    if (this.#isDiscarded) return true;
    const reader = this.#reader;
    if (reader !== undefined && this.#kept.length === 0 && !this.#isReaderPaused) {
      this.#isSourcePaused = this.#isReaderPaused = !reader.onBody(chunk);
      return !this.#isSourcePaused;
    }
    this.#kept.push(Buffer.from(chunk));
    this.#keptSize += chunk.length;
    if (this.#keptSize < this.#memory && reader === undefined) return true;
    this.#isSourcePaused = true;
    if (this.#whenWhole !== undefined) this.#writeKept();
    this.#full();
    return false;
  }

  onBodyEnd(): void {
    if (this.#isDiscarded) return;
    this.#isWhole = true;
    this.#settled();
  }

  onBodyError(status: number): void {
    if (this.#isDiscarded) return;
    this.#failure = status;
    this.#settled();
  }

  #settled(): void {
    if (this.#reader !== undefined) {
      this.#pump();
      return;
    }
    if (this.#isWriting) return;
    const done = this.#whenWhole;
    this.#whenWhole = undefined;
    done?.();
    this.#full();
  }

  #full(): void {
    const done = this.#whenFull;
    this.#whenFull = undefined;
    done?.();
  }

  /** Memory is full: what is in it goes to the file, and the client may go on. */
  #writeKept(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    const pieces = this.#kept;
    const size = this.#keptSize;
    this.#kept = [];
    this.#keptSize = 0;
    this.#append(pieces, size).then(
      () => this.#written(size),
      () => {
        this.#isWriting = false;
        this.#failure ??= 500;
        if (!this.#isDiscarded) this.#settled();
      },
    );
  }

  async #append(pieces: readonly Buffer[], size: number): Promise<void> {
    if (this.#file === undefined) {
      const path = join(tmpdir(), `apache-lite-body-${randomUUID()}`);
      const file = await open(path, 'wx+', 0o600);
      await unlink(path);
      if (this.#isDiscarded) {
        await file.close();
        return;
      }
      this.#file = file;
    }
    // At the end of what is there: reads say where, and do not move it. Unlike `write`, it writes all.
    await this.#file.appendFile(Buffer.concat(pieces, size));
  }

  #written(size: number): void {
    this.#isWriting = false;
    this.#fileSize += size;
    if (this.#isDiscarded) return;
    if (this.isSettled) this.#settled();
    else {
      this.#isSourcePaused = false;
      this.#source.resume();
    }
  }

  /** Gives the reader what is kept, then what comes. The file holds the beginning. */
  #pump(): void {
    const reader = this.#reader;
    if (reader === undefined || this.#isReaderPaused) return;
    if (this.#fileRead < this.#fileSize) {
      this.#readFile(reader);
      return;
    }
    while (this.#kept.length > 0) {
      const chunk = this.#kept.shift() as Buffer;
      if (!reader.onBody(chunk)) {
        this.#isReaderPaused = true;
        return;
      }
    }
    if (this.#failure !== undefined) reader.onBodyError(this.#failure);
    else if (this.#isWhole) {
      this.discard();
      reader.onBodyEnd();
    } else if (this.#isSourcePaused) {
      this.#isSourcePaused = false;
      this.#source.resume();
    }
  }

  #readFile(reader: BodyReader): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#isReaderPaused = true;
    const buffer = Buffer.allocUnsafe(Math.min(FILE_CHUNK, this.#fileSize - this.#fileRead));
    file.read(buffer, 0, buffer.length, this.#fileRead).then(
      ({ bytesRead }) => {
        if (this.#file === undefined) return;
        if (bytesRead === 0) {
          reader.onBodyError(500);
          return;
        }
        this.#fileRead += bytesRead;
        this.#isReaderPaused = !reader.onBody(buffer.subarray(0, bytesRead));
        this.#pump();
      },
      () => reader.onBodyError(500),
    );
  }
}
