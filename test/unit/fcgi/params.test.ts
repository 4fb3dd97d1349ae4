import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeParams, encodeParam, encodeParams, SteadyParams } from '../../../src/fcgi/params.ts';

function decode(text: string): { pairs: [string, string][]; isWhole: boolean } {
  const pairs: [string, string][] = [];
  const isWhole = decodeParams(Buffer.from(text, 'latin1'), (name, value) => pairs.push([name, value]));
  return { pairs, isWhole };
}

const byteString = (max: number) =>
  fc.uint8Array({ maxLength: max }).map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('pairs', () => {
  it.each([
    ['A', 'b', '\x01\x01Ab'],
    ['', '', '\x00\x00'],
    ['N', 'v'.repeat(127), `\x01\x7fN${'v'.repeat(127)}`],
    ['N', 'v'.repeat(128), `\x01\x80\x00\x00\x80N${'v'.repeat(128)}`],
    ['n'.repeat(200), '\xff', `\x80\x00\x00\xc8\x01${'n'.repeat(200)}\xff`],
    ['N', 'v'.repeat(70_000), `\x01\x80\x01\x11\x70N${'v'.repeat(70_000)}`],
  ])('%.10s=%.10s', (name, value, encoded) => {
    expect(encodeParam(name, value)).toBe(encoded);
    expect(decode(encoded)).toEqual({ pairs: [[name, value]], isWhole: true });
  });

  it('come back as they went', () => {
    const pairs = fc.array(fc.tuple(byteString(300), byteString(300)));
    fc.assert(
      fc.property(pairs, fc.integer({ min: 65_000, max: 140_000 }), (some, length) => {
        const all: [string, string][] = [...some, ['BIG', '\xe9'.repeat(length)]];
        expect(decode(encodeParams(all))).toEqual({ pairs: all, isWhole: true });
      }),
      { numRuns: 50 },
    );
  });

  it('that end early are told from whole ones', () => {
    const encoded = encodeParams([['NAME', 'v'.repeat(200)]]);
    for (let length = 1; length < encoded.length; length++) {
      expect(decode(encoded.slice(0, length))).toEqual({ pairs: [], isWhole: false });
    }
  });

  it('of any bytes are read without failing', () => {
    fc.assert(
      fc.property(byteString(200), (bytes) => {
        const { pairs } = decode(bytes);
        expect(encodeParams(pairs).length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

describe('SteadyParams', () => {
  type Pair = { readonly a: string | undefined; readonly b: string };
  const made = new SteadyParams<Pair>([
    { name: 'A', of: ({ a }) => a },
    { name: 'B', of: ({ b }) => b },
  ]);

  it.each<[Pair, string]>([
    [{ a: '1', b: '2' }, '\x01\x01A1\x01\x01B2'],
    [{ a: '1', b: '2' }, '\x01\x01A1\x01\x01B2'],
    [{ a: undefined, b: '2' }, '\x01\x01B2'],
    [{ a: undefined, b: '' }, '\x01\x00B'],
    [{ a: '1', b: '2' }, '\x01\x01A1\x01\x01B2'],
  ])('%j after the one before it', (pair, expected) => {
    expect(made.encode(pair)).toBe(expected);
  });
});
