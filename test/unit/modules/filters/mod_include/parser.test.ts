import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_ELEMENT, PageParser } from '../../../../../src/modules/filters/mod_include/parser.ts';

/** What a page comes to: texts joined, elements between them. */
function parse(
  pieces: readonly string[],
  start = '<!--#',
  end = '-->',
): { events: unknown[]; isOpen: boolean } {
  const parser = new PageParser(start, end);
  const events: unknown[] = [];
  const text = (bytes: Buffer): void => {
    if (bytes.length === 0) return;
    const last = events.at(-1);
    if (typeof last === 'string') events[events.length - 1] = last + bytes.toString('latin1');
    else events.push(bytes.toString('latin1'));
  };
  for (const piece of pieces) {
    parser.push(Buffer.from(piece, 'latin1'));
    for (let event = parser.next(); event !== undefined; event = parser.next()) {
      if (event.kind === 'text') text(event.bytes);
      else if (event.kind === 'element') {
        const args = event.args.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));
        events.push({ name: event.name, args, problems: event.problems });
      }
    }
  }
  const { held, isOpen } = parser.finish();
  if (!isOpen) text(held);
  return { events, isOpen };
}

const element = (name: string, args: string[] = [], problems: string[] = []) => ({ name, args, problems });

describe('PageParser', () => {
  it.each<[string, unknown[]]>([
    ['plain', ['plain']],
    ['a<!--#echo var="x" -->b', ['a', element('echo', ['var=x']), 'b']],
    ['<!--#ECHO VAR = `x`-->', [element('echo', ['var=x'])]],
    ['<!--#printenv-->', [element('printenv')]],
    ['<!--#echo--x a=b -->', [element('echo--x', ['a=b'])]],
    ['<!--# echo -->', [element('', ['echo'], ['no-name'])]],
    ['<!--#-->', [element('', [], ['no-name'])]],
    ['<!--#a "v" -->', [element('a', ['=v'], ['value-without-name'])]],
    ['<!--#a ="v" -->', [element('a', ['=v'], ['empty-name'])]],
    ['<!--#a b c=d -->', [element('a', ['b', 'c=d'])]],
    ['<!--#a b="x-->y" -->', [element('a', ['b=x-->y'])]],
    ["<!--#a b='\"' -->", [element('a', ['b="'])]],
    ['<!--#a b="1"c="2"-->', [element('a', ['b=1', 'c=2'])]],
    ['<!--#a b="1" -- -->', [element('a', ['b=1', '--'])]],
    ['<!<!--<!--#a -->-->', ['<!<!--', element('a'), '-->']],
    ['x<!--', ['x<!--']],
  ])('%s', (page, events) => {
    expect(parse([page])).toEqual({ events, isOpen: false });
  });

  it.each(['<!--#', '<!--#echo', '<!--#echo var="x', '<!--#echo var="x" --', '<!--#a b=c-->'])(
    'is open after %s',
    (page) => {
      expect(parse([`text${page}`])).toEqual({ events: ['text'], isOpen: true });
    },
  );

  it('knows other tags, of one character too', () => {
    expect(parse(['a{echo var="x"}b'], '{', '}').events).toEqual(['a', element('echo', ['var=x']), 'b']);
  });

  it('gives up an element that is too long, and goes on behind it', () => {
    const long = 'x'.repeat(MAX_ELEMENT);
    expect(parse([`<!--#set var="${long}" -->after`]).events).toEqual([
      element('set', [], ['too-long']),
      'after',
    ]);
  });

  it('gives the same however the page is cut', () => {
    const part = fc.constantFrom(
      ...[
        '<',
        '<!',
        '<!--',
        '<!--#',
        '#',
        '-',
        '--',
        '-->',
        ' ',
        '=',
        '"',
        "'",
        '`',
        '\\',
        'a',
        'var',
        '<!--#echo var="a" -->',
        '\n',
      ],
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 30 }),
        fc.array(fc.nat({ max: 200 }), { maxLength: 8 }),
        fc.constantFrom<[string, string]>(['<!--#', '-->'], ['<<', '>'], ['aab', '--'], ['<', '>>']),
        (parts, cuts, [start, end]) => {
          const page = parts.join('');
          const whole = parse([page], start, end);
          const places = [...new Set(cuts.map((cut) => cut % (page.length + 1)))].sort((a, b) => a - b);
          const pieces = [0, ...places].map((from, i) => page.slice(from, places[i] ?? page.length));
          expect(parse(pieces, start, end)).toEqual(whole);
          expect(parse([...page], start, end)).toEqual(whole);
        },
      ),
      { numRuns: 500 },
    );
  });
});
