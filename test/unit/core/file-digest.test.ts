import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CachedFile, cachedFile } from '../../../src/core/file-cache.ts';
import { digestOf } from '../../../src/core/file-digest.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'apache-lite-digests-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function made(name: string, content: Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  utimesSync(file, 1e9, 1e9);
  return file;
}
function opened(file: string): CachedFile {
  const found = cachedFile(file, statSync(file));
  if (typeof found === 'string') throw new Error(found);
  return found;
}
const expected = (content: Buffer, algorithm: string): string =>
  createHash(algorithm).update(content).digest('base64');

describe('digests of files', () => {
  test.each([0, 10, 256 * 1024, 256 * 1024 + 1, 1024 * 1024 + 7])('of %d bytes', async (size) => {
    const content = Buffer.alloc(size, 'abcdefg');
    const file = opened(made(`f${size}`, content));
    expect(await digestOf(file, 'md5')).toBe(expected(content, 'md5'));
    expect(await digestOf(file, 'sha1')).toBe(expected(content, 'sha1'));
    file.release();
  });

  test('a large file is read once, whoever asks, and nobody else waits for it', async () => {
    const content = Buffer.alloc(20 * 1024 * 1024, 'x');
    const name = made('large', content);
    await new Promise((resolve) => setTimeout(resolve, 80));
    let turns = 0;
    const turn = (): void => {
      turns++;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    const [one, other] = [opened(name), opened(name)];
    const first = digestOf(one, 'sha1');
    expect(digestOf(other, 'sha1')).toBe(first);
    expect(await first).toBe(expected(content, 'sha1'));
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(10);
    const later = opened(name);
    expect(digestOf(later, 'sha1')).toBe(expected(content, 'sha1'));
    for (const file of [one, other, later]) file.release();
  });

  test('a file that changes meanwhile has none', async () => {
    const name = made('changing', Buffer.alloc(300_000, 'x'));
    const file = opened(name);
    const digest = digestOf(file, 'md5');
    appendFileSync(name, 'more');
    expect(await digest).toBeUndefined();
    expect(await digestOf(file, 'md5')).toBeUndefined();
    rmSync(name);
    expect(await digestOf(file, 'md5')).toBeUndefined();
    file.release();
  });
});
