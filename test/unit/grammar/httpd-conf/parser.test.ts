import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HttpdConfParser, parseConfiguration, parseWords } from '../../../../grammar/httpd-conf/parser.ts';
import { joinLines, rawOffset } from '../../../../grammar/httpd-conf/statement.ts';
import { WordCursor } from '../../../../grammar/httpd-conf/words.ts';

/** Kind, name and rest of each statement. */
function shape(source: string): string[] {
  const { text, statements } = parseConfiguration(source);
  return statements.map(({ kind, start, nameEnd, restStart, end, bracket }) => {
    const rest = restStart < end ? ` | ${joinLines(text.slice(restStart, end))}` : '';
    return `${kind} ${joinLines(text.slice(start, nameEnd))}${rest}${bracket < 0 ? '' : ' >'}`;
  });
}

describe('statements', () => {
  const table: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
    ['nothing', '', []],
    ['blank lines', '\n \t\r\n\v\f\n\\\n', []],
    ['directive', 'A b c \t\nB', ['directive A | b c', 'directive B']],
    ['hash only at the start', '# x\n  #y\nA #z', ['comment # x', 'comment #y', 'directive A | #z']],
    ['comments continue', '#a\\\nA b\nC', ['comment #aA b', 'directive C']],
    ['continuation in name, between, in argument', 'Na\\\nme\\\n x\\\r\ny', ['directive Name | xy']],
    ['two backslashes continue too', 'A b\\\\\nc', ['directive A | b\\c']],
    ['backslash at the end of the text', 'A b\\', ['directive A | b\\']],
    ['backslash, blank, newline does not continue', 'A b\\ \nC', ['directive A | b\\', 'directive C']],
    ['trailing continuation', 'A b \\\n\nC', ['directive A | b', 'directive C']],
    ['section', '<A b>\n</A>', ['open <A | b> >', 'close </A>']],
    ['section without argument', '<A>\n</A>', ['open <A>', 'close </A>']],
    [
      'text behind the bracket',
      '<A b> c\n</A> d',
      ['open <A | b> c >', 'close </A>| d'.replace('>|', '> |')],
    ],
    ['last bracket counts', '<If "a > b">', ['open <If | "a > b"> >']],
    ['no bracket', '<A b', ['open <A | b']],
    ['bracket alone', '<A >', ['open <A | > >']],
    ['blank in a section end', '</A >', ['close </A | >']],
    ['quoted name', '"A b" c', ['directive "A b" | c']],
    ['quoted name left open', '"A b\nC', ['directive "A b', 'directive C']],
    ['CRLF', 'A b\r\n<C d>\r\n', ['directive A | b', 'open <C | d> >']],
    ['byte order mark is a part of the name', '\xef\xbb\xbfA', ['directive \xef\xbb\xbfA']],
    ['NUL ends the line', 'A b\0c\\\nD', ['directive A | b', 'directive D']],
  ];
  for (const [what, text, expected] of table) {
    test(what, () => expect(shape(text)).toEqual(expected));
  }
});

describe('words', () => {
  const table: readonly (readonly [text: string, expected: readonly string[], braced?: readonly string[]])[] =
    [
      ['', []],
      [' a  b\tc ', ['a', 'b', 'c']],
      ['"a b" \'c d\'', ['a b', 'c d']],
      ['"a"b', ['a', 'b']],
      ['a"b c"', ['a"b', 'c"']],
      ['"a\\"b" \'a\\\'b\' "a\\\'b"', ['a"b', "a'b", "a\\'b"]],
      ['a\\\\b a\\b "a\\\\"', ['a\\b', 'a\\b', 'a\\']],
      ['"open', ['open']],
      ['""', ['']],
      ['{a {b} c} d', ['{a', '{b}', 'c}', 'd'], ['a {b} c', 'd']],
      ['{a\\\\} b', ['{a\\}', 'b'], ['a\\', 'b']],
      ['{open', ['{open'], ['open']],
    ];
  for (const [text, expected, braced = expected] of table) {
    test(JSON.stringify(text), () => {
      expect(parseWords(text).map((word) => word.text)).toEqual(expected);
      expect(parseWords(text, true).map((word) => word.text)).toEqual(braced);
    });
  }

  test('the cursor splits as the grammar does', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'ab \t"\'\\{}\n\r\0é')), fc.boolean(), (chars, braces) => {
        const text = chars.join('');
        const cursor = new WordCursor(text);
        const words = [];
        while (!cursor.atEnd) words.push(cursor.take(braces));
        expect(words).toEqual(parseWords(text, braces));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('any text', () => {
  const bytes = fc.oneof(
    fc
      .array(fc.constantFrom(...'aB<>/ \t#"\'\\\n\r\0${}\xef'), { maxLength: 60 })
      .map((chars) => chars.join('')),
    fc.string({ unit: 'binary' }),
  );
  test('parses, with statements in order, inside the text, and covering all that is no white space', () => {
    fc.assert(
      fc.property(bytes, (source) => {
        const { text, statements } = parseConfiguration(source);
        expect(text.length).toBe(source.length);
        let at = 0;
        for (const { start, nameEnd, restStart, end } of statements) {
          expect(
            joinLines(text.slice(at, start))
              .trim()
              .replace(/[\\\s]/g, ''),
          ).toBe('');
          expect(start).toBeLessThan(nameEnd);
          expect(nameEnd).toBeLessThanOrEqual(restStart);
          expect(restStart).toBeLessThanOrEqual(end);
          expect(end).toBeLessThanOrEqual(text.length);
          expect(start).toBeGreaterThanOrEqual(at);
          at = end;
        }
        expect(text.slice(at).replace(/[\\\s]/g, '')).toBe('');
      }),
      { numRuns: 3000 },
    );
  });

  test('offsets of joined text lead back to the raw text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', '\\\n', '\\\r\n', '\\', ' '), { maxLength: 30 }),
        (pieces) => {
          const raw = pieces.join('').replace(/\\$/, '');
          const joined = joinLines(raw);
          for (let at = 0; at < joined.length; at++) expect(raw[rawOffset(raw, 0, at)]).toBe(joined[at]);
        },
      ),
    );
  });

  test('time grows with the length only', () => {
    for (const piece of ['\\\n', '\\', ' ', '<', '>', '"', '<a >', 'a\\\r\n', '#', '\0']) {
      const text = piece.repeat(300_000);
      const before = performance.now();
      parseConfiguration(text);
      parseConfiguration(`<A ${text}\n`);
      expect(performance.now() - before).toBeLessThan(5000);
    }
  });
});

test('Chevrotain finds nothing wrong with the grammar', () => {
  expect(() => new HttpdConfParser({ skipValidations: false })).not.toThrow();
});
