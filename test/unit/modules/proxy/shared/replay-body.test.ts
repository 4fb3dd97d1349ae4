import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BodyReader, RequestBody } from '../../../../../src/core/body.ts';
import { ReplayBody } from '../../../../../src/modules/proxy/shared/replay-body.ts';

/** A body whose pieces come when `push` is called; like a socket, it goes on until it is told to pause. */
class Source implements RequestBody {
  readonly isPresent = true;
  readonly isChunked = false;
  readonly isAwaited = false;
  readonly length: number;
  isTaken = false;
  isFinished = false;
  starts = 0;
  readonly #pieces: Buffer[];
  #reader: BodyReader | undefined;
  #isPaused = false;

  constructor(pieces: readonly string[]) {
    this.#pieces = pieces.map((piece) => Buffer.from(piece));
    this.length = pieces.join('').length;
  }

  start(reader: BodyReader): void {
    this.isTaken = true;
    this.starts++;
    this.#reader = reader;
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** Delivers so many pieces, if nobody stops it. */
  push(count: number): void {
    for (let i = 0; i < count && !this.#isPaused && this.#reader !== undefined; i++) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.#isPaused = !this.#reader.onBody(piece);
        continue;
      }
      if (!this.isFinished) {
        this.isFinished = true;
        this.#reader.onBodyEnd();
      }
    }
  }
}

class Reader implements BodyReader {
  text = '';
  end: 'whole' | number | undefined;
  /** Pieces it takes before it pauses. */
  patience: number;

  constructor(patience = Number.POSITIVE_INFINITY) {
    this.patience = patience;
  }

  onBody(chunk: Buffer): boolean {
    this.text += chunk.toString();
    return --this.patience > 0;
  }

  onBodyEnd(): void {
    this.end = 'whole';
  }

  onBodyError(status: number): void {
    this.end = status;
  }
}

describe('a body that can be sent again', () => {
  it('gives each reader all of it, whatever came when and however they pause', () => {
    const pieces = fc.array(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 12 });
    const steps = fc.array(fc.record({ push: fc.nat(3), patience: fc.integer({ min: 1, max: 4 }) }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(pieces, steps, (texts, attempts) => {
        const source = new Source(texts);
        const body = new ReplayBody(source, 10_000);
        for (const { push, patience } of attempts) {
          body.start(new Reader(patience));
          source.push(push);
          body.detach();
          source.push(1);
        }
        const last = new Reader(2);
        body.start(last);
        for (let i = 0; i < 40; i++) {
          source.push(2);
          last.patience = 2;
          body.resume();
        }
        expect(last.text).toBe(texts.join(''));
        expect(last.end).toBe('whole');
        expect(source.starts).toBe(1);
      }),
    );
  });

  it("is the last reader's when it is too much", () => {
    const source = new Source(['aaaa', 'bbbb', 'cccc', 'dddd']);
    const body = new ReplayBody(source, 6);
    const first = new Reader(2);
    body.start(first);
    source.push(2);
    // Paused with more than the limit: what came before there was a connection is kept whole.
    expect([body.isReplayable, body.isTaken, first.text]).toEqual([true, false, 'aaaabbbb']);
    const second = new Reader();
    body.start(second);
    source.push(5);
    expect([body.isReplayable, body.isTaken, second.text, second.end]).toEqual([
      false,
      true,
      'aaaabbbbccccdddd',
      'whole',
    ]);
    expect(() => body.start(new Reader())).toThrow();
  });

  it('tells every reader that it broke', () => {
    const source = new Source(['a']);
    const body = new ReplayBody(source);
    const readers = [new Reader(), new Reader()] as const;
    body.start(readers[0]);
    source.push(1);
    body.onBodyError(408);
    body.start(readers[1]);
    expect(readers.map(({ text, end }) => [text, end])).toEqual([
      ['a', 408],
      ['a', 408],
    ]);
  });

  it('has its length still when it was read', () => {
    const source = new Source(['abc']);
    const body = new ReplayBody(source);
    body.start(new Reader());
    source.push(2);
    expect([body.isPresent, body.length, body.isTaken, body.isFinished]).toEqual([true, 3, false, true]);
  });
});
