import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  compileBoolean,
  compileString,
  ExprEvaluationError,
  type ExprOptions,
} from '../../../src/expr/index.ts';
import { type Facts, fakeContext } from './fake-context.ts';

const textOf = (source: string, facts: Facts = {}, options: ExprOptions = {}): string => {
  const compiled = compileString(source, options);
  if (!compiled.ok) throw new Error(compiled.error.message);
  return compiled.expr.evaluate(fakeContext(facts));
};

const truthOf = (source: string, facts: Facts = {}): boolean | Promise<boolean> => {
  const compiled = compileBoolean(source);
  if (!compiled.ok) throw new Error(compiled.error.message);
  return compiled.expr.evaluate(fakeContext(facts));
};

const refusalOf = (source: string, options: ExprOptions = {}): string | undefined => {
  const compiled = compileBoolean(source, options);
  return compiled.ok ? undefined : compiled.error.message;
};

describe('strings, as httpd 2.4.71 gives them', () => {
  it.each([
    ['a%{HTTP_HOST}b', 'a127.0.0.1:21300b'],
    ['%{http:X-T}%{req_novary:x-t}', 'tttt'],
    ['%{toupper: a:{b}\\}}', ' A:{B}}'],
    ['%{base64:\\n}', 'Cg=='],
    ['%{unbase64:YWJjZA}', 'abcd'],
    ['%{unbase64:YW#Jj}', 'a'],
    ['%{unbase64:YQBi}', 'a'],
    ['%{unescape:a%20b%2Fc%41}', 'a b%2FcA'],
    ['%{md5:a}', '0cc175b9c0f1b6a831c399e269772661'],
    ['%{sha1:a}', '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'],
    ['%{ldap:a*(b)\\\\,c}', 'a\\2a\\28b\\29\\5c\\2cc'],
    ['%{reqenv:FROMSETENV}|%{env:FROMSETENVIF}|%{note:x}|%{resp:x}', 'fse|fsei||'],
    ['%{API_VERSION}', '20120211'],
  ])('%j is %j', (source, value) => {
    expect(textOf(source)).toBe(value);
  });

  it('escapes and hashes every byte as httpd does', () => {
    const bytes = Array.from({ length: 255 }, (_, at) => `\\${(at + 1).toString(8).padStart(3, '0')}`).join(
      '',
    );
    expect(textOf(`%{md5:${bytes}}`)).toBe('2a43f79ceb44831d96f6e456839744e4');
    expect(textOf(`%{escape:${bytes}}`).replace(/%[0-9a-f]{2}/g, '')).toBe(
      "!$&'()*+,-./0123456789:=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~",
    );
    expect(textOf(`%{ldap:${bytes}}`).replace(/\\[0-9a-f]{2}/g, '')).toBe(
      " !#$%&'-./0123456789:=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~",
    );
    expect(textOf('%{toupper:az\\351}')).toBe('AZ\xe9');
  });

  it.each([
    ['TIME', '20261123090507'],
    ['TIME_YEAR', '2026'],
    ['TIME_MON', '11'],
    ['TIME_DAY', '23'],
    ['TIME_HOUR', '09'],
    ['TIME_MIN', '05'],
    ['TIME_SEC', '07'],
    ['TIME_WDAY', '1'],
  ])('%%{%s} is local time', (name, value) => {
    expect(textOf(`%{${name}}`)).toBe(value);
  });

  it.each([
    'REQUEST_METHOD REQUEST_SCHEME REQUEST_URI DOCUMENT_URI REQUEST_FILENAME SCRIPT_FILENAME LAST_MODIFIED SCRIPT_USER',
    'SCRIPT_GROUP PATH_INFO QUERY_STRING IS_SUBREQ THE_REQUEST REMOTE_ADDR REMOTE_PORT REMOTE_HOST REMOTE_USER',
    'REMOTE_IDENT SERVER_NAME SERVER_PORT SERVER_ADMIN SERVER_PROTOCOL DOCUMENT_ROOT AUTH_TYPE CONTENT_TYPE HANDLER',
    'HTTP2 HTTPS IPV6 REQUEST_STATUS REQUEST_LOG_ID CONN_LOG_ID CONN_REMOTE_ADDR CONTEXT_PREFIX CONTEXT_DOCUMENT_ROOT',
    'SERVER_SOFTWARE',
  ])('asks the server for %s', (names) => {
    for (const name of names.split(' ')) {
      expect(textOf(`[%{${name.toLowerCase()}}]`, { variables: { [name]: 'v' } })).toBe('[v]');
      expect(textOf(`[%{${name}}]`, { variables: {} })).toBe('[]');
    }
  });

  it.each(['SERVER_ADDR', 'SERVER_PROTOCOL_VERSION', 'SSL_PROTOCOL', 'constructor'])('has no %s', (name) => {
    expect(refusalOf(`%{${name}} == ''`)).toBe(`Variable '${name}' does not exist`);
  });

  it('looks env() up in notes, then the request, then the process', () => {
    const notes = { A: 'note' };
    const environment = { A: 'request', B: 'request', PATH: 'request' };
    expect(textOf('%{env:A}|%{env:B}|%{env:PATH}', { notes, environment })).toBe('note|request|request');
    expect(textOf('%{env:PATH}|%{osenv:PATH}')).toBe(`${process.env.PATH}|${process.env.PATH}`);
    expect(textOf('%{osenv:toString}%{osenv:__proto__}')).toBe('');
  });

  it('knows what is constant', () => {
    const constants = ['abc', 'a%{TIME}'].map((source) => {
      const compiled = compileString(source);
      return compiled.ok ? compiled.expr.constant : 'refused';
    });
    expect(constants).toEqual(['abc', undefined]);
  });
});

