import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { GzipHeadReader } from '../../../../../src/modules/filters/mod_deflate/gzip-head.ts';

const head = (flags: number, optional: string): Buffer =>
  Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]), Buffer.from(optional, 'latin1')]);

describe('GzipHeadReader', () => {
  it.each([
    ['nothing', 0, ''],
    ['extra', 4, '\x02\0ab'],
    ['empty extra', 4, '\0\0'],
    ['name', 8, 'n\0'],
    ['comment', 16, 'c\0'],
    ['sum', 2, 'xy'],
    ['all', 30, '\x01\0an\0c\0xy'],
  ])('ends behind %s, however it is split', (_, flags, optional) => {
    const bytes = Buffer.concat([head(flags, optional), Buffer.from('data')]);
    const end = bytes.length - 4;
    for (let split = 0; split <= end; split++) {
      const reader = new GzipHeadReader();
      const first = reader.read(bytes.subarray(0, split));
      expect(first + (reader.isDone ? 0 : reader.read(bytes.subarray(split)))).toBe(end);
      expect(reader.isDone).toBe(true);
    }
  });

  it.each([
    ['AH01387', Buffer.from('no gzip at all')],
    ['AH01388', head(0xe0, '')],
  ])('%s', (tag, bytes) => {
    const reader = new GzipHeadReader();
    reader.read(bytes);
    expect(reader.failure?.tag).toBe(tag);
  });

  it('reads what zlib writes', () => {
    const reader = new GzipHeadReader();
    expect(reader.read(gzipSync('x'))).toBe(10);
  });
});
