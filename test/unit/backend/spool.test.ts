import { readdirSync, readlinkSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BodyReader, BodySource } from '../../../src/backend/body.ts';
import { BodySpool } from '../../../src/backend/spool.ts';

/** A client's body: gives its pieces while it is not paused, then its end. */
class PieceBody implements BodySource {
  readonly isPresent = true;
  readonly #pieces: Buffer[];
  readonly #end: number | undefined;
  #reader: BodyReader | undefined;
  #isPaused = false;
  #isBusy = false;

  /** @param end a status: the body fails with it. */
  constructor(pieces: readonly Buffer[], end?: number) {
    this.#pieces = [...pieces];
    this.#end = end;
  }
  start(reader: BodyReader): void {
    this.#reader = reader;
    this.#give();
  }
  resume(): void {
    this.#isPaused = false;
    this.#give();
  }
  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#give();
  }
  #give(): void {
    const reader = this.#reader;
    if (reader === undefined || this.#isBusy) return;
    this.#isBusy = true;
    while (!this.#isPaused && this.#pieces.length > 0) {
      this.#isPaused = !reader.onBody(this.#pieces.shift() as Buffer);
    }
    this.#isBusy = false;
    if (this.#pieces.length > 0 || this.#isPaused) return;
    this.#reader = undefined;
    if (this.#end === undefined) reader.onBodyEnd();
    else reader.onBodyError(this.#end);
  }
}

/** Reads a spool, stopping after every `stride` pieces until the next turn of the event loop. */
function collect(spool: BodySpool, stride = 1): Promise<{ text: string; status: number | undefined }> {
  return new Promise((resolve) => {
    let text = '';
    let count = 0;
    spool.start({
      onBody(chunk) {
        text += chunk.toString('latin1');
        if (++count % stride !== 0) return true;
        setImmediate(() => spool.resume());
        return false;
      },
      onBodyEnd: () => resolve({ text, status: undefined }),
      onBodyError: (status) => resolve({ text, status }),
    });
  });
}

const whole = (spool: BodySpool): Promise<void> => new Promise((resolve) => spool.whole(resolve));
const pieces = (...sizes: number[]): Buffer[] => sizes.map((size, i) => Buffer.alloc(size, 97 + (i % 26)));
const textOf = (list: readonly Buffer[]): string => Buffer.concat(list).toString('latin1');

/** Files of spools that this process has open. */
function openFiles(): number {
  let count = 0;
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`).includes('apache-lite-body-')) count++;
    } catch {
      // Closed meanwhile, readdir's own for one.
    }
  }
  return count;
}

async function untilClosed(): Promise<void> {
  const limit = Date.now() + 5000;
  while (openFiles() > 0) {
    if (Date.now() > limit) throw new Error('a file stays open');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('prefetch', () => {
  it('knows a body that is all there', async () => {
    const given = pieces(3, 4);
    const spool = new BodySpool(new PieceBody(given), 100);
    spool.prefetch();
    expect([spool.isSettled, spool.length]).toEqual([true, 7]);
    expect(await collect(spool)).toEqual({ text: textOf(given), status: undefined });
  });

  it('takes no more than its limit, and passes on the rest as it comes', async () => {
    const given = pieces(60, 60, 60, 60);
    const spool = new BodySpool(new PieceBody(given), 100);
    spool.prefetch();
    expect([spool.isSettled, spool.length]).toEqual([false, undefined]);
    expect(await collect(spool, 2)).toEqual({ text: textOf(given), status: undefined });
  });

  it('passes on why a body failed, behind what came of it', async () => {
    const spool = new BodySpool(new PieceBody(pieces(5), 400), 100);
    spool.prefetch();
    expect(spool.length).toBeUndefined();
    expect(await collect(spool, 9)).toEqual({ text: 'aaaaa', status: 400 });
  });
});

describe('whole', () => {
  it.each([
    ['in memory', [10, 20]],
    ['exactly the limit', [100]],
    ['in a file', [99, 1, 500, 3]],
    ['in a file of many pieces', Array.from({ length: 50 }, () => 5000)],
  ])('%s', async (_where, sizes) => {
    const given = pieces(...sizes);
    const spool = new BodySpool(new PieceBody(given), 100);
    await whole(spool);
    expect(spool.length).toBe(textOf(given).length);
    expect(await collect(spool)).toEqual({ text: textOf(given), status: undefined });
  });

  it('ends when the body fails', async () => {
    const spool = new BodySpool(new PieceBody(pieces(200, 5), 408), 100);
    await whole(spool);
    expect([spool.isSettled, spool.length]).toEqual([true, undefined]);
    spool.discard();
  });

  it('gives back any body as it came', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 3 }),
        async (list, memory, stride) => {
          const given = pieces(...list);
          const spool = new BodySpool(new PieceBody(given), memory);
          await whole(spool);
          expect(await collect(spool, stride)).toEqual({ text: textOf(given), status: undefined });
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe.runIf(process.platform === 'linux')('the file', () => {
  it('goes when the body was read', async () => {
    const spool = new BodySpool(new PieceBody(pieces(200, 300)), 100);
    await whole(spool);
    expect(openFiles()).toBe(1);
    await collect(spool);
    await untilClosed();
  });

  it('goes when nobody wants the body', async () => {
    const spool = new BodySpool(new PieceBody(pieces(200, 300)), 100);
    await whole(spool);
    spool.discard();
    await untilClosed();
    // Who asks nevertheless is told that there is nothing.
    expect(await collect(spool)).toEqual({ text: '', status: 0 });
  });

  it('goes when that is said while it is being opened, and what comes then is dropped', async () => {
    const body = new PieceBody(pieces(200));
    const spool = new BodySpool(body, 100);
    let calls = 0;
    spool.whole(() => calls++);
    spool.discard();
    body.push(Buffer.alloc(500));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await untilClosed();
    expect(calls).toBe(0);
  });
});