describe('Vary', () => {
  it.each([
    ["%{HTTP:X-T} == 'tt'", ['X-T']],
    [
      "%{HTTP_HOST} == 'a' || %{HTTP_COOKIE} == 'b' || req('x-t') == 'c' || http('hOst') == ''",
      ['Cookie', 'x-t'],
    ],
    ["req_novary('X-T') == 'tt'", []],
    ["false && %{HTTP_COOKIE} == 'a'", []],
    ["%{HTTP_USER_AGENT}%{HTTP_ACCEPT} == ''", undefined],
    [
      "%{HTTP_USER_AGENT} . %{HTTP_ACCEPT} . %{HTTP_FORWARDED} . %{HTTP_PROXY_CONNECTION} . %{HTTP_REFERER} == ''",
      ['User-Agent', 'Accept', 'Forwarded', 'Proxy-Connection', 'Referer'],
    ],
  ])('of %j is %j', (source, headers) => {
    const compiled = compileBoolean(source);
    expect(compiled.ok).toBe(headers !== undefined);
    if (!compiled.ok) return;
    const context = fakeContext();
    void compiled.expr.evaluate(context);
    expect(context.varied).toEqual(headers);
  });
});

describe('Vary of a string expression', () => {
  it('is none (Header, Redirect and ErrorDocument measured)', () => {
    const compiled = compileString('%{HTTP:X-T}%{HTTP_COOKIE}');
    const context = fakeContext();
    expect(compiled.ok && compiled.expr.evaluate(context)).toBe('ttck=1');
    expect(context.varied).toEqual([]);
  });
});

describe('captures', () => {
  it('are the expression’s own unless shared', () => {
    const own = compileBoolean("'abc' =~ /(b)/ && $1 == 'b'");
    const shared = compileBoolean("'abc' =~ /(b)/", { captures: 'shared' });
    const after = compileString('$0-$1-$2', { captures: 'shared' });
    const alone = compileString('$0-$1-$2');
    if (!own.ok || !shared.ok || !after.ok || !alone.ok) throw new Error('refused');
    const context = fakeContext();
    expect(own.expr.evaluate(context)).toBe(true);
    expect(shared.expr.evaluate(context)).toBe(true);
    expect(after.expr.evaluate(context)).toBe('b-b-');
    expect(alone.expr.evaluate(context)).toBe('--');
  });
});

describe('sub-requests', () => {
  const later = (answer: boolean) => () => Promise.resolve(answer);
  it.each([
    ["-U '/a'", true],
    ["-A '/a' && true", true],
    ["!-U '/a'", false],
    ["!!-U '/a'", true],
    ["-F '/a' || -U '/a'", true],
    ["-F '/a' && -U '/a'", false],
    ["(-F '/a' || false) || (true && -U '/b' && 'x' == 'x')", true],
  ])('%s is %s, at once or later', async (source, answer) => {
    const compiled = compileBoolean(source);
    expect(compiled.ok && compiled.expr.mayWait).toBe(true);
    expect(truthOf(source, { uri: () => true, file: () => false })).toBe(answer);
    const waiting = truthOf(source, { uri: later(true), file: later(false) });
    expect(waiting).toBeInstanceOf(Promise);
    expect(await waiting).toBe(answer);
  });

  it('are not made where the answer stands already', () => {
    const uri = (): boolean => {
      throw new Error('asked');
    };
    expect(truthOf("false && -U '/a'", { uri })).toBe(false);
    expect(truthOf("true || -U '/a'", { uri })).toBe(true);
  });

  it('leave other expressions without promises', () => {
    const compiled = compileBoolean("%{TIME_HOUR} -gt 9 && -d '/tmp'");
    expect(compiled.ok && !compiled.expr.mayWait && compiled.expr.evaluate(fakeContext())).toBe(false);
  });
});

