import { describe, expect, it } from 'vitest';
import { modDir } from '../../../../src/modules/mappers/mod_dir.ts';
import { applyText } from '../support.ts';

const confOf = (text: string) => modDir.dirOf(applyText(text).server.lookupDefaults);

describe('DirectoryIndex', () => {
  it.each([
    ['DirectoryIndex a b\nDirectoryIndex c', ['a', 'b', 'c']],
    ['DirectoryIndex a\nDirectoryIndex disabled', []],
    ['DirectoryIndex disabled a', ['disabled', 'a']],
    ['DirectoryIndex "with blank"', ['with blank']],
    ['DirectoryIndex', []],
  ])('%s', (text, names) => {
    expect(confOf(text).indexNames).toEqual(names);
  });
});

describe('DirectoryIndexRedirect', () => {
  it.each([
    ['on', 302],
    ['Off', 0],
    ['permanent', 301],
    ['seeother', 303],
    ['307', 307],
  ])('%s', (word, status) => {
    expect(confOf(`DirectoryIndexRedirect ${word}`).redirectStatus).toBe(status);
  });
  it.each([
    ['200', 'DirectoryIndexRedirect only accepts values between 300 and 399'],
    ['3x', 'DirectoryIndexRedirect only accepts values between 300 and 399'],
    ['foo', 'DirectoryIndexRedirect ON|OFF|permanent|temp|seeother|3xx'],
  ])('%s is refused', (word, error) => {
    expect(applyText(`DirectoryIndexRedirect ${word}`).errors).toEqual([error]);
  });
});
