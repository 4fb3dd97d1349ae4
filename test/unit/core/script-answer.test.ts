import { describe, expect, it } from 'vitest';
import { ScriptHeadParser } from '../../../src/cgi/script-headers.ts';
import type { Configuration } from '../../../src/core/configuration.ts';
import type { Connection } from '../../../src/core/connection.ts';
import { Request, type Transport } from '../../../src/core/request.ts';
import { applyScriptHead } from '../../../src/core/script-answer.ts';
import { VirtualServer } from '../../../src/core/virtual-server.ts';
import { HeaderFields } from '../../../src/http/header-fields.ts';

const server = new VirtualServer(false, [], undefined);
const NOW = Date.UTC(2026, 0, 1);
const PAST = 'Mon, 01 Jan 2024 00:00:00 GMT';

function requestWith(fields: readonly (readonly [string, string])[] = []): Request {
  return new Request(
    {} as Configuration,
    {} as Connection,
    {} as Transport,
    server,
    HeaderFields.from(fields),
    NOW,
  );
}

function apply(r: Request, ...lines: string[]): ReturnType<typeof applyScriptHead> {
  const parser = new ScriptHeadParser({ end: 'lines' });
  parser.push(Buffer.from(`${lines.join('\n')}\n\n`));
  return applyScriptHead(r, parser.head);
}

describe('status', () => {
  it.each<[string, number, string | undefined, string | undefined]>([
    ['200', 200, '200', undefined],
    ['404 Nope', 404, '404 Nope', undefined],
    ['400', 400, '400', 'close'],
    ['403 ', 403, '403 ', undefined],
    ['503 Later', 503, '503 Later', 'close'],
    ['502 Gate', 502, '502 Gate', undefined],
    ['banana', 500, undefined, undefined],
  ])('%s', (written, status, statusLine, connection) => {
    const r = requestWith();
    apply(r, `Status: ${written}`);
    expect([r.status, r.statusLine, r.headersOut.get('connection')]).toEqual([
      status,
      statusLine,
      connection,
    ]);
  });
});

describe('fields', () => {
  it('of the answer itself stand with its own, all others with those of errors', () => {
    const r = requestWith();
    apply(r, 'Server: mine', 'ETag: "x"', 'X-A: 1', 'x-a: 2', 'Set-Cookie: a', 'Set-Cookie: b');
    expect([...r.headersOut]).toEqual([
      ['ETag', '"x"'],
      ['Server', 'mine'],
    ]);
    expect([...r.errHeadersOut]).toEqual([
      ['X-A', '1, 2'],
      ['Set-Cookie', 'a'],
      ['Set-Cookie', 'b'],
    ]);
  });
  it('that frame the body are not passed on', () => {
    const r = requestWith();
    expect(apply(r, 'Content-Length: 5', 'Transfer-Encoding: chunked').length).toBeUndefined();
    expect([...r.headersOut]).toEqual([]);
  });
  it.each([
    ['5', 5],
    ['-5', undefined],
    ['5x', undefined],
    ['9999999999999999', undefined],
  ])('Content-Length %s where it is trusted', (written, length) => {
    const r = requestWith();
    r.env.set('ap_trust_cgilike_cl', '1');
    expect(apply(r, `Content-Length: ${written}`).length).toBe(length);
  });
  it.each([
    [PAST, PAST],
    ['Fri, 01 Jan 2100 00:00:00 GMT', 'Thu, 01 Jan 2026 00:00:00 GMT'],
    ['yesterday', undefined],
  ])('Last-Modified: %s', (written, sent) => {
    const r = requestWith();
    apply(r, `Last-Modified: ${written}`);
    expect(r.headersOut.get('last-modified')).toBe(sent);
  });
});

describe('conditions', () => {
  it.each<[string, string, string[], 0 | 304 | 412]>([
    ['If-None-Match', '"x"', ['ETag: "x"'], 304],
    ['If-None-Match', '"y"', ['ETag: "x"'], 0],
    ['If-None-Match', '"x"', ['Status: 200 Fine', 'ETag: "x"'], 0],
    ['If-Modified-Since', PAST, [`Last-Modified: ${PAST}`], 304],
    ['If-Modified-Since', PAST, ['X-A: 1'], 0],
    ['If-Unmodified-Since', 'Sun, 31 Dec 2023 00:00:00 GMT', [`Last-Modified: ${PAST}`], 412],
  ])('%s: %s and %j: %i', (name, value, lines, condition) => {
    expect(apply(requestWith([[name, value]]), ...lines).condition).toBe(condition);
  });
  it('are not asked of what no GET asked for, nor of error documents', () => {
    const post = requestWith([['If-None-Match', '"x"']]);
    post.method = 'POST';
    expect(apply(post, 'ETag: "x"').condition).toBe(0);
    const document = requestWith([['If-None-Match', '"x"']]);
    document.noLocalCopy = true;
    expect(apply(document, 'ETag: "x"').condition).toBe(0);
  });
});
