import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeVariables, MAX_BLOCK } from '../../../../../src/modules/proxy/mod_proxy_uwsgi/encode.ts';
import { MAX_LINE, UwsgiHeadParser } from '../../../../../src/modules/proxy/mod_proxy_uwsgi/head-parser.ts';
import {
  decodeUrl,
  pathInfoOf,
  scriptNameOf,
  uwsgiVariables,
} from '../../../../../src/modules/proxy/mod_proxy_uwsgi/variables.ts';
import '../../../../support/properties.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What a parser makes of a stream that comes in pieces and then ends. */
function parse(text: string, cuts: readonly number[] = []): unknown {
  const stream = bytes(text);
  const parser = new UwsgiHeadParser();
  let body = '';
  let from = 0;
  for (const cut of [...cuts, stream.length]) {
    const piece = Buffer.from(stream.subarray(from, cut));
    from = cut;
    if (parser.state === 'done') body += piece.toString('latin1');
    else if (parser.state === 'reading' && parser.push(piece) === 'done')
      body += parser.rest?.toString('latin1') ?? '';
  }
  if (parser.finish() === 'failed') return parser.failure;
  const { status, statusLine, fields } = parser.head;
  return { status, statusLine, fields: fields.join('|'), body };
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('UwsgiHeadParser', () => {
  it.each([
    [`${OK}A: b\r\n\r\nbody`, { status: 200, statusLine: '200 OK', fields: 'A|b', body: 'body' }],
    ['HTTP/1.0 404 Not Found\n\n', { status: 404, statusLine: '404 Not Found', fields: '', body: '' }],
    ['HTTP/2 200\r\n\r\n', { status: 200, statusLine: '200 ', fields: '', body: '' }],
    [`${OK}A:  b \t\r\nC:\r\n\r\n x`, { status: 200, statusLine: '200 OK', fields: 'A|b|C|', body: ' x' }],
    [
      `${OK}A: b  \r\n  c\r\n\td\r\n\r\n`,
      { status: 200, statusLine: '200 OK', fields: 'A|b    c\td', body: '' },
    ],
    ['HTTP/1.1 200  OK \t \r\n\r\n', { status: 200, statusLine: '200  OK', fields: '', body: '' }],
    ['HTTP/1.1 200   \r\n\r\n', { status: 200, statusLine: '200 ', fields: '', body: '' }],
    [`${OK}: b\r\n\r\n`, { status: 200, statusLine: '200 OK', fields: '|b', body: '' }],
    ['', 'none'],
    ['\r\nHTTP/1.1 200 OK\r\n\r\n', 'none'],
    ['HTTP/1.1 200 OK', 'none'],
    ['Status: 200 OK\r\n\r\n', 'status-line'],
    ['HTTP/1.1 20\r\n\r\n', 'status-line'],
    [`${OK}A: b\r\n`, 'cut'],
    [`${OK}A: b`, 'cut'],
    [OK, 'cut'],
    [`${OK}no colon\r\n\r\n`, 'field'],
    [`${OK}A : b\r\n\r\n`, 'field'],
    [`${OK}A: b\x01\r\n\r\n`, 'field'],
    [`${OK}A: b\0c\r\n\r\n`, 'field'],
  ])('%j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
    for (let cut = 0; cut <= Math.min(text.length, 60); cut++) expect(parse(text, [cut])).toEqual(expected);
  });

  it('lines have their limit, folded ones too', () => {
    const field = (length: number): string => `${OK}A: ${'a'.repeat(length - 3)}\r\n\r\n`;
    expect(parse(field(MAX_LINE))).toHaveProperty('status', 200);
    expect(parse(field(MAX_LINE + 1))).toBe('too-long');
    expect(parse(OK + 'a'.repeat(MAX_LINE + 2))).toBe('too-long');
    expect(parse(`${OK}A: ${'a'.repeat(5000)}\r\n ${'a'.repeat(5000)}\r\n\r\n`)).toBe('too-long');
  });

  it('a head without end does not fill the memory', () => {
    const parser = new UwsgiHeadParser();
    const line = bytes(`A: ${'a'.repeat(8000)}\r\n`);
    parser.push(bytes(OK));
    let pushed = 0;
    while (parser.state === 'reading' && pushed < 1000) {
      parser.push(line);
      pushed++;
    }
    expect(parser.failure).toBe('too-long');
  });

  it('says the same of any bytes, cut anywhere', () => {
    const texts = fc.array(fc.constantFrom('\r', '\n', '\r\n', ' ', 'A', ':', 'b', '\t', '\0', 'A: b\r\n'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(60), { maxLength: 5 }), (parts, places) => {
        const text = OK + parts.join('');
        const cuts = places.map((place) => Math.min(place, text.length)).sort((a, b) => a - b);
        expect(parse(text, cuts)).toEqual(parse(text));
      }),
    );
  });

  it('takes no longer for long runs of blanks than for other bytes', () => {
    const line = `A: x${' '.repeat(8100)}y\r\n`;
    const started = performance.now();
    expect(parse(`${OK}${line.repeat(120)}\r\n`)).toMatchObject({ status: 200 });
    // A pattern that tries each blank of each run anew takes some seconds.
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('encodeVariables', () => {
  it('writes lengths of 16 bits, low byte first', () => {
    const encoded = encodeVariables([
      ['A', 'bc'],
      ['D', ''],
    ]);
    expect(Buffer.from(encoded as Buffer).toString('latin1')).toBe('\0\x0c\0\0\x01\0A\x02\0bc\x01\0D\0\0');
  });

  it('tells the size of what does not fit', () => {
    expect(encodeVariables([['A', 'x'.repeat(MAX_BLOCK - 5)]])).toHaveLength(MAX_BLOCK + 4);
    expect(encodeVariables([['A', 'x'.repeat(MAX_BLOCK - 4)]])).toBe(MAX_BLOCK + 1);
  });
});

describe('variables', () => {
  it.each([
    ['/app/x', '/x', '/app'],
    ['/app/', '/', '/app/'],
    ['/', '/', ''],
    ['/x', '/longer/x', '/x'],
    ['/handler/x.txt', '/more', '/handler/'],
  ])('SCRIPT_NAME of %s with PATH_INFO %s', (script, info, expected) => {
    expect(scriptNameOf(script, info)).toBe(expected);
  });

  it.each([
    ['uwsgi://h:1/a%20b', 'uwsgi://h:1/a b', '/a b'],
    ['uwsgi://h', 'uwsgi://h', '/'],
    ['uwsgi://h///a//b', 'uwsgi://h///a//b', '/a//b'],
    ['uwsgi://h/a%2fb', undefined, ''],
    ['uwsgi://h/a%00b', undefined, ''],
    ['uwsgi://h/a%zz', undefined, ''],
  ])('%s', (url, decoded, info) => {
    expect(decodeUrl(url)).toBe(decoded);
    if (decoded !== undefined) expect(pathInfoOf(decoded)).toBe(info);
  });

  it('passes credentials on, under the spelling that stands there', () => {
    const variables = (sink: (name: string, value: string) => void): void => {
      sink('Http_Authorization', 'old');
      sink('SCRIPT_NAME', '/a/b');
      sink('PATH_INFO', '/b');
    };
    expect(uwsgiVariables(variables, 'new')).toEqual([
      ['Http_Authorization', 'new'],
      ['SCRIPT_NAME', '/a'],
      ['PATH_INFO', '/b'],
    ]);
    expect(uwsgiVariables(() => undefined, 'new')).toEqual([['HTTP_AUTHORIZATION', 'new']]);
  });
});
