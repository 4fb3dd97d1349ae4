import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../../../../src/core/configuration.ts';
import { Problems } from '../../../../../src/diagnostics/problem.ts';
import { modPhpDirectives } from '../../../../../src/modules/proxy/mod_php_directives/index.ts';
import { phpParams, quoteValue } from '../../../../../src/modules/proxy/mod_php_directives/parameters.ts';
import {
  defaultOf,
  isSystemOnly,
  nameFault,
  USUAL_NAMES,
} from '../../../../../src/modules/proxy/mod_php_directives/settings.ts';
import { applyText } from '../../support.ts';

const invalid = (name: string): string =>
  `Invalid command '${name}', perhaps misspelled or defined by a module not included in the server configuration`;

describe('what is refused', () => {
  it.each([
    ['php_value memory_limit 1M', invalid('php_value')],
    ['php_flag log_errors on', invalid('php_flag')],
    ['php_admin_value memory_limit 1M', invalid('php_admin_value')],
    ['php_admin_flag log_errors on', invalid('php_admin_flag')],
    ['PHPINIDir /etc/php', invalid('PHPINIDir')],
    ['PHPDirectives refuse\nphp_value memory_limit 1M', invalid('php_value')],
    ['PHPDirectives fcgi\nphp_value memory_limit', 'php_value takes two arguments, PHP Value Modifier'],
    ['PHPDirectives', "PHPDirectives must be 'fcgi' or 'refuse'"],
    ['PHPDirectives on', "PHPDirectives must be 'fcgi' or 'refuse'"],
    ['PHPDirectives refuse memory_limit', "PHPDirectives: no names may follow 'refuse'"],
    ['PHPDirectives fcgi on', 'PHPDirectives: "on" is no name of a PHP setting'],
    ['PHPDirectives fcgi\nphp_value "a b" 1', 'php_value: "a b" is no name of a PHP setting'],
    ['PHPDirectives fcgi\nphp_value null 1', 'php_value: "null" is no name of a PHP setting'],
    [
      'PHPDirectives fcgi xdebug.mode',
      `PHPDirectives: PHP's own value of xdebug.mode is not known, which requests that do not set it need: write xdebug.mode=value behind "PHPDirectives fcgi"`,
    ],
    [
      'PHPDirectives fcgi\nphp_admin_value disable_functions exec',
      "php_admin_value: disable_functions would hold for every later request of the PHP process too: it has its place in php.ini or the pool's configuration",
    ],
  ])('%s', (text, message) => {
    expect(applyText(text).errors).toEqual([message]);
  });
});

it('a setting whose own value nobody knows is refused where it stands', () => {
  const text =
    'PHPDirectives fcgi\n<Directory />\nphp_value memory_limit 1M\nphp_value xdebug.mode 1\n</Directory>\n';
  const { server } = applyText(text);
  const problems = new Problems();
  const configuration = { main: server, virtualServers: [], problems } as unknown as Configuration;
  modPhpDirectives.postConfig?.(configuration);
  expect(problems.list).toMatchObject([
    { code: 'AH00526', span: { start: text.indexOf('php_value xdebug'), source: { name: 'test.conf' } } },
  ]);
});

describe('what is accepted', () => {
  it.each([
    'PHPDirectives fcgi\nphp_value memory_limit 1M\nphp_flag log_errors maybe',
    'php_value memory_limit 1M\nPHPDirectives FCGI',
    'PHPDirectives fcgi xdebug.mode=off opcache.enable',
    'PHPDirectives fcgi\n<Directory />\nphp_admin_flag log_errors on\n</Directory>',
    'PHPDirectives fcgi\nphp_flag engine off\nphp_flag register_globals off',
    'PHPDirectives refuse',
  ])('%s', (text) => {
    expect(applyText(text).errors).toEqual([]);
  });
});

describe('values as PHP reads them', () => {
  it.each([
    ['', ''],
    ['1M', "'1M'"],
    ['a b;c # d', "'a b;c # d'"],
    ['${HOME}', "'${HOME}'"],
    ['a\\', "'a\\'"],
    ["it's", `'it'"'"'s'`],
    ["'", `"'"`],
    ["''", `"'""'"`],
    ['a"b', `'a"b'`],
  ])('%s', (value, quoted) => {
    expect(quoteValue(value)).toBe(quoted);
  });
});

describe('what a request carries', () => {
  const resettable = new Map([
    ['memory_limit', '128M'],
    ['user_agent', ''],
    ['precision', '14'],
  ]);
  it('says something of every name', () => {
    const values = new Map([
      ['user_agent', { value: 'x', isAdmin: false }],
      ['precision', { value: '3', isAdmin: true }],
      ['not.known', { value: '1', isAdmin: false }],
    ]);
    expect(phpParams(values, resettable).pairs).toEqual([
      ['memory_limit', '128M'],
      ['PHP_VALUE', "memory_limit=${memory_limit}\nuser_agent='x'"],
      ['PHP_ADMIN_VALUE', "precision='3'"],
    ]);
  });
  it('ends with what SetEnv puts there', () => {
    const added = { value: 'a=1', admin: 'b=2' };
    expect(phpParams(undefined, new Map([['user_agent', '']]), added).pairs).toEqual([
      ['PHP_VALUE', 'user_agent=${user_agent}\na=1'],
      ['PHP_ADMIN_VALUE', 'b=2'],
    ]);
  });
});

describe('merging', () => {
  const value = (text: string, isAdmin = false) => new Map([['precision', { value: text, isAdmin }]]);
  it.each([
    ['newer wins', value('1'), value('2'), '2'],
    ['not over an administrator', value('1', true), value('2'), '1'],
    ['an administrator over all', value('1', true), value('2', true), '2'],
    ['an administrator over others', value('1'), value('2', true), '2'],
  ])('%s', (_, base, add, wanted) => {
    const merged = modPhpDirectives.mergeDir?.({ values: base }, { values: add }) as { values: typeof base };
    expect(merged.values.get('precision')?.value).toBe(wanted);
  });
});

describe('the table of settings', () => {
  it('knows the usual names, none of them for the system only', () => {
    for (const name of USUAL_NAMES) {
      expect([name, defaultOf(name) !== undefined, isSystemOnly(name), nameFault(name)]).toEqual([
        name,
        true,
        false,
        undefined,
      ]);
    }
  });
  it('knows what only the system may change', () => {
    expect([isSystemOnly('allow_url_include'), defaultOf('sendmail_path')]).toEqual([
      true,
      '/usr/sbin/sendmail -t -i',
    ]);
  });
});
