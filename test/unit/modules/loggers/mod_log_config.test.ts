import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../../../src/core/configuration.ts';
import type { Connection } from '../../../../src/core/connection.ts';
import { Request, type Transport } from '../../../../src/core/request.ts';
import { VirtualServer } from '../../../../src/core/virtual-server.ts';
import { HeaderFields } from '../../../../src/http/header-fields.ts';
import { type LogDefinition, mergeLogServer } from '../../../../src/modules/loggers/mod_log_config/conf.ts';
import { compileCookie } from '../../../../src/modules/loggers/mod_log_config/cookie.ts';
import { compileLogFormat } from '../../../../src/modules/loggers/mod_log_config/format.ts';
import { BUILT_IN_ITEMS } from '../../../../src/modules/loggers/mod_log_config/items.ts';
import { modLogio } from '../../../../src/modules/loggers/mod_logio.ts';

const connection: Connection = {
  id: 1,
  remoteAddr: '192.0.2.7',
  remotePort: 4711,
  localAddr: '192.0.2.1',
  localPort: 8080,
  baseServer: new VirtualServer(false, [], undefined),
  keepalives: 3,
  isTls: false,
  isAborted: false,
  logId: 'conn-log-id',
};

function makeRequest(change: (r: Request) => void = () => undefined): Request {
  const server = new VirtualServer(false, [], undefined);
  server.hostname = 'main.test';
  const headers = HeaderFields.from([
    ['X-In', 'a"b\\c\n\xe4'],
    ['X-Two', '1'],
    ['x-two', '2'],
    ['Cookie', 'a=1; B = two ;c="q"'],
  ]);
  const transport = { bytesRead: 100, bytesWritten: 2000 } as Transport;
  // 2026-11-23T12:36:05.123456Z
  const r = new Request({} as Configuration, connection, transport, server, headers, 1795437365123.456);
  r.requestLine = 'GET /a%20b?x="y" HTTP/1.1';
  r.uri = '/a b';
  r.args = 'x="y"';
  r.filename = '/srv/a b';
  r.bytesSent = 42;
  r.contentType = 'text/html; charset=utf-8';
  r.headersOut.set('Content-Length', '42');
  r.headersOut.append('Set-Cookie', 'c=3');
  r.errHeadersOut.append('Set-Cookie', 'e=1');
  r.env.set('VAR', 'v\t');
  r.notes.set('note', 'n');
  r.trailersIn = HeaderFields.from([['X-T', 'tr']]);
  r.logId = 'req-log-id';
  r.isKeepAlive = true;
  change(r);
  return r;
}

function line(text: string, r: Request = makeRequest()): string {
  const format = compileLogFormat(text, (name) => BUILT_IN_ITEMS.get(name));
  if (typeof format === 'string') throw new Error(format);
  return format.line(r.final, r);
}

