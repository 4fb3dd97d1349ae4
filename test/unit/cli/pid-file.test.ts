import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOtherProcess, readPidFile, removePidFile, writePidFile } from '../../../src/server/pid-file.ts';

let directory: string;
let file: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'pid-file-'));
  file = path.join(directory, 'server.pid');
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Contents that httpd takes for a number, and those it refuses to start over. */
describe('contents', () => {
  it.each([
    ['12\n', 12],
    ['12', 12],
    ['12x', 12],
    ['12 13', 12],
    ['0', 0],
  ])('%j is %i', (content, pid) => {
    writeFileSync(file, content);
    expect(readPidFile(file)).toEqual({ kind: 'pid', pid });
  });
  it.each(['', 'garbage', ' 12', '-5', '1'.repeat(40)])('%j is unusable', (content) => {
    writeFileSync(file, content);
    expect(readPidFile(file).kind).toBe('unusable');
  });
});

it('is absent where there is no file', () => {
  expect(readPidFile(path.join(directory, 'none'))).toEqual({ kind: 'none' });
  expect(readPidFile(path.join(directory, 'none/below'))).toEqual({ kind: 'none' });
});

it('never takes groups of processes, itself or dead processes for a server', () => {
  for (const pid of [0, -1, 4294967295, process.pid, 2147483646]) expect(isOtherProcess(pid)).toBe(false);
  expect(isOtherProcess(process.ppid)).toBe(true);
});

it('is written whole and removed by its own process only', () => {
  writePidFile(file, 4242);
  expect(readFileSync(file, 'latin1')).toBe('4242\n');
  expect(readdirSync(directory)).toEqual(['server.pid']);
  expect(removePidFile(file, 1)).toBe(false);
  expect(removePidFile(file, 4242)).toBe(true);
  expect(removePidFile(file, 4242)).toBe(false);
});
