/** The smaller parts: dates, entity tags, lists, escapes, hosts, targets, range framing, response heads. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ifRangeHolds, meetsConditions } from '../../../src/http/conditional.ts';
import { formatHttpDate, httpDateOf, parseHttpDate } from '../../../src/http/date.ts';
import { cannedErrorPage } from '../../../src/http/error-page.ts';
import {
  DEFAULT_ETAG,
  findEtagStrong,
  findEtagWeak,
  makeEtag,
  microsOf,
  withVariantList,
} from '../../../src/http/etag.ts';
import { HeaderFields } from '../../../src/http/header-fields.ts';
import { hasListItem, hasToken, listItems, parseParameters, tokens } from '../../../src/http/header-list.ts';
import { isBadHost, parseHost } from '../../../src/http/host.ts';
import {
  DEFAULT_RANGE_LIMITS,
  decideRanges,
  MULTIPART_BOUNDARY,
  MULTIPART_END,
  multipartLength,
  partHead,
} from '../../../src/http/range.ts';
import { statusLine } from '../../../src/http/reason-phrases.ts';
import { dateAndServer, findInvalidField, responseHead } from '../../../src/http/response-head.ts';
import {
  escapeHtml,
  escapeLogItem,
  escapePath,
  escapePathSegment,
  escapeUri,
  escapeUrlEncoded,
  normalizePath,
  parseTarget,
} from '../../../src/http/uri.ts';

describe('dates', () => {
  it.each([
    ['Tue, 05 Mar 2024 10:11:12 GMT', 1709633472],
    ['Tuesday, 05-Mar-24 10:11:12 GMT', 1709633472],
    ['Tue Mar  5 10:11:12 2024', 1709633472],
    ['Tue, 5 Mar 2024 10:11:12 GMT', 1709633472],
    ['  Tue, 05 Mar 2024 10:11:12 GMT', 1709633472],
    ['Xyz, 05 Mar 2024 10:11:12 GMT', 1709633472],
    ['Thursday, 01-Jan-70 00:00:01 GMT', 1],
    ['Thu, 29 Feb 2024 00:00:00 GMT', 1709164800],
    ['Wed, 29 Feb 2023 00:00:00 GMT', 0],
    ['Tue, 31 Apr 2024 00:00:00 GMT', 0],
    ['Tue, 00 Mar 2024 00:00:00 GMT', 0],
    ['Tue, 05 mar 2024 10:11:12 GMT', 0],
    ['Tue, 05 Mar 2024 24:11:12 GMT', 0],
    ['Tue, 05 Mar 1969 10:11:12 GMT', 0],
    ['Tue,', 0],
    ['', 0],
    ['1709633472', 0],
  ])('%s', (text, seconds) => {
    expect(parseHttpDate(text)).toBe(seconds);
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 253_402_300_799 }), (seconds) => {
        expect(parseHttpDate(formatHttpDate(seconds))).toBe(seconds);
        expect(httpDateOf(seconds * 1000 + 999)).toBe(new Date(seconds * 1000).toUTCString());
      }),
    );
  });
});

describe('entity tags', () => {
  // Recorded with FileETag of each kind on files of httpd's.
  const file = { inode: 2146809, size: 100, mtimeMicros: microsOf(1709633472123456789n) };
  const now = 1_795_437_903_000_000;
  it.each([
    [DEFAULT_ETAG, '"64-612e70fcd5240"'],
    [{ inode: true, mtime: true, size: true }, '"20c1f9-64-612e70fcd5240"'],
    [{ inode: true, mtime: true, size: false }, '"20c1f9-612e70fcd5240"'],
    [{ inode: true, mtime: false, size: true }, '"20c1f9-64"'],
    [{ inode: false, mtime: false, size: true }, '"64"'],
    [{ inode: false, mtime: false, size: false }, undefined],
  ])('%o', (parts, etag) => {
    expect(makeEtag(parts, file, now)).toBe(etag);
  });

  it('are weak for a second after a change', () => {
    const mtimeMicros = now - 1_000_000;
    expect(makeEtag(DEFAULT_ETAG, { ...file, mtimeMicros }, now)).toMatch(/^W\//);
    expect(makeEtag(DEFAULT_ETAG, { ...file, mtimeMicros }, now + 1)).toMatch(/^"/);
    expect(makeEtag(DEFAULT_ETAG, { ...file, mtimeMicros: now + 5 }, now)).toMatch(/^W\//);
  });

  it('write times before 1970 as 64 bits', () => {
    const early = { inode: 1, size: 6, mtimeMicros: microsOf(-315619200000000000n) };
    expect(makeEtag(DEFAULT_ETAG, early, now)).toBe('"6-fffee0f22db32000"');
  });

  it('take a variant list', () => {
    expect(withVariantList('"64-6"', '"a-b"')).toBe('"64-6;a-b');
    expect(withVariantList('W/"64-6"', 'W/"a"')).toBe('W/"64-6;a');
  });

  it.each([
    ['"a"', '"a"', true, true],
    ['W/"a"', '"a"', false, true],
    ['"a"', 'W/"a"', false, true],
    ['W/"a"', 'W/"a"', false, true],
    ['"b", "a"', '"a"', true, true],
    ['"b","a"', '"a"', true, true],
    ['"b, a"', '"a"', false, false],
    ['"x,", "a"', '"a"', true, true],
    ['b "a"', '"a"', false, false],
    ['"A"', '"a"', false, false],
    ['', '"a"', false, false],
  ])('%s has %s', (list, etag, strong, weak) => {
    expect([findEtagStrong(list, etag), findEtagWeak(list, etag)]).toEqual([strong, weak]);
  });
});

describe('conditions on what is young or not got', () => {
  const modified = 1_795_000_000;
  const etag = '"a"';
  const date = (seconds: number) => formatHttpDate(seconds);
  const ask = (...pairs: [string, string][]) => HeaderFields.from(pairs);
  it.each([
    // method, age of the representation, fields, answer; recorded with a file five seconds old
    [true, 5, [['If-Modified-Since', date(modified)]], 304],
    [
      true,
      5,
      [
        ['If-Modified-Since', date(modified)],
        ['Range', 'bytes=0-1'],
      ],
      0,
    ],
    [true, 5, [['If-Unmodified-Since', date(modified - 10)]], 412],
    [
      true,
      5,
      [
        ['If-Unmodified-Since', date(modified - 10)],
        ['Range', 'bytes=0-1'],
      ],
      0,
    ],
    [
      true,
      60,
      [
        ['If-Modified-Since', date(modified)],
        ['Range', 'bytes=0-1'],
      ],
      304,
    ],
    [
      true,
      60,
      [
        ['If-None-Match', 'W/"a"'],
        ['Range', 'bytes=0-1'],
      ],
      0,
    ],
    [false, 60, [['If-None-Match', '"a"']], 412],
    [false, 60, [['If-None-Match', '*']], 412],
    [false, 60, [['If-None-Match', 'W/"a"']], 0],
    [false, 60, [['If-Match', '"b"']], 412],
    [false, 60, [['If-Modified-Since', date(modified)]], 0],
  ] as [boolean, number, [string, string][], number][])(
    'GET %s, age %i, %j',
    (isGet, age, fields, answer) => {
      expect(meetsConditions(ask(...fields), { etag, modified, now: modified + age }, isGet)).toBe(answer);
    },
  );

  it.each([
    ['"a"', 100, true],
    ['W/"a"', 100, false],
    ['"b"', 100, false],
    [date(modified), 100, true],
    [date(modified), 5, false],
    [date(modified - 1), 100, false],
    [date(modified + 1), 100, false],
    ['junk', 100, false],
    ['', 100, false],
  ])('If-Range: %s at age %i', (field, age, holds) => {
    const fields = ask(['If-Range', field], ['Range', 'bytes=0-1']);
    expect(ifRangeHolds(fields, { etag, modified, now: modified + age })).toBe(holds);
  });

  it('without entity tag only "*" matches', () => {
    const validators = { etag: undefined, modified, now: modified + 100 };
    expect(meetsConditions(ask(['If-None-Match', '*']), validators, true)).toBe(304);
    expect(meetsConditions(ask(['If-None-Match', '"a"']), validators, true)).toBe(0);
    expect(meetsConditions(ask(['If-Match', '"a"']), validators, true)).toBe(412);
    expect(meetsConditions(ask(['If-Match', '*']), validators, true)).toBe(0);
  });
});

describe('ranges', () => {
  const field = fc
    .array(
      fc.oneof(
        fc.tuple(fc.nat(120), fc.nat(120)).map(([start, end]) => `${start}-${end}`),
        fc.nat(120).map((start) => `${start}-`),
        fc.nat(120).map((suffix) => `-${suffix}`),
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map((specs) => `bytes=${specs.join(',')}`);

  it('lie within the representation and cover what was asked for', () => {
    fc.assert(
      fc.property(field, fc.integer({ min: 1, max: 110 }), (text, length) => {
        const decision = decideRanges(text, length, DEFAULT_RANGE_LIMITS);
        if (typeof decision === 'string') return;
        const covered = new Set<number>();
        let sum = 0;
        for (const range of decision) {
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.end).toBeLessThan(length);
          expect(range.start).toBeLessThanOrEqual(range.end);
          for (let at = range.start; at <= range.end; at++) covered.add(at);
          sum += range.end - range.start + 1;
        }
        expect(sum).toBeLessThanOrEqual(length);
        for (const spec of text.slice(6).split(',')) {
          const [from, to] = spec.split('-') as [string, string];
          const start = from === '' ? Math.max(0, length - Number(to)) : Number(from);
          const end = from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1);
          for (let at = start; at <= end; at++) expect(covered.has(at)).toBe(true);
        }
      }),
    );
  });

  it('are framed as httpd frames them', () => {
    expect(MULTIPART_BOUNDARY).toMatch(/^[0-9a-f]{16}$/);
    const ranges = [
      { start: 0, end: 1 },
      { start: 5, end: 6 },
    ];
    const body = `${partHead({ start: 0, end: 1 }, 100, 'text/plain')}ab${partHead({ start: 5, end: 6 }, 100, 'text/plain')}fg${MULTIPART_END}`;
    expect(body.replaceAll(MULTIPART_BOUNDARY, 'B')).toBe(
      '\r\n--B\r\nContent-type: text/plain\r\nContent-range: bytes 0-1/100\r\n\r\nab' +
        '\r\n--B\r\nContent-type: text/plain\r\nContent-range: bytes 5-6/100\r\n\r\nfg\r\n--B--\r\n',
    );
    // The length httpd sent with this very answer.
    expect(multipartLength(ranges, 100, 'text/plain')).toBe(188);
    expect(body.length).toBe(188);
    expect(partHead({ start: 0, end: 1 }, 9, undefined)).not.toContain('Content-type');
  });
});

describe('lists', () => {
  it.each([
    ['keep-alive', 'keep-alive', true],
    ['Keep-Alive, Upgrade', 'upgrade', true],
    ['close', 'clos', false],
    ['clos', 'close', true],
    ['k, C', 'close', true],
    ['clo\xe9e', 'close', true],
    ['loss', 'close', false],
    [', ;', 'close', false],
    ['xclose', 'close', false],
    ['a;close', 'close', true],
    ['', 'close', false],
    [undefined, 'close', false],
  ])('%s has the token %s', (value, token, has) => {
    expect(hasToken(value, token)).toBe(has);
  });

  it.each([
    ['a, b', 'b', true],
    ['a,B', 'b', true],
    ['"a, b"', 'b', false],
    ['a b', 'b', false],
    ['"\\"", b', 'b', true],
    [undefined, 'b', false],
  ])('%s has the item %s', (value, item, has) => {
    expect(hasListItem(value, item)).toBe(has);
  });

  it('are taken apart', () => {
    expect(listItems(' a , "b,c" ,, d;e="f,g"')).toEqual(['a', '"b,c"', 'd;e="f,g"']);
    expect(tokens('Keep-Alive,  X-Foo ,')).toEqual(['keep-alive', 'x-foo']);
    const { value, parameters } = parseParameters('text/html; Charset="ut\\"f-8" ;q=0.5; flag; q=1');
    expect([value, [...parameters]]).toEqual([
      'text/html',
      [
        ['charset', 'ut"f-8'],
        ['q', '0.5'],
        ['flag', ''],
      ],
    ]);
  });
});

describe('escapes', () => {
  it.each([
    [escapeHtml, `<a href="x">&'`, `&lt;a href=&quot;x&quot;&gt;&amp;'`],
    [escapeUri, '/d"<>^`{|}[]\\#?x', '/d%22%3c%3e%5e%60%7b%7c%7d%5b%5d%5c%23%3fx'],
    [escapeUri, "/d$-_.+!*'(),:;@&=~x/", "/d$-_.+!*'(),:;@&=~x/"],
    [escapeUri, '/d\xc3\xa9 %\0', '/d%c3%a9%20%25%00'],
    [escapePath, 'a:b/c', './a:b/c'],
    [escapePath, '/a:b', '/a:b'],
    [escapePath, 'a/b:c d', 'a/b:c%20d'],
    [escapePathSegment, 'a/b;c:d', 'a%2fb%3bc:d'],
    [escapeUrlEncoded, 'a b&c=é~*', 'a+b%26c%3d%e9%7e*'],
    [escapeLogItem, 'a"b\\c\n\r\t\v\b\x01\x7f\xe9', 'a\\"b\\\\c\\n\\r\\t\\v\\b\\x01\\x7f\\xe9'],
  ])('%o(%j)', (escaping, text, escaped) => {
    expect(escaping(text)).toBe(escaped);
  });

  it('leave what needs none alone, and write numeric references on request', () => {
    expect(escapeHtml('a\xe9<', true)).toBe('a&#233;&lt;');
    const plain = '/path/to/page.html';
    expect(normalizePath(plain, { mergeSlashes: true, decodeUnreserved: true })).toEqual({
      path: plain,
      valid: true,
    });
  });
});

describe('hosts', () => {
  it.each([
    ['Example.COM.', true, { hostname: 'example.com', isV6Literal: false, port: undefined }],
    ['a:8080', true, { hostname: 'a', isV6Literal: false, port: 8080 }],
    ['[2001:DB8::1]:443', true, { hostname: '2001:db8::1', isV6Literal: true, port: 443 }],
    ['a@b:x', false, { hostname: 'a@b:x', isV6Literal: false, port: undefined }],
  ])('%s', (value, strict, host) => {
    expect(parseHost(value, strict)).toEqual(host);
    expect(parseHost(value, strict)).toEqual(host);
  });

  it('what is refused once is refused again', () => {
    expect(isBadHost(parseHost('a..b', true))).toBe(true);
    expect(isBadHost(parseHost('a..b', true))).toBe(true);
    // Unsafe checking must not vouch for a name under Strict.
    expect(isBadHost(parseHost('a@b', false))).toBe(false);
    expect(isBadHost(parseHost('a@b', true))).toBe(true);
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.boolean(), (value, strict) => {
        const host = parseHost(value, strict);
        if (!isBadHost(host) && strict && !host.isV6Literal) expect(host.hostname).toMatch(/^[-_.a-z0-9]+$/);
      }),
    );
  });
});

describe('targets', () => {
  it.each([
    ['/a?b#c', { path: '/a', query: 'b', fragment: 'c' }],
    ['/a?', { path: '/a', query: '' }],
    ['?a', { path: '/', query: 'a' }],
    ['//x//y', { path: '/x//y' }],
    [
      'http://u:p@H:80/p?q',
      { scheme: 'http', userInfo: 'u:p', hostname: 'H', hostPort: 'H:80', port: 80, path: '/p', query: 'q' },
    ],
    ['http://[::1]:8/', { scheme: 'http', hostname: '::1', hostPort: '[::1]:8', port: 8, path: '/' }],
    ['http://x', { scheme: 'http', hostname: 'x', hostPort: 'x', path: '/' }],
    ['http:f', { scheme: 'http', path: 'f' }],
    ['http://x:9z/', null],
    ['http://[::1/', null],
    [':x', null],
  ])('%s', (target, parts) => {
    const uri = parseTarget(target, 'GET');
    const given =
      uri === null ? null : Object.fromEntries(Object.entries(uri).filter(([, part]) => part !== undefined));
    expect(given).toEqual(parts);
  });
});

describe('responses', () => {
  it('are built in httpd’s order', () => {
    const fields = HeaderFields.from([
      ['ETag', '"a"'],
      ['Set-Cookie', 'a'],
      ['Set-Cookie', 'b'],
    ]);
    const leading = dateAndServer(1709633472_500, 'Apache');
    expect(responseHead(200, leading, fields)).toBe(
      'HTTP/1.1 200 OK\r\nDate: Tue, 05 Mar 2024 10:11:12 GMT\r\nServer: Apache\r\nETag: "a"\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n',
    );
    expect(responseHead(404, '', new HeaderFields(), '404 Nothing Here')).toBe(
      'HTTP/1.1 404 Nothing Here\r\n\r\n',
    );
    expect(responseHead(599, '', new HeaderFields())).toBe('HTTP/1.1 500 Internal Server Error\r\n\r\n');
    expect(dateAndServer(1709633473_000, '')).toBe('Date: Tue, 05 Mar 2024 10:11:13 GMT\r\n');
  });

  it.each([
    ['A', 'b\tc\xe9', undefined],
    ['A', '', undefined],
    ['A B', 'c', 'AH02429'],
    ['', 'c', 'AH02428'],
    ['A:', 'c', 'AH02429'],
    ['A', 'b\r\nC: d', 'AH02430'],
    ['A', 'b\0', 'AH02430'],
    ['A', 'ā', 'AH02430'],
  ])('%j: %j', (name, value, number) => {
    expect(
      findInvalidField(
        HeaderFields.from([
          ['Ok', 'x'],
          [name, value],
        ]),
      )?.number,
    ).toBe(number);
  });
});

describe('statuses', () => {
  it('have httpd’s names', () => {
    expect(statusLine(413)).toBe('413 Request Entity Too Large');
    expect(statusLine(416)).toBe('416 Requested Range Not Satisfiable');
    expect([599, 7, 999, 5500].map(statusLine)).toEqual(Array(4).fill('500 Internal Server Error'));
  });

  it('have pages with signature, notes and a second error', () => {
    const signature = '<hr>\n<address>Apache/2.4.71 (Debian) Server at h.example Port 80</address>\n';
    const page = cannedErrorPage({ status: 403, method: 'GET', uri: '/', secondStatus: 404, signature });
    expect(page).toContain(
      "<p>You don't have permission to access this resource.</p>\n<p>Additionally, a 404 Not Found\nerror was encountered while trying to use an ErrorDocument to handle the request.</p>\n<hr>\n<address>",
    );
    const notes = 'Size of a request header field exceeds server limit.';
    expect(cannedErrorPage({ status: 400, method: 'GET', uri: '/', notes })).toContain(
      `could not understand.<br />\n${notes}</p>\n</body>`,
    );
    expect(cannedErrorPage({ status: 501, method: 'F<O', uri: '/' })).toContain('<p>F&lt;O not supported');
    expect(cannedErrorPage({ status: 417, method: 'GET', uri: '/', expect: 'x<' })).toContain(
      '<p>The expectation given in the Expect request-header\nfield could not be met by this server.\nThe client sent<pre>\n    Expect: x&lt;\n</pre>\n</p><p>Only',
    );
    expect(
      cannedErrorPage({ status: 404, statusLine: '404 Nothing <Here', method: 'GET', uri: '/' }),
    ).toContain('<title>404 Nothing &lt;Here</title>\n</head><body>\n<h1>Nothing &lt;Here</h1>');
    expect(
      cannedErrorPage({ status: 500, method: 'GET', uri: '/', notes: 'why', verboseNotes: true }),
    ).toContain('<h1>Internal Server Error</h1>\nwhy<p />\n</body>');
    expect(cannedErrorPage({ status: 500, method: 'GET', uri: '/', notes: 'why' })).not.toContain('why');
    expect(cannedErrorPage({ status: 304, method: 'GET', uri: '/' })).toBe('');
  });
});
