import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { compressionOf } from '../../../../../src/modules/metadata/mod_mime_magic/uncompress.ts';

const directory = mkdtempSync(join(tmpdir(), 'uncompress-'));
afterAll(() => rmSync(directory, { recursive: true }));

function startOf(name: string, content: Buffer, size = 4096): Promise<Buffer> | undefined {
  const path = join(directory, name);
  writeFileSync(path, content);
  return compressionOf(content)?.start(path, size);
}

describe('gzip', () => {
  const random = randomBytes(100_000);
  const text = Buffer.from('hello '.repeat(100_000));
  it.each([
    ['a short text', Buffer.from('hello')],
    ['random bytes', random],
    ['a long text', text],
    ['nothing', Buffer.alloc(0)],
  ])('%s', async (_, content) => {
    expect(await startOf('whole', gzipSync(content))).toEqual(content.subarray(0, 4096));
  });
  it('that is cut off: as much as comes out', async () => {
    const start = await startOf('cut', gzipSync(random).subarray(0, 3000));
    expect(start?.length).toBeGreaterThan(2000);
    expect(start).toEqual(random.subarray(0, start?.length));
  });
  it('that is none has nothing in it', async () => {
    expect(await startOf('none', Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9]))).toEqual(
      Buffer.alloc(0),
    );
  });
  it('in two members', async () => {
    const both = Buffer.concat([gzipSync('one'), gzipSync('two')]);
    expect(await startOf('two', both)).toEqual(Buffer.from('onetwo'));
  });
  it('with something else behind it', async () => {
    const more = Buffer.concat([gzipSync('one'), Buffer.from(' and more')]);
    expect(await startOf('more', more)).toEqual(Buffer.from('one'));
  });
  it('of any bytes ends', async () => {
    const whole = gzipSync(random.subarray(0, 500));
    for (let at = 2; at < 40; at++) {
      const broken = Buffer.from(whole);
      broken[at] = 0xff;
      expect((await startOf('broken', broken))?.length).toBeLessThanOrEqual(4096);
    }
  });
  it('with a long header', async () => {
    const plain = gzipSync('behind');
    const header = Buffer.concat([plain.subarray(0, 3), Buffer.from([4]), plain.subarray(4, 10)]);
    const extra = Buffer.concat([Buffer.from([0xff, 0xff]), Buffer.alloc(0xffff)]);
    expect(await startOf('long', Buffer.concat([header, extra, plain.subarray(10)]))).toEqual(
      Buffer.from('behind'),
    );
  });
  it('of a file that is not there', async () => {
    expect(await compressionOf(gzipSync('x'))?.start(join(directory, 'gone'), 10)).toEqual(Buffer.alloc(0));
  });
});

/** What compress(1) makes of a short text, without its table of repetitions: codes of nine bits, the lowest first. */
function compressed(text: string): Buffer {
  const bits = [...text].flatMap((char) =>
    Array.from({ length: 9 }, (_, bit) => (char.charCodeAt(0) >> bit) & 1),
  );
  const bytes = Array.from({ length: Math.ceil(bits.length / 8) }, (_, at) =>
    bits.slice(at * 8, at * 8 + 8).reduce((byte, bit, place) => byte | (bit << place), 0),
  );
  return Buffer.from([0x1f, 0x9d, 0x90, ...bytes]);
}

describe('what the program gzip reads', () => {
  it('comes a few at a time, and all get their answer', async () => {
    // Not really packed: the program runs and has nothing to say.
    const packed = Buffer.from([0x1f, 0x1e, 0, 0, 0, 0]);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => startOf(`packed${i}`, packed)));
    expect(answers).toEqual(Array.from({ length: 12 }, () => Buffer.alloc(0)));
  });
  it('compress', async () => {
    expect(await startOf('plain.Z', compressed('hello hello hello'), 11)).toEqual(Buffer.from('hello hello'));
  });
});
