import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResponseHead } from '../../../src/http/response-head-parser.ts';
import {
  isGoodStatusLine,
  type ResponseFailure,
  type ResponseOptions,
  ResponseParser,
} from '../../../src/http/response-parser.ts';

/** What a parser said, as lines; body pieces are joined, as splits must not show. */
function read(pieces: readonly string[], options: Partial<ResponseOptions> = {}, ends = true): string[] {
  const said: string[] = [];
  let body = '';
  const told = (line: string): void => {
    if (body !== '') said.push(`body ${JSON.stringify(body)}`);
    body = '';
    said.push(line);
  };
  const parser: ResponseParser = new ResponseParser(
    { isHead: false, ...options },
    {
      onInterim: (head) => told(`interim ${shown(head)}`),
      onHead: (head, length) => told(`head ${shown(head)} ${length ?? '-'}`),
      onBody: (slice) => {
        expect(slice.length).toBeGreaterThan(0);
        body += slice.toString('latin1');
      },
      onTrailers: (fields) => told(`trailers ${[...fields].map((pair) => pair.join('=')).join('|')}`),
      onEnd: () => told('end'),
      onFailure: ({ kind, line }: ResponseFailure) => told(`failed ${kind} ${JSON.stringify(line)}`),
    },
  );
  for (const piece of pieces) parser.push(Buffer.from(piece, 'latin1'));
  const isReusable = parser.isReusable;
  if (ends) parser.end();
  if (body !== '') said.push(`body ${JSON.stringify(body)}`);
  said.push(isReusable ? 'reusable' : 'not reusable');
  if (parser.rest.length > 0) said.push(`rest ${parser.rest.toString('latin1')}`);
  return said;
}

function shown(head: ResponseHead): string {
  const fields = [...head.fields].map(([name, value]) => `${name}=${value}`).join('|');
  const odd = head.oddities === undefined ? '' : ` (${head.oddities.join(',')})`;
  return `${head.versionMajor}.${head.versionMinor} ${head.status} "${head.statusLine}" ${fields}${odd}`;
}

const H = 'HTTP/1.1 200 OK\r\n';
const CL = 'Content-Length: 2\r\n';

type Options = Partial<ResponseOptions> | undefined;
type Case = [name: string, bytes: string, said: string[], options: Options];

/** Rows of two kinds: most need no options. */
type Row = [name: string, bytes: string, said: string[], options?: Options];

