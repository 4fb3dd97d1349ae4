import { describe, expect, it } from 'vitest';
import { ReplayStart } from '../../../src/backend/replay-start.ts';

const of = (size: number): Buffer => Buffer.alloc(size, 'x');

describe('what is kept of a body', () => {
  it('is what was collected, and copied', () => {
    const start = new ReplayStart(10, true, false);
    const piece = Buffer.from('ab');
    expect(start.collect(piece)).toBe(true);
    piece.fill('?');
    expect(start.collect(Buffer.from('cdefghij'))).toBe(false);
    expect(start.bytes()?.toString()).toBe('abcdefghij');
    // A source that was told to wait may have had one more.
    start.collect(Buffer.from('k'));
    expect(start.bytes()?.toString()).toBe('abcdefghijk');
  });

  it('is nothing where nothing came', () => {
    expect(new ReplayStart(10, true, false).bytes()).toBeUndefined();
  });
});

describe('another attempt', () => {
  it.each<[string, boolean, boolean, boolean, boolean, boolean]>([
    // retriable, resets retried, fresh; after an orderly end, after a reset
    ['on a kept connection', true, false, false, true, true],
    ['on a fresh one', true, false, true, false, false],
    ['on a fresh one that was reset', true, true, true, false, true],
    ['of what may not be sent twice', false, true, false, false, false],
  ])('%s', (_what, isRetriable, isResetRetried, isFresh, afterEnd, afterReset) => {
    const start = new ReplayStart(10, isRetriable, isResetRetried);
    start.collect(of(3));
    start.sent(isFresh);
    expect([start.canRetry(false), start.canRetry(true)]).toEqual([afterEnd, afterReset]);
    expect(start.bytes()?.length).toBe(afterEnd || afterReset ? 3 : undefined);
  });

  it('is made once for a kept connection, five times for resets', () => {
    const start = new ReplayStart(10, true, true);
    start.sent(false);
    expect(start.canRetry(false)).toBe(true);
    for (let i = 0; i < 5; i++) {
      expect(start.canRetry(true)).toBe(true);
      start.retried();
      start.sent(true);
    }
    expect([start.canRetry(false), start.canRetry(true)]).toEqual([false, false]);
  });

  it('needs all that was sent, and no answer', () => {
    const start = new ReplayStart(10, true, false);
    start.sent(false);
    start.add(of(10));
    expect(start.canRetry(false)).toBe(true);
    start.add(of(1));
    expect([start.canRetry(false), start.bytes()]).toEqual([false, undefined]);
    const answered = new ReplayStart(10, true, false);
    answered.sent(false);
    answered.forget();
    expect(answered.canRetry(false)).toBe(false);
  });
});
