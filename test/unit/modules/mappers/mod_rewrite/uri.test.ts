import { describe, expect, it } from 'vitest';
import {
  absoluteUri,
  escapeAbsolute,
  replacePrefix,
} from '../../../../../src/modules/mappers/mod_rewrite/uri.ts';

describe('absoluteUri', () => {
  it.each([
    ['http://x/y', 7, true],
    ['HTTPS://x', 8, true],
    ['ftp://x', 6, false],
    ['mailto:x', 7, true],
    ['news:x', 5, false],
    ['unix:/x|fcgi://y', 5, true],
    ['unix://x', 7, true],
    ['balancer://x', 11, true],
    ['h2c://x', 6, true],
    ['wss://x', 6, true],
  ])('%s', (uri, length, hasQuery) => {
    expect(absoluteUri(uri)).toEqual({ length, hasQuery });
  });
  it.each(['', '/x', 'http:/x', 'foo://x', 'uwsgi://x', 'httpx://x', '//x'])('%j is none', (uri) => {
    expect(absoluteUri(uri)).toBeUndefined();
  });
});

describe('escapeAbsolute', () => {
  it.each([
    ['http://x/a b?c', 'http://x/a%20b%3fc'],
    ['http://a b/c d', 'http://a b/c%20d'],
    ['http://x', 'http://x'],
    ['http://x/', 'http://x/'],
    ['mailto:a b', 'mailto:a%20b'],
    ['ldap://h/o=a b?c d?sub?(x y)?e f?g', 'ldap://h/o=a%20b?c%20d?sub?(x%20y)?e%20f%3fg'],
    ['ldap://h/o=a b', 'ldap://h/o=a%20b'],
  ])('%s', (uri, escaped) => {
    const absolute = absoluteUri(uri);
    expect(absolute && escapeAbsolute(uri, absolute)).toBe(escaped);
  });
});

describe('replacePrefix', () => {
  it.each([
    ['/a/b/c', '/a/b/', '/x/', '/x/c'],
    ['/a/b/c', '/a/b', '/x', '/x/c'],
    ['/a/b/', '/a/b/', '/', '/'],
    ['/a/b/c', '/a/b/', '', 'c'],
    ['/a/bc', '/a/b/', '/x/', undefined],
    ['/a/b', '/a/b/', '/x/', undefined],
  ])('%s, %s: %s', (path, prefix, replacement, expected) => {
    expect(replacePrefix(path, prefix, replacement)).toBe(expected);
  });
});