const ROWS: Row[] = [
  // Status lines
  ['plain', `${H}${CL}\r\nok`, ['head 1.1 200 "200 OK" Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['no reason', `HTTP/1.1 404\r\n${CL}\r\nok`, ['head 1.1 404 "404 " Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['a blank for a reason', `HTTP/1.1 404 \r\n${CL}\r\nok`, ['head 1.1 404 "404 " Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['HTTP/1.0', `HTTP/1.0 200 OK\r\n${CL}\r\nok`, ['head 1.0 200 "200 OK" Content-Length=2 2', 'body "ok"', 'end', 'not reusable']],
  ['HTTP/1.2', `HTTP/1.2 200 OK\r\n${CL}\r\nok`, ['head 1.2 200 "200 OK" Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['HTTP/2.0', `HTTP/2.0 200 OK\r\n\r\n`, ['failed status-line "HTTP/2.0 200 OK"', 'not reusable']],
  ['four digits', `HTTP/1.1 2000 OK\r\n${CL}\r\nok`, ['head 1.1 200 "2000 OK" Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['two digits', 'HTTP/1.1 20 OK\r\nX: 1\r\n', ['head 0.0 200 "200 OK"  -', 'body "HTTP/1.1 20 OKX: 1\\r\\n"', 'end', 'not reusable']],
  ['no HTTP', 'hello\r\nworld', ['head 0.0 200 "200 OK"  -', 'body "helloworld"', 'end', 'not reusable']],
  ['no line at all', 'hello', ['failed status ""', 'not reusable']],
  ['nothing', '', ['failed status ""', 'not reusable']],
  ['one stray line end', `\r\n${H}${CL}\r\nok`, ['head 1.1 200 "200 OK" Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['two of them', `\r\n\r\n${H}${CL}\r\nok`, ['failed status ""', 'not reusable']],
  ['a NUL in the status line', 'HTTP/1.1 200 O\0K\r\n\r\n', ['failed status "HTTP/1.1 200 O"', 'not reusable']],
  ['bare line feeds', `HTTP/1.1 200 OK\nContent-Length: 2\nA: 1\n\nok`, ['head 1.1 200 "200 OK" Content-Length=2|A=1 2', 'body "ok"', 'end', 'reusable']],
  ['a line that is too long', 'HTTP/1.1 200 aaaaaaaa\r\n\r\n', ['failed status-line "HTTP/1.1 200 aa"', 'not reusable'], { fieldSize: 16 }],
  ['a line that just fits', 'HTTP/1.1 200 a\r\nA: 1\r\nContent-Length:\r\n', ['failed unreadable ""', 'not reusable'], { fieldSize: 17 }],
  // Fields
  ['folded', `${H}A: one\r\n two\r\n\tthree  \r\n   four\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" A=one two\tthree     four|Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['folded from the start', `${H} A: one\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK"  A=one|Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['trimmed', `${H}A: \t one \t \r\nB:\r\nC:\x0bv\x0c\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" A=one|B=|C=v|Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['repeated', `${H}A: 1\r\na: 2\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" A=1|a=2|Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['names are not judged', `${H}A b: 1\r\n: 2\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" A b=1|=2|Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['no colon', `${H}A: 1\r\nno colon\r\n${CL}\r\nok`, ['failed no-colon "no colon"', 'not reusable']],
  ['no colon, ignored', `${H}A: 1\r\nno colon\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" A=1|Content-Length=2 (ignored) 2', 'body "ok"', 'end', 'reusable'], { badHeader: 'ignore' }],
  ['no colon, the body starts', `${H}A: 1\r\nno colon\r\n more\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" A=1 (body-after-fields) -', `body "Content-Length: 2\\r\\n\\r\\nok"`, 'end', 'not reusable'], { badHeader: 'startbody' }],
  ['no colon at once', `${H}no colon\r\nrest`, ['head 1.1 200 "200 OK"  (body-at-once) -', 'body "rest"', 'end', 'not reusable'], { badHeader: 'startbody' }],
  ['a second status line', `${H}HTTP/1.0 200 OK\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" Content-Length=2 (ignored) 2', 'body "ok"', 'end', 'reusable']],
  ['a field that is too long', `${H}A: aaaaaaaaaaaaaaaaa\r\n\r\n`, ['failed too-long "A: aaaaaaaaaaaaaaaa"', 'not reusable'], { fieldSize: 20 }],
  ['a fold that is too long', `${H}A: aaaaaaaaaa\r\n bbbbbb\r\n\r\n`, ['failed too-long "A: aaaaaaaaaa bbbbb"', 'not reusable'], { fieldSize: 20 }],
  ['a NUL', `${H}A: a\0b\r\n\r\n`, ['failed unreadable "A: a"', 'not reusable']],
  ['a head that ends', `${H}A: 1\r\n`, ['failed unreadable ""', 'not reusable']],
  // Connection
  ['close', `${H}Connection: close\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" Connection=close|Content-Length=2 2', 'body "ok"', 'end', 'not reusable']],
  ['named fields', `${H}Connection: keep-alive, A\r\nA: 1\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" Connection=keep-alive, A|Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['the length named', `${H}Connection: content-length\r\n${CL}\r\nok`, ['head 1.1 200 "200 OK" Connection=content-length -', 'body "ok"', 'end', 'not reusable']],
  // Framing
  ['no length', `${H}\r\nok`, ['head 1.1 200 "200 OK"  -', 'body "ok"', 'end', 'not reusable']],
  ['length 0', `${H}Content-Length: 0\r\n\r\n`, ['head 1.1 200 "200 OK" Content-Length=0 0', 'end', 'reusable']],
  ['more than the length', `${H}${CL}\r\nokmore`, ['head 1.1 200 "200 OK" Content-Length=2 2', 'body "ok"', 'end', 'not reusable']],
  ['more than length 0', `${H}Content-Length: 0\r\n\r\nmore`, ['head 1.1 200 "200 OK" Content-Length=0 0', 'end', 'not reusable']],
  ['less than the length', `${H}Content-Length: 3\r\n\r\nok`, ['head 1.1 200 "200 OK" Content-Length=3 3', 'body "ok"', 'failed cut ""', 'not reusable']],
  ['two lengths', `${H}Content-Length: 2\r\nContent-Length: 9\r\n\r\nok`, ['head 1.1 200 "200 OK" Content-Length=2|Content-Length=9 2', 'body "ok"', 'end', 'reusable']],
  ['a list of lengths', `${H}Content-Length: 2, 2\r\n\r\nok`, ['head 1.1 200 "200 OK" Content-Length=2, 2 -', 'failed length "2, 2"', 'not reusable']],
  ['a negative length', `${H}Content-Length: -2\r\n\r\nok`, ['head 1.1 200 "200 OK" Content-Length=-2 -', 'failed length "-2"', 'not reusable']],
  ['an empty length', `${H}Content-Length:\r\n\r\nok`, ['head 1.1 200 "200 OK" Content-Length= -', 'failed length ""', 'not reusable']],
  ['chunked', `${H}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3;a=b\r\nyes\r\n0\r\nT: 1\r\n\r\n`, ['head 1.1 200 "200 OK" Transfer-Encoding=chunked -', 'body "okyes"', 'trailers T=1', 'end', 'reusable']],
  ['chunked and a length', `${H}Transfer-Encoding: chunked\r\n${CL}\r\n2\r\nok\r\n0\r\n\r\n`, ['head 1.1 200 "200 OK" Transfer-Encoding=chunked -', 'body "ok"', 'end', 'not reusable']],
  ['chunked cut', `${H}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`, ['head 1.1 200 "200 OK" Transfer-Encoding=chunked -', 'body "ok"', 'failed cut ""', 'not reusable']],
  ['bad chunks', `${H}Transfer-Encoding: chunked\r\n\r\n2\r\nokXX`, ['head 1.1 200 "200 OK" Transfer-Encoding=chunked -', 'body "ok"', 'failed chunk ""', 'not reusable']],
  ['another coding', `${H}Transfer-Encoding: gzip\r\n\r\nok`, ['head 1.1 200 "200 OK" Transfer-Encoding=gzip -', 'body "ok"', 'end', 'not reusable']],
  ['chunked last', `${H}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`, ['head 1.1 200 "200 OK" Transfer-Encoding=gzip, chunked -', 'body "ok"', 'end', 'reusable']],
  ['HEAD', `${H}${CL}\r\n`, ['head 1.1 200 "200 OK" Content-Length=2 2', 'end', 'reusable'], { isHead: true }],
  ['HEAD with a body', `${H}${CL}\r\nok`, ['head 1.1 200 "200 OK" Content-Length=2 2', 'end', 'not reusable'], { isHead: true }],
  ['204', 'HTTP/1.1 204 No\r\n\r\n', ['head 1.1 204 "204 No"  -', 'end', 'reusable']],
  ['304 with a length', `HTTP/1.1 304 No\r\n${CL}\r\n`, ['head 1.1 304 "304 No" Content-Length=2 2', 'end', 'reusable']],
  // Interim answers
  ['103', `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${H}${CL}\r\nok`, ['interim 1.1 103 "103 Early Hints" Link=x', 'head 1.1 200 "200 OK" Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['100 and 102', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\n\r\n${H}${CL}\r\nok`, ['interim 1.1 100 "100 Continue" ', 'interim 1.1 102 "102 P" ', 'head 1.1 200 "200 OK" Content-Length=2 2', 'body "ok"', 'end', 'reusable']],
  ['cut behind it', 'HTTP/1.1 103 Early\r\n\r\n', ['interim 1.1 103 "103 Early" ', 'failed status ""', 'not reusable']],
]; // biome-ignore format: a table

const CASES = ROWS.map(([name, bytes, said, options]): Case => [name, bytes, said, options]);

describe('answers', () => {
  it.each<Case>(CASES)('%s', (_name, bytes, said, options) => {
    expect(read([bytes], options)).toEqual(said);
  });

  it.each<Case>(CASES)('%s, split at every byte', (_name, bytes, said, options) => {
    expect(read([...bytes], options)).toEqual(said);
    for (let at = 1; at < bytes.length; at++) {
      expect(read([bytes.slice(0, at), bytes.slice(at)], options)).toEqual(said);
    }
  });

  it('101 ends HTTP: what follows is the other protocol', () => {
    const bytes = 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nbytes';
    expect(read([bytes], {}, false)).toEqual([
      'head 1.1 101 "101 Switching" Upgrade=x|Connection=Upgrade -',
      'not reusable',
      'rest bytes',
    ]);
  });

  it('a head without end is given up', () => {
    const line = `A: ${'a'.repeat(8000)}\r\n`;
    const said = read([H, ...new Array<string>(200).fill(line)], {}, false);
    expect(said).toEqual(['failed too-large ""', 'not reusable']);
    expect(read([`${H}${line.repeat(200)}`], {}, false)).toEqual(said);
  });

  it('bytes behind the end make the connection useless', () => {
    const parser = new ResponseParser({ isHead: false }, SILENT);
    parser.push(Buffer.from(`${H}${CL}\r\nok`));
    expect(parser.isReusable).toBe(true);
    parser.push(Buffer.from('x'));
    expect(parser.isReusable).toBe(false);
  });

  it('a stopped parser says nothing more', () => {
    const heads: string[] = [];
    const parser: ResponseParser = new ResponseParser(
      { isHead: false },
      {
        ...SILENT,
        onHead: () => parser.stop(),
        onBody: () => heads.push('body'),
        onEnd: () => heads.push('end'),
      },
    );
    parser.push(Buffer.from(`${H}${CL}\r\nok`));
    parser.push(Buffer.from('more'));
    parser.end();
    expect(heads).toEqual([]);
    expect(parser.isReusable).toBe(false);
  });
});

const SILENT = {
  onInterim: () => undefined,
  onHead: () => undefined,
  onBody: () => undefined,
  onTrailers: () => undefined,
  onEnd: () => undefined,
  onFailure: () => undefined,
};

describe('properties', () => {
  const part = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n', 'HTTP/1.0 404 No\r\n', 'HTTP/1.1 103 E\r\n', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n', 'A: b\r\n', ' fold\r\n', 'no colon\r\n', '\r\n', '\n', '\0', 'abc', '3\r\nabc\r\n', '0\r\n\r\n', ': x\r\n', '\xff',
  ); // biome-ignore format: a word list
  const bytes = fc.array(part, { maxLength: 14 }).map((parts) => parts.join(''));

  it('splits do not show', () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(200), { maxLength: 6 }), fc.boolean(), (text, cuts, isHead) => {
        const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
        const pieces: string[] = [];
        let from = 0;
        for (const place of [...places, text.length]) {
          pieces.push(text.slice(from, place));
          from = place;
        }
        expect(read(pieces, { isHead })).toEqual(read([text], { isHead }));
      }),
      { numRuns: 3000 },
    );
  });

  it('exactly one end', () => {
    fc.assert(
      fc.property(bytes, fc.constantFrom('iserror', 'ignore', 'startbody'), (text, badHeader) => {
        const said = read([text], { badHeader: badHeader as 'iserror' });
        expect(said.filter((line) => line === 'end' || line.startsWith('failed'))).toHaveLength(1);
      }),
      { numRuns: 2000 },
    );
  });

  it('any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (array) => {
        const said = read([Buffer.from(array).toString('latin1')]);
        expect(said.filter((line) => line === 'end' || line.startsWith('failed'))).toHaveLength(1);
      }),
    );
  });
});

describe('isGoodStatusLine', () => {
  it.each([
    ['200 OK', true],
    ['200 ', true],
    ['404 \xe9t\xe9', true],
    ['200', false],
    ['200\tOK', false],
    ['200 O\x01K', false],
    ['2000 OK', false],
  ])('%j is %s', (line, expected) => expect(isGoodStatusLine(line)).toBe(expected));
});
