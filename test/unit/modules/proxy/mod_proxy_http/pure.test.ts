import { describe, expect, it } from 'vitest';
import type { Request } from '../../../../../src/core/request.ts';
import { HeaderFields } from '../../../../../src/http/header-fields.ts';
import { ResponseHead } from '../../../../../src/http/response-head-parser.ts';
import { canonicalDate, takeHead } from '../../../../../src/modules/proxy/mod_proxy_http/response-fields.ts';
import type { ProxyDirConf } from '../../../../../src/modules/proxy/shared/config.ts';
import { requestHead, type Sending } from '../../../../../src/modules/proxy/shared/http-request-head.ts';
import { mapCookie } from '../../../../../src/modules/proxy/shared/reverse-map.ts';
import type { ProxyTarget } from '../../../../../src/modules/proxy/shared/scheme.ts';

interface Given {
  readonly fields?: readonly (readonly [string, string])[];
  readonly url?: string;
  readonly dir?: ProxyDirConf;
  readonly via?: 'block';
  readonly sending?: Partial<Sending>;
  readonly request?: Partial<Request>;
  readonly env?: Record<string, string>;
  readonly remote?: ProxyTarget['remote'];
}

function requestOf(given: Given): Request {
  return {
    method: 'GET',
    uri: '/x',
    headersIn: HeaderFields.from(given.fields ?? [['Host', 'outer.test']]),
    headersOut: new HeaderFields(),
    proxyRequest: 'reverse',
    protocolNumber: 1001,
    server: { hostname: 'proxy.test' },
    clientAddr: '192.0.2.1',
    connection: { remoteAddr: '192.0.2.1' },
    getEnv: (name: string) => given.env?.[name],
    ...given.request,
  } as unknown as Request;
}

function targetOf(given: Given): ProxyTarget {
  const server = given.via === undefined ? {} : { via: given.via };
  const url = given.url ?? 'http://inner.test:81/a?b';
  return { url, server, dir: given.dir ?? {}, remote: given.remote } as unknown as ProxyTarget;
}

const SENDING: Sending = {
  isHttp10: false,
  isKept: true,
  expects: false,
  length: undefined,
  isChunked: false,
  hasExtraLine: false,
  upgrade: undefined,
};

const FORWARDED = [
  'X-Forwarded-For: 192.0.2.1',
  'X-Forwarded-Host: outer.test',
  'X-Forwarded-Server: proxy.test',
];
const KEEP = 'Connection: Keep-Alive';

