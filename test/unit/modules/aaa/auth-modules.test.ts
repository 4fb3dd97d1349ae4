import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeQuotes } from '../../../../src/core/authentication.ts';
import { isInDomain } from '../../../../src/core/client-host.ts';
import { configLines, untilStop } from '../../../../src/core/line-file.ts';
import { EVERY_METHOD, MethodScope, methodScope } from '../../../../src/core/method-scope.ts';
import { mayPass, parseWho } from '../../../../src/modules/aaa/mod_access_compat.ts';
import { parseCredentials } from '../../../../src/modules/aaa/mod_auth_basic.ts';
import { parseUsers } from '../../../../src/modules/aaa/mod_authn_file.ts';
import { parseGroups } from '../../../../src/modules/aaa/mod_authz_groupfile.ts';

describe('MethodScope', () => {
  it.each([
    [['GET'], false, 'HEAD', true],
    [['HEAD'], false, 'GET', true],
    [['GET'], false, 'get', false],
    [['GET'], true, 'HEAD', false],
    [['GET'], true, 'FOO', true],
    [[], false, 'GET', false],
    [[], true, 'GET', true],
  ])('%j except %s: %s %s', (methods, except, method, expected) => {
    expect(new MethodScope(methods, except).includes(method)).toBe(expected);
  });

  it('or is a union', () => {
    const names = fc.array(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT'));
    const scopes = fc
      .record({ names, except: fc.boolean() })
      .map(({ names: n, except }) => new MethodScope(n, except));
    fc.assert(
      fc.property(scopes, scopes, fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'X'), (a, b, method) => {
        expect(a.or(b).includes(method)).toBe(a.includes(method) || b.includes(method));
      }),
    );
  });

  it('outside of Limit', () => {
    expect(methodScope({ limited: undefined, limitExcept: false })).toBe(EVERY_METHOD);
    expect(methodScope({ limited: new Set(['PUT']), limitExcept: false }).includes('GET')).toBe(false);
  });
});

describe('isInDomain', () => {
  it.each([
    ['example.org', 'example.org', true],
    ['example.org', 'www.example.org', true],
    ['example.org', 'badexample.org', false],
    ['.org', 'example.org', true],
    ['.example.org', 'example.org', false],
    ['EXAMPLE.org', 'www.example.ORG', true],
    ['www.example.org', 'example.org', false],
  ])('%s %s: %s', (domain, name, expected) => {
    expect(isInDomain(domain, name)).toBe(expected);
  });
});

describe('Allow and Deny', () => {
  it.each([
    ['all', { kind: 'all' }],
    ['ALL', { kind: 'all' }],
    ['env=X', { kind: 'env', name: 'X', isSet: true }],
    ['env=!X', { kind: 'env', name: 'X', isSet: false }],
    ['example.org', { kind: 'host', domain: 'example.org' }],
    ['x#y', 'No comments are allowed here'],
    ['#', 'No comments are allowed here'],
    ['foo/8', 'An IP address was expected'],
    ['10/8', 'The specified IP address is invalid.'],
    ['10.0.0.0/99', 'The specified network mask is invalid.'],
    ['1.2.3.4.5', 'The specified IP address is invalid.'],
    ['300.1.1.1', 'The specified IP address is invalid.'],
    ['127.0.0.1/', 'The specified network mask is invalid.'],
  ])('from %s', (word, expected) => {
    expect(parseWho(word)).toEqual(expected);
  });

  it.each(['10', '10.1.', '10.0.0.0/8', '::1', 'fe80::/10', '10.0.0.0/255.0.0.0'])(
    'from %s is a network',
    (word) => {
      expect(parseWho(word)).toMatchObject({ kind: 'ip' });
    },
  );

  it.each([
    ['deny,allow', false, false, true],
    ['deny,allow', false, true, false],
    ['deny,allow', true, true, true],
    ['allow,deny', false, false, false],
    ['allow,deny', true, false, true],
    ['allow,deny', true, true, false],
    ['mutual-failure', true, false, true],
    ['mutual-failure', true, true, false],
    ['mutual-failure', false, false, false],
  ] as const)('Order %s, allowed %s, denied %s: %s', (order, allowed, denied, expected) => {
    expect(mayPass(order, allowed, denied)).toBe(expected);
  });
});

describe('parseCredentials', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text, 'latin1').toString('base64')}`;
  it.each([
    [basic('m:pass'), { user: 'm', password: 'pass' }],
    [basic('m:pa:ss'), { user: 'm', password: 'pa:ss' }],
    [basic('m'), { user: 'm', password: '' }],
    [basic(':'), { user: '', password: '' }],
    [basic('\xe9:\xff'), { user: '\xe9', password: '\xff' }],
    [basic('m:pass\0more'), { user: 'm', password: 'pass' }],
    ['bAsIc   bTpwYXNz!xx', { user: 'm', password: 'pass' }],
    ['Basic bTpwYXM', { user: 'm', password: 'pas' }],
    ['Basic', { user: '', password: '' }],
    ['Basic\tbTpwYXNz', undefined],
    ['Bearer bTpwYXNz', undefined],
    ['', undefined],
  ])('%j', (field, expected) => {
    expect(parseCredentials(field)).toEqual(expected);
  });
  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCredentials(`Basic ${text}`)));
  });
});

describe('files of users and groups', () => {
  it('lines', () => {
    const text = '# c\n  a:b  \r\n\n\ta:c \\\n d\n#x\\\nhidden\nlast\\';
    expect([...configLines(text)]).toEqual(['a:b', 'a:c  d', 'last']);
  });

  it.each([
    ['a:b', 'a', 'b'],
    ['a::b', 'a', 'b'],
    ['a', 'a', ''],
    [':b', '', 'b'],
    ['', '', ''],
  ])('untilStop %j', (line, word, rest) => {
    expect(untilStop(line, ':')).toEqual([word, rest]);
  });

  it('users: the first line counts', () => {
    const { hashes, realmHashes } = parseUsers(['a:h1', 'a:h2', 'b:realm:h3', 'b:other:h4:rest']);
    expect([...hashes]).toEqual([
      ['a', 'h1'],
      ['b', 'realm'],
    ]);
    expect(realmHashes.get('b:realm')).toBe('h3');
    expect(realmHashes.get('b:other')).toBe('h4');
  });

  it('groups: names without case, members with quotes', () => {
    const groups = parseGroups(['One : a "b c"', 'two: a', 'one: d', 'empty']);
    expect([...(groups.get('a') ?? [])]).toEqual(['one', 'two']);
    expect([...(groups.get('b c') ?? [])]).toEqual(['one']);
    expect([...(groups.get('d') ?? [])]).toEqual(['one']);
    expect(groups.has('A')).toBe(false);
    // Of other letters than ASCII the case counts.
    expect([...(parseGroups(['\xc9quipe: a']).get('a') ?? [])]).toEqual(['\xc9quipe']);
  });
});

describe('escapeQuotes', () => {
  it.each([
    ['plain', 'plain'],
    ['a "b"', 'a \\"b\\"'],
    ['a \\"b', 'a \\"b'],
    ['a \\\\"b', 'a \\\\\\"b'],
    ['end\\', 'end\\'],
  ])('%j', (text, expected) => {
    expect(escapeQuotes(text)).toBe(expected);
  });
});
