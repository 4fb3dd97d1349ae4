import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gathered } from '../../../../../src/modules/filters/shared/gathered.ts';

describe('Gathered', () => {
  it('gives what it got, in pieces of any size, lent or not', () => {
    const sizes = fc.array(fc.tuple(fc.oneof(fc.nat(20), fc.nat(3000)), fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, (pieces) => {
        const gathered = new Gathered();
        const all: Buffer[] = [];
        for (const [index, [size, isLent]] of pieces.entries()) {
          const piece = Buffer.alloc(size, index + 1);
          all.push(Buffer.from(piece));
          gathered.add(piece, isLent);
          if (isLent) piece.fill(0);
        }
        expect(gathered.size).toBe(Buffer.concat(all).length);
        expect(gathered.take().equals(Buffer.concat(all))).toBe(true);
        expect(gathered.size).toBe(0);
        expect(gathered.take().length).toBe(0);
      }),
    );
  });
  it('keeps small pieces together', () => {
    const gathered = new Gathered();
    for (let i = 0; i < 100_000; i++) gathered.add(Buffer.of(i & 255), true);
    const pieces = gathered.takePieces();
    expect(pieces.length).toBeLessThan(20);
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(pieces.length);
    expect(Buffer.concat(pieces).every((byte, i) => byte === (i & 255))).toBe(true);
  });
  it('needs little more room than there is, in whatever order sizes come', () => {
    const gathered = new Gathered();
    for (let i = 0; i < 1000; i++) gathered.add(Buffer.alloc(i % 2 === 0 ? 1 : 1024), true);
    const pieces = gathered.takePieces();
    const room = [...new Set(pieces.map(({ buffer }) => buffer))].reduce(
      (sum, { byteLength }) => sum + byteLength,
      0,
    );
    expect(room).toBeLessThan(2 * 500 * 1025);
  });
});
