import { describe, expect, it } from 'vitest';
import type { Request } from '../../../../src/core/request.ts';
import { HeaderFields } from '../../../../src/http/header-fields.ts';
import { hasListItem, runEntriesNow } from '../../../../src/modules/metadata/mod_headers/actions.ts';
import { compileFormat } from '../../../../src/modules/metadata/mod_headers/format.ts';
import { mergeDir, modHeaders } from '../../../../src/modules/metadata/mod_headers/index.ts';
import { applyText } from '../support.ts';

/** The part of a request that headers without conditions on it look at. */
function fakeRequest(env: Record<string, string> = {}): Request {
  const notes = new Map<string, string>();
  const request = {
    getEnv: (name: string) => env[name],
    notes,
    contentType: 'text/plain',
    requestTime: 1000.5,
    configuration: { providers: { find: () => undefined } },
  };
  return Object.assign(request, { headersIn: HeaderFields.from([['X-In', '1']]) }) as unknown as Request;
}

function run(
  config: string,
  fields: [string, string][],
  env: Record<string, string> = {},
): [string, string][] {
  const applied = applyText(config);
  expect(applied.errors).toEqual([]);
  const table = HeaderFields.from(fields);
  runEntriesNow(fakeRequest(env), table, modHeaders.dirOf(applied.server.lookupDefaults).onSuccess ?? []);
  return [...table];
}

describe('actions', () => {
  it.each<[string, [string, string][], [string, string][]]>([
    [
      'Header set X 1',
      [
        ['x', '0'],
        ['X', '2'],
      ],
      [['x', '1']],
    ],
    [
      'Header add X 1',
      [['X', '0']],
      [
        ['X', '0'],
        ['X', '1'],
      ],
    ],
    ['Header append X 1', [['X', '0']], [['X', '0, 1']]],
    ['Header merge X b', [['X', 'a, b']], [['X', 'a, b']]],
    ['Header merge X b', [['X', 'a, "b"']], [['X', 'a, "b", b']]],
    ['Header setifempty X 1', [['X', '0']], [['X', '0']]],
    [
      'Header unset X',
      [
        ['X', '0'],
        ['Y', '1'],
        ['X', '2'],
      ],
      [['Y', '1']],
    ],
    ['Header echo ^x-', [], []],
    ['Header echo ^X-', [], [['X-In', '1']]],
    [
      'Header edit X a b',
      [
        ['X', 'aa'],
        ['Y', 'y'],
        ['X', 'c'],
      ],
      [
        ['Y', 'y'],
        ['X', 'ba'],
        ['X', 'c'],
      ],
    ],
    ['Header edit* X a b', [['X', 'aca']], [['X', 'bcb']]],
    ['Header edit* X ^ -', [['X', 'ab']], [['X', '-a-b-']]],
    ['Header edit X (.) $1$1', [['X', 'ab']], [['X', 'aab']]],
    ['Header edit X nope b', [['X', 'ab']], [['X', 'ab']]],
    ['Header set X: 1', [], [['X', '1']]],
  ])('%s', (config, before, after) => {
    expect(run(config, before)).toEqual(after);
  });

  it.each<[string, Record<string, string>, number]>([
    ['env=A', { A: '' }, 1],
    ['env=A', {}, 0],
    ['env=!A', {}, 1],
    ['env=!A', { A: '1' }, 0],
  ])('condition %s with %o', (condition, env, count) => {
    expect(run(`Header set X 1 ${condition}`, [], env)).toHaveLength(count);
  });

  it('keeps the lists apart and in order', () => {
    const confOf = (text: string) => modHeaders.dirOf(applyText(text).server.lookupDefaults);
    const base = confOf('Header set A 1\nHeader always set B 1\nRequestHeader set C 1 early');
    const merged = mergeDir(base, confOf('Header set D 1\nRequestHeader set E 1'));
    const names = Object.fromEntries(
      Object.entries(merged).map(([list, entries]) => [
        list,
        entries.map((one: { header: string }) => one.header),
      ]),
    );
    expect(names).toEqual({ onSuccess: ['A', 'D'], always: ['B'], earlyRequest: ['C'], request: ['E'] });
  });
});

describe('hasListItem', () => {
  it.each([
    ['a, b', 'b', true],
    ['a, bc', 'b', false],
    ['"a, b", c', 'b"', false],
    ['"a, b", c', '"a, b"', true],
    ['"unclosed, b', 'b', false],
    ['a ,b', 'a', false],
    ['', '', false],
  ])('%s has %s: %s', (list, item, expected) => {
    expect(hasListItem(list, item)).toBe(expected);
  });
});

describe('compileFormat', () => {
  it.each([
    ['plain', 'plain'],
    ['100%', '100%'],
    ['%%x', '%x'],
    ['a\\tb\\\\c\\d', 'a\tb\\c\\d'],
    ['%{V}e', 'value'],
    ['%{L}e', 'two lines'],
    ['%{N}e', '(null)'],
    ['%{N}s', '(null)'],
    ['%t', 't=1000500'],
    ['[%{V}e]%%', '[value]%'],
  ])('%s: %s', (text, expected) => {
    const compiled = compileFormat(text, false);
    const value =
      'format' in compiled ? compiled.format(fakeRequest({ V: 'value', L: 'two\nlines' })) : compiled.error;
    expect(value).toBe(expected);
  });
});

/** httpd's answers to `apache2 -t`. */
const BAD_ACTION =
  "first argument must be 'add', 'set', 'setifempty', 'append', 'merge', 'unset', 'echo', 'note', 'edit', or 'edit*'.";
describe('errors', () => {
  it.each([
    ['Header', BAD_ACTION],
    ['Header foo X', BAD_ACTION],
    ['Header always', BAD_ACTION],
    ['RequestHeader always set X y', BAD_ACTION],
    ['Header set', 'Header requires three arguments'],
    ['Header set X', 'Header requires three arguments'],
    ['Header set X a b', 'Unknown parameter: b'],
    ['Header set X a early b', 'Too many arguments to directive'],
    [
      'Header set X a env=',
      'error: missing environment variable name. envclause should be in the form env=envar ',
    ],
    ['Header set X a expr=', "Can't parse envclause/expression: syntax error, unexpected $end"],
    ['Header unset X y', 'Unknown parameter: y'],
    ['Header unset X y env=z', 'header unset takes two arguments'],
    ['Header echo (', 'Header echo regex could not be compiled'],
    ['Header edit X a', 'Header edit requires a match and a substitution'],
    ['Header edit X ( b', 'Header edit regex could not be compiled'],
    ['Header edit X a b c d', 'Header has too many arguments'],
    ['Header set X %x', 'Unrecognized header format %x'],
    ['Header set X "%{foo"', 'Unrecognized header format %'],
    ['RequestHeader echo X', 'Header echo only valid on Header directives'],
    ['RequestHeader note X y', "RequestHeader does not support the 'note' action"],
  ])('%s', (text, error) => {
    expect(applyText(text).errors).toEqual([error]);
  });
});