describe('-R', () => {
  it.each([
    ['192.168.0.0/16', '192.168.3.4', true],
    ['192.168.0.0/16', '192.169.3.4', false],
    ['10', '::ffff:10.1.1.1', true],
    ['2001:db8::/32', '2001:db8:1::9', true],
    ['2001:db8::/32', '10.1.1.1', false],
    ['10', 'unknown', false],
  ])('%s with client %s is %s', (subnet, clientAddress, answer) => {
    expect(truthOf(`-R '${subnet}'`, { clientAddress })).toBe(answer);
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'expr-'));
    writeFileSync(path.join(folder, 'nul'), 'ab\0cd');
    writeFileSync(path.join(folder, '\xe9'.normalize()), 'e');
    for (const [name, size] of [
      ['max', 10_485_760],
      ['over', 10_485_761],
    ] as const) {
      writeFileSync(path.join(folder, name), '');
      truncateSync(path.join(folder, name), size);
    }
    symlinkSync('nul', path.join(folder, 'link'));
    symlinkSync('nowhere', path.join(folder, 'dangling'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ["file('@/nul') == 'ab'", true],
    ["file('@/max') == ''", true],
    ["filesize('@/over') == '10485761'", true],
    ["-L '@/link' && -h '@/link' && -f '@/link' && -s '@/link'", true],
    ["-L '@/nul'", false],
    ["-L '@/dangling' && !-e '@/dangling'", true],
    ["-x '@/nul'", false],
    ["-d '@' && !-f '@' && !-s '@'", true],
    ["-f '@/\\303\\251'", true],
  ])('%s is %s', (source, answer) => {
    expect(truthOf(source.replaceAll('@', folder))).toBe(answer);
  });

  it.each([
    ["file('@/over') == ''", 'too large'],
    ["file('@') == ''", 'Cannot read from file'],
    ["file('@/none') == ''", 'Cannot open file'],
  ])('%s fails: %s', (source, message) => {
    const compiled = compileBoolean(source.replaceAll('@', folder));
    if (!compiled.ok) throw new Error(compiled.error.message);
    expect(() => compiled.expr.evaluate(fakeContext())).toThrow(ExprEvaluationError);
    expect(() => compiled.expr.evaluate(fakeContext())).toThrow(message);
  });
});

describe('restricted contexts', () => {
  it.each([
    ["file('/x') == ''", true, 'file not available in restricted context'],
    ["%{filesize:/x} == ''", true, 'filesize not available in restricted context'],
    ["-d '/tmp'", true, undefined],
    ["osenv('PATH') == ''", true, undefined],
    ["-d '/tmp'", 'include', '-d not available in restricted context'],
    ["file('/x') == ''", 'include', 'file not available in restricted context'],
    ["-U '/x'", 'include', undefined],
    ["-R '127'", 'include', undefined],
  ] as const)('%s restricted %s: %s', (source, restricted, message) => {
    expect(refusalOf(source, { restricted })).toBe(message);
  });
});

describe('what modules add', () => {
  const extensions = {
    variable: (name: string) => (name === 'SSL_PROTOCOL' ? () => 'TLSv1.3' : undefined),
    stringFunction: (name: string) =>
      name === 'twice' ? (_: unknown, text: string) => text + text : undefined,
    listFunction: (name: string) =>
      name === 'PeerExtList' ? (_: unknown, oid: string) => ['x', oid] : undefined,
    unaryOperator: (name: string) =>
      name === '-y' ? (_: unknown, text: string) => text === 'yes' : undefined,
    binaryOperator: (name: string) =>
      name === '-starts' ? (_: unknown, left: string, right: string) => left.startsWith(right) : undefined,
  };
  it.each([
    ["%{SSL_PROTOCOL} == 'TLSv1.3'", true],
    ["twice('ab') == 'abab'", true],
    ["'1.2' -in PeerExtList('1.2')", true],
    ["'1.3' -in PeerExtList('1.2')", false],
    ["-y 'yes'", true],
    ["'abc' -starts 'ab'", true],
  ])('%s is %s', (source, answer) => {
    const compiled = compileBoolean(source, { extensions });
    expect(compiled.ok && compiled.expr.evaluate(fakeContext())).toBe(answer);
  });
});

describe('errors', () => {
  it('say where a name or a regex is wrong', () => {
    const compiled = compileBoolean("'a' == foo('b') || 'x' =~ /a(/");
    expect(compiled).toMatchObject({
      ok: false,
      error: { message: 'Failed to compile regular expression', offset: 26, length: 4 },
    });
    expect(!compiled.ok && compiled.error.detail).toBeTruthy();
    expect(compileBoolean("'a' == foo('b')")).toMatchObject({ ok: false, error: { offset: 7, length: 8 } });
  });

  it('never escape as exceptions, and lie within the text', () => {
    const piece = fc.constantFrom(
      ...[
        "'a'",
        "'%{A}'",
        '%{HTTP_HOST}',
        '%{req:X-T}',
        "md5('a')",
        'foo(1)',
        '$1',
        '7',
        '.',
        '==',
        '-eq',
        '=~ /(a)/',
        '=~ /(/',
      ],
      ...[
        "-in {'a'}",
        '&&',
        '||',
        '!',
        '(',
        ')',
        'true',
        "-R '10'",
        '-R 10',
        "-ipmatch '1'",
        "-strmatch 'a*'",
        '-T',
        '-y',
        "'",
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, asString) => {
        const source = pieces.join(' ');
        const compiled = asString ? compileString(source) : compileBoolean(source);
        if (compiled.ok) {
          expect(typeof compiled.expr.evaluate(fakeContext())).toBe(asString ? 'string' : 'boolean');
          return;
        }
        const { message, offset, length } = compiled.error;
        expect(message).not.toBe('');
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset + length).toBeLessThanOrEqual(source.length);
      }),
      { numRuns: 3000 },
    );
  });
});
