import { describe, expect, it } from 'vitest';
import {
  findItem,
  isIgnored,
  makeDescription,
  makeItem,
  makePlainItem,
  mergeDir,
  Opt,
} from '../../../../src/modules/generators/mod_autoindex/conf.ts';
import { compareNatural } from '../../../../src/modules/generators/mod_autoindex/order.ts';
import { cutDescription } from '../../../../src/modules/generators/mod_autoindex/page.ts';
import { readQuery } from '../../../../src/modules/generators/mod_autoindex/query.ts';
import { argumentsOf } from '../../../../src/modules/generators/mod_cgi/index.ts';
import { formatBytes, formatUptime } from '../../../../src/modules/generators/mod_status/page.ts';

describe('natural order', () => {
  it.each([
    ['file9', 'file10', -1],
    ['file10', 'file9', 1],
    ['a', 'a', 0],
    ['a01', 'a1', -1],
    ['a1.10', 'a1.9', 1],
    ['a', 'b', -1],
    ['1 2', '12', -1],
  ])('%s and %s', (a, b, sign) => {
    expect(Math.sign(compareNatural(a, b))).toBe(sign);
  });
});

describe('lists of mod_autoindex', () => {
  const file = (filename: string, contentType?: string, contentEncoding?: string) => ({
    filename,
    contentType,
    contentEncoding,
  });
  const items = [
    makeItem('encoding', 'x-gzip', undefined, 'enc'),
    makeItem('type', 'text/*', undefined, 'type'),
    makeItem('path', '.bin', '/data/', 'bin'),
    makeItem('path', '^^DIRECTORY^^', undefined, 'dir'),
  ];
  it.each([
    [file('/x/a.txt', 'TEXT/plain'), 'type'],
    [file('/x/a.gz', 'text/plain', 'x-gzip'), 'enc'],
    [file('/data/a.bin'), 'bin'],
    [file('/x/a.bin'), undefined],
    [file('^^DIRECTORY^^'), 'dir'],
  ])('%j', (subject, value) => {
    expect(findItem(items, subject, false)).toBe(value);
  });

  it('ignores by base name below a path', () => {
    const ignored = [makePlainItem('*~', '/data/', ''), makePlainItem('secret', undefined, '')];
    expect(isIgnored(ignored, '/data/a~')).toBe(true);
    expect(isIgnored(ignored, '/x/a~')).toBe(false);
    expect(isIgnored(ignored, '/x/secret')).toBe(true);
    expect(isIgnored(ignored, '/x/secret2')).toBe(false);
  });

  it.each([
    ['a.txt', '/x/a.txt', true],
    ['a.txt', '/a.txt/b', false],
    ['*.bin', '/x/a.bin', true],
    ['dir/a', '/x/dir/a.txt', true],
    ['dir/a', '/x/other/a.txt', false],
  ])('AddDescription %s of %s: %s', (to, filename, matches) => {
    expect(makeDescription(to, 'd').matches(filename)).toBe(matches);
  });

  it.each([
    [{ options: Opt.fancy }, { added: Opt.table }, Opt.fancy | Opt.table],
    [{ options: Opt.fancy }, { removed: Opt.fancy }, 0],
    [{ options: Opt.fancy }, { options: Opt.table }, Opt.table],
    [{ options: Opt.fancy }, { options: Opt.none }, Opt.none],
    [{ options: Opt.none }, { added: Opt.table }, Opt.table],
  ])('options %j and %j', (base, add, expected) => {
    expect(mergeDir(base, add).options).toBe(expected);
  });
});

describe('what a listing is asked for', () => {
  it.each([
    ['C=S;O=D', 'S', false, ''],
    ['C=S&O=A&F=1', 'S', true, ';F=1'],
    ['F=2;V=1;P=*.txt', 'N', true, ';F=2;V=1;P=*.txt'],
    ['C=SX;O=D', 'N', true, ''],
    ['P=%2e%zz;C=M', 'M', true, ''],
    ['O=D;nonsense;C=M', 'N', false, ''],
  ])('%s', (args, key, isAscending, linkArgs) => {
    const { view } = readQuery({}, 0, args);
    expect(view.order.key).toBe(key);
    expect(view.order.isAscending).toBe(isAscending);
    expect(view.linkArgs).toBe(linkArgs);
  });

  it('is not asked when clients are ignored', () => {
    const { view } = readQuery({}, Opt.ignoreClient, 'C=S');
    expect(view.order.key).toBe('N');
    expect(view.options & Opt.suppressColumnSorting).not.toBe(0);
  });

  it.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long>'],
    ['<b>ab</b>cd', 3, '<b>ab</b>>'],
    ['a&amp;bc', 2, 'a&amp>'],
    ['open <tag', 20, 'open <tag'],
  ])('description %s in %d', (text, width, expected) => {
    const { view } = readQuery({ descriptionWidth: { isAdjusted: false, width } }, 0, undefined);
    expect(cutDescription(view, text, width)).toBe(expected);
  });
});

describe('CGI arguments', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['a=b', []],
    ['a+b%20c', ['a', 'b c']],
    ['a%00x', ['a']],
    ['a;b+$(c)', ['a\\;b', '\\$\\(c\\)']],
  ])('%s', (args, expected) => {
    expect(argumentsOf(args)).toEqual(expected);
  });
});

describe('server-status', () => {
  it.each([
    [0, ''],
    [1, ' 1 second'],
    [90_061, ' 1 day 1 hour 1 minute 1 second'],
    [7200, ' 2 hours'],
  ])('%d s are %j', (seconds, text) => {
    expect(formatUptime(seconds)).toBe(text);
  });
  it.each([
    [5119, '5119 B'],
    [5120, '5.0 kB'],
    [3 * 1024 * 1024, '3.0 MB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
