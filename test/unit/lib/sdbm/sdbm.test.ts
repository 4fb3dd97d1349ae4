import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSdbm } from '../../../../src/lib/sdbm/index.ts';

/** A page as sdbm writes it: offsets from the start, pairs from the end. */
function page(pairs: readonly (readonly [string, string])[]): Buffer {
  const bytes = Buffer.alloc(1024);
  let end = 1024;
  pairs.forEach(([key, value], index) => {
    end -= key.length;
    bytes.write(key, end, 'latin1');
    bytes.writeUInt16LE(end, 2 + 4 * index);
    end -= value.length;
    bytes.write(value, end, 'latin1');
    bytes.writeUInt16LE(end, 4 + 4 * index);
  });
  bytes.writeUInt16LE(2 * pairs.length, 0);
  return bytes;
}

describe('SDBM pages', () => {
  it('pairs of several pages, with a hole between', () => {
    const first = page([
      ['a', '1'],
      ['bb', ''],
    ]);
    const pages = Buffer.concat([first, Buffer.alloc(1024), page([['c', 'three']])]);
    expect(Object.fromEntries(parseSdbm(pages))).toEqual({ a: '1', bb: '', c: 'three' });
  });
  it('a page that is cut off says nothing', () => {
    expect(parseSdbm(page([['a', '1']]).subarray(0, 1000)).size).toBe(0);
  });
  it('takes any bytes', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), fc.array(byte, { maxLength: 40 }), (head, tail) => {
        const bytes = Buffer.alloc(1024);
        Buffer.from(head).copy(bytes);
        Buffer.from(tail).copy(bytes, 1024 - tail.length);
        for (const [key, value] of parseSdbm(bytes)) expect(key.length + value.length).toBeLessThan(1024);
      }),
    );
  });
});
