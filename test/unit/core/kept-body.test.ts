import { describe, expect, it } from 'vitest';
import { BufferedBody } from '../../../src/core/kept-body.ts';

function collector(accepts = true) {
  const seen = { text: '', isEnded: false };
  return {
    seen,
    onBody: (chunk: Buffer) => {
      seen.text += chunk.toString();
      return accepts;
    },
    onBodyEnd: () => {
      seen.isEnded = true;
    },
    onBodyError: () => {
      throw new Error('no error can be');
    },
  };
}

describe('BufferedBody', () => {
  it('is given to each who asks', () => {
    const body = new BufferedBody(Buffer.from('text'));
    expect([body.isPresent, body.length, body.isFinished]).toEqual([true, 4, false]);
    for (let i = 0; i < 2; i++) {
      const reader = collector();
      body.start(reader);
      expect(reader.seen).toEqual({ text: 'text', isEnded: true });
    }
    expect(body.isFinished).toBe(true);
  });
  it('waits for a reader that pauses', () => {
    const body = new BufferedBody(Buffer.from('text'));
    const reader = collector(false);
    body.start(reader);
    expect(reader.seen.isEnded).toBe(false);
    body.resume();
    expect(reader.seen.isEnded).toBe(true);
  });
  it('is no body when it is empty', () => {
    const body = new BufferedBody(Buffer.alloc(0));
    const reader = collector();
    body.start(reader);
    expect([body.isPresent, body.isFinished, reader.seen.isEnded]).toEqual([false, true, true]);
  });
});