describe('the head of a request', () => {
  it.each<[string, Given, string[]]>([
    ['a plain one', {}, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', ...FORWARDED, KEEP]],
    ['no path', { url: 'http://h' }, ['GET / HTTP/1.1', 'Host: h', ...FORWARDED, KEEP]],
    ['IPv6', { url: 'http://[::1]:81/' }, ['GET / HTTP/1.1', 'Host: [::1]:81', ...FORWARDED, KEEP]],
    ['not kept', { sending: { isKept: false } }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', ...FORWARDED, 'Connection: close']],
    ['HTTP/1.0', { sending: { isHttp10: true } }, ['GET /a?b HTTP/1.0', 'Host: inner.test:81', ...FORWARDED]],
    ['an upgrade', { sending: { upgrade: 'x' } }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', ...FORWARDED, 'Connection: Upgrade', 'Upgrade: x']],
    ['a length', { sending: { length: '5' } }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', ...FORWARDED, 'Content-Length: 5', KEEP]],
    ['chunks', { sending: { isChunked: true } }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', ...FORWARDED, 'Transfer-Encoding: chunked', KEEP]],
    ['the client\'s host', { dir: { preservesHost: true } }, ['GET /a?b HTTP/1.1', 'Host: outer.test', ...FORWARDED, KEEP]],
    ['nothing added', { dir: { addsHeaders: false } }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', KEEP]],
    ['a forward proxy adds nothing', { request: { proxyRequest: 'forward' } }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', KEEP]],
    ['no Host', { fields: [] }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', FORWARDED[0] as string, FORWARDED[2] as string, KEEP]],
    [
      'fields of this hop',
      { fields: [['A', '1'], ['Keep-Alive', '1'], ['TE', 'x'], ['Trailer', 'x'], ['Upgrade', 'x'], ['Proxy-Connection', 'x'], ['Transfer-Encoding', 'chunked'], ['Content-Length', '3'], ['Expect', '100-continue'], ['B', '']] },
      ['GET /a?b HTTP/1.1', 'Host: inner.test:81', 'A: 1', 'B: ', FORWARDED[0] as string, FORWARDED[2] as string, KEEP],
    ],
    [
      'fields that Connection names, unless they are quoted',
      { fields: [['Connection', 'A;B, "C", @, X-Forwarded-For'], ['A', '1'], ['b', '2'], ['C', '3'], ['X-Forwarded-For', '9']] },
      ['GET /a?b HTTP/1.1', 'Host: inner.test:81', 'C: 3', FORWARDED[0] as string, FORWARDED[2] as string, KEEP],
    ],
    [
      'what was forwarded before',
      { fields: [['X-Forwarded-Host', 'h'], ['Host', 'outer.test'], ['X-Forwarded-For', '1'], ['X-Forwarded-Server', 's']] },
      ['GET /a?b HTTP/1.1', 'Host: inner.test:81', 'X-Forwarded-Host: h, outer.test', 'X-Forwarded-For: 1, 192.0.2.1', 'X-Forwarded-Server: s, proxy.test', KEEP],
    ],
    ['Via blocked', { via: 'block', fields: [['Via', '1.1 x']] }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', FORWARDED[0] as string, FORWARDED[2] as string, KEEP]],
    ['an expectation', { sending: { expects: true }, fields: [['Expect', '100-continue']] }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', 'Expect: 100-continue', FORWARDED[0] as string, FORWARDED[2] as string, KEEP]],
    ['a ping', { sending: { expects: true }, fields: [] }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', 'Expect: 100-Continue', FORWARDED[0] as string, FORWARDED[2] as string, KEEP]],
    ['credentials we asked for', { request: { user: 'u' }, fields: [['Proxy-Authorization', 'x']] }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', FORWARDED[0] as string, FORWARDED[2] as string, KEEP]],
    ['passed on all the same', { request: { user: 'u' }, env: { 'Proxy-Chain-Auth': '1' }, fields: [['Proxy-Authorization', 'x']] }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', 'Proxy-Authorization: x', FORWARDED[0] as string, FORWARDED[2] as string, KEEP]],
    ['a sub-request', { request: { main: {} as Request }, fields: [['If-None-Match', 'x'], ['If-Range', 'x']] }, ['GET /a?b HTTP/1.1', 'Host: inner.test:81', FORWARDED[0] as string, FORWARDED[2] as string, KEEP]],
    [
      'through another proxy',
      { request: { proxyRequest: 'forward' }, remote: { scheme: 'http', host: 'p', port: 3128, credentials: 'dTpw' } },
      ['GET http://inner.test:81/a?b HTTP/1.1', 'Host: inner.test:81', 'Proxy-Authorization: Basic dTpw', KEEP],
    ],
  ])('%s', (_name, given, lines) => {
    const head = requestHead(requestOf(given), targetOf(given), { ...SENDING, ...given.sending });
    expect(head).toBe(`${lines.join('\r\n')}\r\n\r\n`);
  }); // biome-ignore format: a table
});

function taken(
  status: number,
  line: string,
  fields: readonly (readonly [string, string])[],
  given: Given = {},
) {
  const r = requestOf({ env: {}, ...given });
  const head = new ResponseHead();
  head.status = status;
  head.statusLine = line;
  head.fields = HeaderFields.from(fields);
  takeHead(r, targetOf(given), head);
  return { r, fields: [...r.headersOut].map(([name, value]) => `${name}: ${value}`) };
}

describe('the fields of an answer', () => {
  it.each<[string, [string, string][], string[]]>([
    ['kept as they are', [['A', '1'], ['a', '2'], ['ETag', '"x"']], ['A: 1', 'a: 2', 'ETag: "x"']],
    ['of this hop', [['Connection', 'x'], ['Keep-Alive', 'x'], ['Proxy-Authenticate', 'x'], ['TE', 'x'], ['Trailer', 'x'], ['Upgrade', 'x'], ['Transfer-Encoding', 'chunked'], ['Proxy-Connection', 'x']], []],
    ['dates', [['Date', 'Sunday, 06-Nov-94 08:49:37 GMT'], ['Expires', '0'], ['Last-Modified', 'Sun Nov  6 08:49:37 1994']], ['Date: Sun, 06 Nov 1994 08:49:37 GMT', 'Expires: 0', 'Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT']],
    ['cookies come last', [['Set-Cookie', 'a'], ['A', '1'], ['set-cookie', 'b']], ['A: 1', 'Set-Cookie: a', 'set-cookie: b']],
    ['warnings of another date', [['Date', 'Sun, 06 Nov 1994 08:49:37 GMT'], ['Warning', '110 a "x" "Sun, 06 Nov 1994 08:49:37 GMT", 111 b "y" "Sun, 06 Nov 1994 08:49:38 GMT"'], ['Warning', '199 c "z"']], ['Date: Sun, 06 Nov 1994 08:49:37 GMT', 'Warning: 110 a "x" "Sun, 06 Nov 1994 08:49:37 GMT"', 'Warning: 199 c "z"']],
    ['warnings that are none', [['Warning', '199 - x, 110 b "y", "z", 19 a "x", 199 a x, 111 c "d'], ['Warning', '199']], ['Warning: 110 b "y"']],
    ['junk behind a warning', [['Warning', '199 a "x" foo, 110 b,c "y\\"z"'], ['Warning', '111 d "e" "Tue, 02']], ['Warning: 199 a "x"', 'Warning: 110 b,c "y\\"', 'Warning: 111 d "e"']],
    ['warnings with a date beside none', [['Warning', '199 a "x" "Tue, 02 Jan 2024 03:04:05 GMT", 110 b "y" "garbage"']], ['Warning: 110 b "y" "garbage"']],
  ])('%s', (_name, fields, expected) => expect(taken(200, '200 OK', fields).fields).toEqual(expected)); // biome-ignore format: a table

  it.each([
    [200, '200 OK', undefined],
    [404, '404 Nothing Here', '404 Nothing Here'],
    [200, '200 ', '200 '],
    [200, '200\tOK', undefined],
    [200, '200 O\x01K', undefined],
    [599, '599 ', '599 '],
    [999, '9999 x', undefined],
  ])('status %i, line %j', (status, line, expected) => {
    const { r } = taken(status, line, []);
    expect(r.status).toBe(status);
    expect(r.statusLine).toBe(expected);
  });

  it('a length without a body is dropped', () => {
    expect(taken(304, '304 No', [['Content-Length', '5']]).fields).toEqual([]);
    expect(taken(200, '200 OK', [['Content-Length', '5']]).fields).toEqual(['Content-Length: 5']);
  });

  it('HEAD is told of chunks', () => {
    const given: Given = { request: { headerOnly: true } };
    expect(taken(200, '200 OK', [['Transfer-Encoding', 'chunked']], given).fields).toEqual([
      'Transfer-Encoding: chunked',
    ]);
    expect(taken(304, '304 No', [['Transfer-Encoding', 'chunked']], given).fields).toEqual([]);
  });

  it('errors after which httpd does not go on say so', () => {
    expect(taken(500, '500 Oops', []).fields).toEqual(['Connection: close']);
    expect(taken(502, '502 Bad Gateway', []).fields).toEqual([]);
  });
});

describe('dates', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    ['Mon, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    ['never', 'never'],
    ['', ''],
  ])('%j', (text, expected) => expect(canonicalDate(text)).toBe(expected));
});

describe('cookies', () => {
  const dir: ProxyDirConf = {
    cookiePaths: [{ from: '/app/', to: '/base/', isInterpolated: false }],
    cookieDomains: [{ from: 'outer.test', to: 'inner.test', isInterpolated: false }],
  };
  it.each([
    ['a=1', 'a=1'],
    ['a=1; Path=/base/x', 'a=1; Path=/app/'],
    ['a=1; Path=/base', 'a=1; Path=/base'],
    ['a=1; path=/1; PATH=/base/2; x', 'a=1; path=/1; PATH=/app/; x'],
    ['a=1; xpath=/base/', 'a=1; xpath=/base/'],
    ['a=1; path="/base/"', 'a=1; path="/base/"'],
    ['path=/base/', 'path=/app/'],
    ['a=1;domain=INNER.test;path=/base/', 'a=1;domain=outer.test;path=/app/'],
    ['a=1; Domain=x.inner.test', 'a=1; Domain=x.inner.test'],
    ['a=1; path', 'a=1; path'],
    ['', ''],
  ])('%j becomes %j', (field, expected) => expect(mapCookie(requestOf({}), dir, field)).toBe(expected));
});
