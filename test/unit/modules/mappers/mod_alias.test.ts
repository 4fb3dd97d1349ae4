import { describe, expect, it } from 'vitest';
import { redirectStatus } from '../../../../src/modules/mappers/mod_alias/rows.ts';
import {
  aliasMatches,
  escapeTarget,
  isUrl,
  rootRelativeFile,
} from '../../../../src/modules/mappers/mod_alias/target.ts';
import { applyText } from '../support.ts';

describe('aliasMatches', () => {
  it.each([
    ['/a', '/a', 2],
    ['/a/b', '/a', 2],
    ['/ab', '/a', 0],
    ['/a', '/a/', 0],
    ['/a/', '/a/', 3],
    ['/a//b', '/a/', 4],
    ['//a/b', '/a', 3],
    ['/a/b', '//a', 2],
    ['/A', '/a', 0],
    ['/', '/', 1],
    ['/x', '/', 1],
    ['', '/a', 0],
  ])('%s under %s takes %i characters', (uri, fake, length) => {
    expect(aliasMatches(uri, fake)).toBe(length);
  });
});

describe('escapeTarget', () => {
  it.each([
    ['http://x.test/a b?q r#f g', 'http://x.test/a%20b?q r#f g'],
    ['http://x.test', 'http://x.test'],
    ['http://u:pw@x.test:80/a%20b?q#f', 'http://u:XXXXXXXX@x.test/a%2520b?q#f'],
    ['http://x.test:8080/', 'http://x.test:8080/'],
    ['https://x.test:443/', 'https://x.test/'],
    ['http://[::1]:80/', 'http://%5b::1%5d/'],
    ['/path with/blank?a=b c', '/path%20with/blank?a=b c'],
    ['//host/x', '//host/x'],
    ['', ''],
  ])('%s becomes %s', (target, escaped) => {
    expect(escapeTarget(target)).toBe(escaped);
  });
});

describe('rootRelativeFile', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['rel/x', '/srv/rel/x'],
    ['/a/../b//c/./d', '/b/c/d'],
    ['/a//', '/a/'],
    ['/../..', '/'],
    ['/a/.hidden', '/a/.hidden'],
  ])('%s is %s', (name, path) => {
    expect(rootRelativeFile('/srv', name)).toBe(path);
  });
});

describe('small parts', () => {
  it('tells URLs', () => {
    expect(['http://x', 'a:', ':x', '/x', 'foo', 'a/b:c', '2:x', '+a:x'].map(isUrl)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(['a2:x', 'a+b-c.d:x', 'a_b:x', '200:http://h/', '.:x', '-:x'].map(isUrl)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
  it('reads statuses', () => {
    expect(['permanent', 'GONE', '307', '3x', 'other'].map(redirectStatus)).toEqual([
      301,
      410,
      307,
      3,
      undefined,
    ]);
  });
});

/** httpd's answers to `apache2 -t`. */
describe('errors', () => {
  it.each([
    ['Alias /a', 'Alias must have two arguments when used globally'],
    ['Alias "" /x', 'Alias takes 1-2 arguments, a fakename and a realname, or a realname in a Location'],
    ['<Location /a>\nAlias /a /b\n</Location>', 'Alias cannot occur within directory context'],
    ['<Directory /a>\nAlias /x\n</Directory>', 'Alias cannot occur within <Directory> section'],
    ['<Files a>\nAlias /x\n</Files>', 'Alias cannot occur within <Files> section'],
    ['AliasMatch ( /b', 'Regular expression could not be compiled.'],
    ['Redirect /a', 'URL to redirect to is missing'],
    ['Redirect /a b', 'Redirect to non-URL'],
    ['Redirect 410 /a', undefined],
    ['Redirect 410 /a /b', 'Redirect URL not valid for this status'],
    ['Redirect permanent /a', 'URL to redirect to is missing'],
    ['Redirect foo /a /b', 'Redirect: invalid first argument (of three)'],
    ['Redirect 999 /a', undefined],
    ['<Location /a>\nRedirect http://x\n</Location>', undefined],
    ['<Location /a>\nRedirect 410\n</Location>', undefined],
    ['<Location /a>\nRedirect 301\n</Location>', 'URL to redirect to is missing'],
    ['<Location /a>\nRedirect 410 /foo\n</Location>', undefined],
    ['<Location /a>\nRedirect /foo /bar\n</Location>', undefined],
    ['RedirectMatch 410 a', undefined],
    [
      'RedirectMatch a',
      'RedirectMatch takes two or three arguments, an optional status, then a regular expression and destination URL',
    ],
    ['RedirectPermanent /a b', 'Redirect to non-URL'],
    ['RedirectRelative x', 'RedirectRelative must be On or Off'],
  ])('%s', (text, error) => {
    expect(applyText(text).errors[0]).toBe(error);
  });

  it.each([
    ['Alias /a /b\nAlias /a/b /c', 'The Alias directive in test.conf at line 2', 'an earlier Alias.'],
    ['AliasMatch ^/a /b\nScriptAlias /ab /c', 'The ScriptAlias directive', 'an earlier AliasMatch.'],
    ['ScriptAlias /a /b\nAlias /a/c /d', 'The Alias directive', 'an earlier ScriptAlias.'],
  ])('warns: %s', (text, who, earlier) => {
    const [warning] = applyText(text).warnings;
    expect(warning).toContain(who);
    expect(warning).toContain(earlier);
  });

  it('does not warn of prefixes that only look alike', () => {
    expect(applyText('Alias /a /b\nAlias /ab /c').warnings).toEqual([]);
  });
});