describe('items', () => {
  it.each([
    ['%%', '%'],
    ['%a', '192.0.2.7'],
    ['%{c}a', '192.0.2.7'],
    ['%A', '192.0.2.1'],
    ['%b', '42'],
    ['%B', '42'],
    ['%{b}C', 'two'],
    ['%{c}C', '\\"q\\"'],
    ['%{none}C', '-'],
    ['%{VAR}e', 'v\\t'],
    ['%{NOPE}e', '-'],
    ['%f', '/srv/a b'],
    ['%h', '192.0.2.7'],
    ['%H', 'HTTP/1.1'],
    ['%{x-in}i', 'a\\"b\\\\c\\n\\xe4'],
    ['%{X-Two}i', '1, 2'],
    ['%{}i', '-'],
    ['%k', '3'],
    ['%l', '-'],
    ['%L', 'req-log-id'],
    ['%{c}L', 'conn-log-id'],
    ['%m', 'GET'],
    ['%{note}n', 'n'],
    ['%{Content-Type}o', 'text/html'],
    ['%{content-length}o', '42'],
    ['%{Set-Cookie}o', 'e=1, c=3'],
    ['%{Server}o', '-'],
    ['%p', '80'],
    ['%{Canonical}p', '80'],
    ['%{local}p', '8080'],
    ['%{remote}p', '4711'],
    ['%{what}p', 'what'],
    ['%P', String(process.pid)],
    ['%{pid}P', String(process.pid)],
    ['%{hextid}P', process.pid.toString(16)],
    ['%{what}P', 'what'],
    ['%q', '?x=\\"y\\"'],
    ['%r', 'GET /a%20b?x=\\"y\\" HTTP/1.1'],
    ['%R', '-'],
    ['%s', '200'],
    ['%{sec}t', '1795437365'],
    ['%{msec}t', '1795437365123'],
    ['%{begin:usec}t', '1795437365123456'],
    ['%{msec_frac}t', '123'],
    ['%{usec_frac}t', '123456'],
    ['%{%S sec}t', '05 sec'],
    ['%{foo}t', 'foo'],
    ['%{x}T', 'x'],
    ['%u', '-'],
    ['%U', '/a b'],
    ['%v', 'main.test'],
    ['%V', 'main.test'],
    ['%X', '+'],
    ['%{X-T}^ti', 'tr'],
    ['%{X-T}^to', '-'],
  ])('%s', (format, expected) => {
    const pid = typeof expected === 'string' && expected === String(process.pid);
    expect(line(format)).toBe(pid ? String(process.pid) : expected);
  });

  it.each([
    ['%t', /^\[\d\d\/Nov\/2026:\d\d:\d\d:05 [+-]\d{4}\]$/],
    ['%{end}t', /^\[\d\d\/\w{3}\/\d{4}:/],
    ['%{end:%Y}t', new RegExp(`^${new Date().getFullYear()}$`)],
  ])('%s is a time', (format, expected) => {
    expect(line(format)).toMatch(expected);
  });

  it.each([
    ['%D', 1_500_000, 60_000_000],
    ['%{us}T', 1_500_000, 60_000_000],
    ['%{ms}T', 1500, 60_000],
    ['%T', 1, 60],
  ])('%s counts from the request', (format, least, most) => {
    const r = makeRequest();
    Object.assign(r, { requestTime: performance.timeOrigin + performance.now() - 1500 });
    const value = Number(line(format, r));
    expect(value).toBeGreaterThanOrEqual(least);
    expect(value).toBeLessThan(most);
  });

  it('shows an empty user, and none for an empty answer', () => {
    const r = makeRequest((it) => {
      it.user = '';
      it.bytesSent = 0;
      it.args = undefined;
      it.isKeepAlive = false;
    });
    expect(line('%u %b %B|%q|%X', r)).toBe('"" - 0||-');
  });

  it('hides passwords of absolute URLs', () => {
    const r = makeRequest((it) => {
      it.requestLine = 'GET http://u:p$&w@h/ HTTP/1.1';
      it.absoluteUserInfo = 'u:p$&w';
    });
    expect(line('%r', r)).toBe('GET http://u:XXXXXXXX@h/ HTTP/1.1');
  });

  it('counts bytes on the wire (mod_logio)', () => {
    const items = modLogio.providers['log-item'] as Record<
      string,
      { compile(a: string): (r: Request) => string | undefined }
    >;
    const r = makeRequest();
    expect(['I', 'O', 'S', '^FB'].map((name) => items[name]?.compile('')(r))).toEqual([
      '100',
      '2000',
      '2100',
      undefined,
    ]);
  });
});

describe('modifiers', () => {
  function redirected(): Request {
    const first = makeRequest((r) => {
      r.user = 'first';
    });
    const second = makeRequest((r) => {
      r.status = 404;
      r.uri = '/err';
      r.user = 'second';
    });
    first.next = second;
    second.prev = first;
    return first;
  }
  it.each([
    ['%s %>s %<s', '200 404 200'],
    ['%U %>U', '/a b /err'],
    ['%u %<u', 'second first'],
    ['%404{note}n', 'n'],
    ['%200,404{note}n', 'n'],
    ['%200{note}n', '-'],
    ['%!404{note}n', '-'],
    ['%!200,304{note}n', 'n'],
    ['%404,!200s', '-'],
    ['%<>s', '404'],
    ['%,s', '200'],
  ])('%s', (format, expected) => {
    expect(line(format, redirected())).toBe(expected);
  });
});

describe('literal text', () => {
  it.each([
    ['a\\nb\\tc\\rd', 'a\nb\tc\rd'],
    ['\\\\ \\" \\q \\', '\\ " \\q \\'],
    ['common', 'common'],
    ['', ''],
  ])('%j', (format, expected) => {
    expect(line(format)).toBe(expected);
  });
});

describe('wrong formats, in the words of httpd', () => {
  it.each([
    ['%Z', 'Unrecognized LogFormat directive %Z'],
    ['%{x}Z', 'Unrecognized LogFormat directive %Z'],
    ['%^xx', 'Unrecognized LogFormat directive %^'],
    ['%', 'Ran off end of LogFormat parsing args to some directive'],
    ['a %{x', 'Ran off end of LogFormat parsing args to some directive'],
    ['%404', 'Ran off end of LogFormat parsing args to some directive'],
    ['%I', 'Unrecognized LogFormat directive %I'],
  ])('%s', (format, expected) => {
    expect(compileLogFormat(format, (name) => BUILT_IN_ITEMS.get(name))).toBe(expected);
  });
});

describe('compileCookie', () => {
  it.each([
    ['a=1; b=2', 'b', '2'],
    ['A = 1 ; b=2', 'a', '1'],
    ['==a=1', 'a', '1'],
    ['a=x=y', 'a', 'x=y'],
    ['a=', 'a', undefined],
    ['a', 'a', undefined],
    ['', 'a', undefined],
    ['=', '', undefined],
    [undefined, 'a', undefined],
    ['a=1; a=2', 'a', '1'],
  ])('%j %s', (field, name, expected) => {
    expect(compileCookie(name)(field)).toBe(expected);
  });
  it('takes long runs of blanks in linear time', () => {
    const field = `a${' '.repeat(500_000)}b=${' '.repeat(500_000)}c;x=${' '.repeat(500_000)}`;
    expect(compileCookie('x')(field)).toBe('');
  });
});

describe('virtual servers', () => {
  const log = (target: string, isGlobal = false): LogDefinition => ({
    target,
    format: 'f',
    condition: undefined,
    isGlobal,
    definedAt: { source: { name: 'x', text: '', includedFrom: undefined }, start: 0, end: 0 },
  });
  it.each<[string, LogDefinition[] | undefined, string[]]>([
    ['without logs writes the main ones', undefined, ['main', 'global']],
    ['with logs writes its own and the global ones', [log('own')], ['own', 'global']],
  ])('%s', (_name, own, expected) => {
    const base = { logs: [log('main'), log('global', true)] };
    const merged = mergeLogServer(base, own === undefined ? {} : { logs: own });
    expect(merged.logs?.map(({ target }) => target)).toEqual(expected);
  });
  it('add names to the main formats and replace the default one', () => {
    const base = {
      formats: new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
      defaultFormat: 'main',
    };
    const merged = mergeLogServer(base, { formats: new Map([['b', '3']]), defaultFormat: 'own' });
    expect([...(merged.formats ?? [])]).toEqual([
      ['a', '1'],
      ['b', '3'],
    ]);
    expect(merged.defaultFormat).toBe('own');
    expect(mergeLogServer(base, {}).defaultFormat).toBe('main');
  });
});
