import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ScriptHead,
  type ScriptHeadFailure,
  type ScriptHeadOptions,
  ScriptHeadParser,
} from '../../../src/cgi/script-headers.ts';

interface Result {
  readonly head?: ScriptHead;
  readonly body?: string;
  readonly failure?: ScriptHeadFailure;
}

/** Feeds `chunks`; what comes when the head is done belongs to the body. */
function parse(chunks: readonly string[], options: ScriptHeadOptions = {}): Result {
  const parser = new ScriptHeadParser(options);
  let body = '';
  for (const chunk of chunks) {
    if (parser.state !== 'reading') body += chunk;
    else if (parser.push(Buffer.from(chunk, 'latin1')) === 'done')
      body += parser.rest?.toString('latin1') ?? '';
  }
  if (parser.state === 'reading' && parser.finish() === 'done') body = parser.rest?.toString('latin1') ?? '';
  if (parser.failure !== undefined) return { failure: parser.failure };
  return { head: parser.head, body };
}

function headOf(text: string): ScriptHead {
  const { head } = parse([text]);
  if (head === undefined) throw new Error('no head');
  return head;
}

describe('what a head says', () => {
  it('reads every kind of header', () => {
    const head = headOf(
      'Status: 404 Nothing Here  \r\nContent-Type: Text/HTML; Charset=UTF-8 \r\nX-A: 1  \r\nx-a:  2\r\n' +
        'Set-Cookie: a\r\nset-cookie: b\r\nETag: "x"\r\netag: "y"\r\nLast-Modified: Mon\r\nLocation:/l\r\n\r\n',
    );
    expect(head).toEqual({
      status: 404,
      oddStatus: undefined,
      statusLine: '404 Nothing Here  ',
      contentType: 'text/html; Charset=UTF-8',
      lastModified: 'Mon',
      single: new Map([
        ['etag', ['ETag', '"y"']],
        ['location', ['Location', '/l']],
      ]),
      cookies: [
        ['Set-Cookie', 'a'],
        ['set-cookie', 'b'],
      ],
      merged: ['X-A', '1  , 2'],
    });
  });

  it.each([
    ['Status: 99', '99'],
    ['Status: 100', undefined],
    ['Status: 599 x', undefined],
    ['Status: 600 x', '600 x'],
    ['Status: none of the numbers that are known', 'none of the numbers that are k'],
  ])('says that %s is odd: %s', (line, odd) => {
    expect(headOf(`${line}\r\n\r\n`)?.oddStatus).toBe(odd);
  });

  it.each([
    ['Status: 99', 500, undefined],
    ['Status: abc', 500, undefined],
    ['Status: 1000', 500, undefined],
    ['Status:', 500, undefined],
    ['Status: 600 x', 600, '600 x'],
    ['Status:\t201', 201, '201'],
    ['status: 200OK', 200, '200OK'],
    ['X: 1', undefined, undefined],
  ])('%s', (line, status, statusLine) => {
    expect(headOf(`${line}\r\n\r\n`)).toMatchObject({ status, statusLine });
  });

  it.each([
    ['A: 1\r\rx\r\n\r\n', ['A', '1x']],
    ['A: 1\0cut\r\nB: 2\r\n\r\n', ['A', '1', 'B', '2']],
    ['A:\v\f 1\n\n', ['A', '1']],
    ['A:\n\n', ['A', '']],
    ['A: \xe9\n\n', ['A', '\xe9']],
    ['A: x:y\n\n', ['A', 'x:y']],
  ])('%j', (text, merged) => {
    expect(headOf(text).merged).toEqual(merged);
  });

  it('joins the values of a name among many, wherever it stands', () => {
    const names = Array.from({ length: 30 }, (_, index) => `N${index}`);
    const lines = [
      ...names.map((name) => `${name}: 1\n`),
      ...names.map((name) => `${name.toLowerCase()}: 2\n`),
    ];
    expect(headOf(`${lines.join('')}\n`).merged).toEqual(names.flatMap((name) => [name, '1, 2']));
  });

  it('takes no longer for long runs of blanks than for other bytes', () => {
    const line = `Content-Type: a/B${' '.repeat(8000)};c\n`;
    const started = performance.now();
    expect(headOf(`${line.repeat(8)}\n`).contentType).toBe(`a/b${' '.repeat(8000)};c`);
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe('where the head ends', () => {
  const none = 'no head';
  it.each<[string, readonly string[] | typeof none, string]>([
    ['A: 1\r\n\r\nbody', ['A', '1'], 'body'],
    ['A: 1\n\nbody', ['A', '1'], 'body'],
    ['A: 1\r\n\r\n', ['A', '1'], ''],
    ['A: 1\r\n\n\r\nbody', none, 'A: 1\r\n\n\r\nbody'],
    ['A: 1\n\r\nbody', none, 'A: 1\n\r\nbody'],
    ['A: 1\n\r\r\n\r\nbody', ['A', '1'], '\r\nbody'],
    ['A: 1\r\r\n\r\nbody', ['A', '1'], 'body'],
    ['\r\n\r\nbody', [], '\r\nbody'],
    ['\n\nbody', [], '\nbody'],
    ['A: 1\n\0B: 2\n\nbody', ['A', '1'], '\nbody'],
    ['\r\nbody', none, '\r\nbody'],
    ['only text', none, 'only text'],
    ['', none, ''],
  ])('scan: %j', (text, merged, body) => {
    const result = parse([text]);
    expect(result.head?.merged).toEqual(merged === none ? [] : merged);
    expect(result.body).toBe(body);
  });

  it.each<[string, readonly string[] | undefined, string | undefined]>([
    ['A: 1\r\n\nbody', ['A', '1'], 'body'],
    ['A: 1\n\r\nbody', ['A', '1'], 'body'],
    ['\r\nbody', [], 'body'],
    ['A: 1\r\n', undefined, undefined],
    ['', undefined, undefined],
  ])('lines: %j', (text, merged, body) => {
    const result = parse([text], { end: 'lines' });
    expect(result.head?.merged).toEqual(merged);
    expect(result.body).toBe(body);
    if (merged === undefined) expect(result.failure).toBe('no-end');
  });
});

describe('heads that cannot be used', () => {
  it.each<[string, ScriptHeadFailure]>([
    ['HTTP/1.1 200 OK\r\nX: 1\r\n\r\n', 'no-colon'],
    ['X: 1\r\n folded\r\n\r\n', 'folded'],
    ['X: 1\r\n\tfol:ded\r\n\r\n', 'bad-name'],
    ['X A: 1\r\n\r\n', 'bad-name'],
    ['X-A : 1\r\n\r\n', 'bad-name'],
    [': 1\r\n\r\n', 'bad-name'],
    ['X-A: a\x01b\r\n\r\n', 'bad-value'],
    [`A: ${'x'.repeat(8187)}\r\n\r\n`, 'line-too-long'],
    [`${'A: 1\r\n'.repeat(11_000)}\r\n`, 'head-too-large'],
    ['x'.repeat(70_000), 'head-too-large'],
  ])('%.40j', (text, failure) => {
    expect(parse([text]).failure).toBe(failure);
  });

  it('takes a line of 8189 bytes', () => {
    expect(parse([`A: ${'x'.repeat(8186)}\r\n\r\n`]).head?.merged[1]).toHaveLength(8186);
  });

  it('keeps the start of the line for the log', () => {
    const parser = new ScriptHeadParser();
    parser.push(Buffer.from(`PHP Fatal error ${'x'.repeat(100)}\n\n`));
    expect(parser.failedLine).toBe('PHP Fatal error xxxxxxxxxxxxxx');
  });

  it('does not count body bytes towards the limit of the head', () => {
    expect(parse([`A: 1\n\n${'x'.repeat(100_000)}`]).body).toHaveLength(100_000);
  });
});

describe('any split', () => {
  const piece = fc.constantFrom(
    'A: 1',
    'B',
    ': ',
    '\r',
    '\n',
    '\r\n',
    '\r\n\r\n',
    '\n\n',
    '\0',
    ' x',
    'Status: 404',
    'body',
  );
  it.each(['scan', 'lines'] as const)('gives the same as no split (%s)', (end) => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 14 }),
        fc.array(fc.nat(60), { maxLength: 6 }),
        (pieces, cuts) => {
          const text = pieces.join('');
          const at = [...cuts].sort((a, b) => a - b);
          const chunks = [0, ...at]
            .map((from, i) => text.slice(from, at[i] ?? text.length))
            .filter((c) => c !== '');
          const options = { end, maxHead: 200 } as const;
          expect(parse(chunks, options)).toEqual(parse(text === '' ? [] : [text], options));
          expect(parse([...text], options)).toEqual(parse(text === '' ? [] : [text], options));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a head that came before', () => {
  const text = 'Status: 201 Made\r\nX-Seen: before\r\nContent-Type: text/plain\r\nSet-Cookie: a\r\n\r\n';

  it('is read once, with the body of each answer', () => {
    const first = parse([`${text}one`]);
    const second = parse([text.slice(0, 20), `${text.slice(20)}two`]);
    expect(first.body).toBe('one');
    expect(second).toEqual({ head: first.head, body: 'two' });
    expect(second.head).toBe(first.head);
    expect(parse([`${text}three`], { end: 'lines' })).toEqual({ head: first.head, body: 'three' });
  });

  it('still has lines that are too long for another parser', () => {
    expect(parse([text]).head?.status).toBe(201);
    expect(parse([text], { maxLine: 12 })).toEqual({ failure: 'line-too-long' });
    expect(parse([text], { maxHead: 12 })).toEqual({ failure: 'head-too-large' });
  });

  it('is read anew where a body begins within it, where it is long, and after many others', () => {
    const early = 'X-A: 1\n\r\nearly\n\n';
    for (let i = 0; i < 2; i++) expect(parse([`${early}late`])).toMatchObject({ body: 'early\n\nlate' });
    const long = `X-Long: ${'l'.repeat(2000)}\n\n`;
    expect(parse([long]).head).toEqual(parse([long]).head);
    expect(parse([long]).head).not.toBe(parse([long]).head);
    const { head } = parse([text]);
    for (let i = 0; i < 100; i++) expect(parse([`X-N: ${i}\n\n`]).head?.merged).toEqual(['X-N', String(i)]);
    expect(parse([text]).head).toEqual(head);
    expect(parse([text]).head).not.toBe(head);
  });
});
