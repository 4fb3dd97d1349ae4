import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundaryOf, MultipartError, MultipartReader, type PartHead } from '../../../src/demo/multipart.ts';

interface Part extends PartHead {
  readonly content: string;
}

/** Reads the chunks; contents are byte strings. */
function read(boundary: string, chunks: readonly Buffer[]): Part[] {
  const parts: Part[] = [];
  let head: PartHead | undefined;
  let content = '';
  const reader = new MultipartReader(
    boundary,
    {
      onPart(next) {
        head = next;
        content = '';
      },
      onData: (slice) => (content += slice.toString('latin1')),
      onPartEnd() {
        if (head !== undefined) parts.push({ ...head, content });
      },
    },
    { maxHeadSize: 200, maxParts: 3 },
  );
  for (const chunk of chunks) reader.write(chunk);
  reader.end();
  return parts;
}

const field = (name: string, content: string): string =>
  `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`;
const file = (filename: string, content: string): string =>
  `--B\r\nContent-Disposition: form-data; name="f"; filename="${filename}"\r\ncontent-type: text/plain\r\n\r\n${content}\r\n`;
const plain = (name: string, content: string): Part => ({
  name,
  content,
  filename: undefined,
  contentType: undefined,
});

describe('bodies', () => {
  test.each<[what: string, body: string, parts: Part[]]>([
    ['a field', `${field('a', '1')}--B--\r\n`, [plain('a', '1')]],
    ['no parts', '--B--', []],
    ['an empty content', `${field('a', '')}--B--`, [plain('a', '')]],
    ['a preamble and an epilogue', `hello\r\n${field('a', '1')}--B--\r\n--B\r\nbye`, [plain('a', '1')]],
    ['blanks after a boundary', `${field('a', '1').replace('--B', '--B \t')}--B--`, [plain('a', '1')]],
    [
      'almost a delimiter',
      `${field('a', '\r\n--\r\n--A\r\n\r-')}--B--`,
      [plain('a', '\r\n--\r\n--A\r\n\r-')],
    ],
    [
      'a file',
      `${file('%22a%22 \u00c3\u00a4.txt', 'x')}--B--`,
      [{ name: 'f', filename: '"a" ä.txt', contentType: 'text/plain', content: 'x' }],
    ],
    [
      'no file chosen',
      `${file('', '')}--B--`,
      [{ name: 'f', filename: '', contentType: 'text/plain', content: '' }],
    ],
    [
      'unquoted parameters',
      '--B\r\nContent-Disposition: form-data; name=a; filename=b.c\r\n\r\n1\r\n--B--',
      [{ name: 'a', filename: 'b.c', contentType: undefined, content: '1' }],
    ],
  ])('%s, split at every byte', (_what, body, parts) => {
    const bytes = Buffer.from(body, 'latin1');
    expect(
      read(
        'B',
        [...bytes].map((byte) => Buffer.of(byte)),
      ),
    ).toEqual(parts);
    for (let at = 0; at <= bytes.length; at++) {
      expect(read('B', [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(parts);
    }
  });

  test.each<[what: string, body: string, message: RegExp]>([
    ['nothing', '', /before its closing boundary/],
    ['no boundary', 'hello', /before its closing boundary/],
    ['an open part', field('a', '1'), /before its closing boundary/],
    ['text behind a boundary', '--Bx\r\n', /not at the end of its line/],
    ['many blanks behind a boundary', `--B${' '.repeat(300)}`, /too many blanks/],
    ['an endless head', `--B\r\n${'a'.repeat(300)}`, /too long/],
    ['a head without fields', '--B\r\n\r\n1\r\n--B--', /which field/],
    ['no name', '--B\r\nContent-Disposition: form-data; filename="x"\r\n\r\n1\r\n--B--', /which field/],
    [
      'another disposition',
      '--B\r\nContent-Disposition: attachment; name="x"\r\n\r\n1\r\n--B--',
      /which field/,
    ],
    ['too many parts', `${field('a', '').repeat(4)}--B--`, /too many parts/],
  ])('refused: %s', (_what, body, message) => {
    const bytes = Buffer.from(body, 'latin1');
    expect(() => read('B', [bytes])).toThrow(MultipartError);
    expect(() =>
      read(
        'B',
        [...bytes].map((byte) => Buffer.of(byte)),
      ),
    ).toThrow(message);
  });

  test('any content comes out as it went in, whatever the chunks', () => {
    const near = fc.array(fc.constantFrom('\r', '\n', '-', 'B', 'x', '\r\n--', '\r\n--b'), { maxLength: 30 });
    fc.assert(
      fc.property(near, fc.array(fc.nat(40), { maxLength: 8 }), (pieces, cuts) => {
        const content = pieces.join('');
        fc.pre(!content.includes('\r\n--B'));
        const bytes = Buffer.from(`${field('a', content)}--B--`, 'latin1');
        const chunks: Buffer[] = [];
        let from = 0;
        for (const cut of cuts)
          chunks.push(bytes.subarray(from, (from = Math.min(bytes.length, from + cut))));
        chunks.push(bytes.subarray(from));
        expect(read('B', chunks)).toEqual([plain('a', content)]);
      }),
    );
  });
});

test.each<[type: string, boundary: string | undefined]>([
  ['multipart/form-data; boundary=abc', 'abc'],
  ['Multipart/Form-Data; charset=utf-8; BOUNDARY="a b"', 'a b'],
  ['multipart/form-data', undefined],
  ['multipart/form-data; boundary=', undefined],
  [`multipart/form-data; boundary=${'x'.repeat(71)}`, undefined],
  ['multipart/mixed; boundary=abc', undefined],
  ['', undefined],
])('the boundary of %j', (type, boundary) => {
  expect(boundaryOf(type)).toBe(boundary);
});
