import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configLines, ParsedFiles } from '../../../src/core/line-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'apache-lite-files-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('files that are looked at for every request', () => {
  test('a change counts at once, however soon after the one before, and whatever the size', () => {
    const file = path.join(folder, 'passwords');
    const files = new ParsedFiles((file) => ({ text: file.toString('latin1') }));
    for (let version = 100; version < 400; version++) {
      writeFileSync(file, `${version}`);
      expect(files.read(file)).toEqual({ text: `${version}` });
    }
  });
  test('what has settled is parsed once', async () => {
    const file = path.join(folder, 'settled');
    let parsed = 0;
    const files = new ParsedFiles((file) => ({ text: file.toString('latin1'), times: ++parsed }));
    writeFileSync(file, 'x');
    await new Promise((resolve) => setTimeout(resolve, 80));
    files.read(file);
    expect(files.read(file)).toEqual({ text: 'x', times: 1 });
  });
  test('what cannot be read', () => {
    const files = new ParsedFiles((file) => ({ text: file.toString('latin1') }));
    expect(files.read(path.join(folder, 'none'))).toBe('missing');
    expect(files.read('/dev/null')).toBe('other');
  });
  test('lines as httpd reads them', () => {
    expect([...configLines(' a\\\nb \n#c\n\n\td\xa0\n e\\')]).toEqual(['ab', 'd\xa0', 'e']);
  });
});
