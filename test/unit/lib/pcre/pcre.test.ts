import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePcre, PcreError, substitute } from '../../../../src/lib/pcre/index.ts';

const groups = (pattern: string, subject: string, from = 0): readonly (string | undefined)[] | null => {
  const match = compilePcre(pattern).exec(subject, from);
  return match && [...match.groups];
};

describe('starting behind the first byte', () => {
  it.each([
    ['a', 'aba', 1, ['a'], 2],
    ['(?<=b)a', 'ba', 1, ['a'], 1],
    ['^a', 'aa', 1, null, -1],
    ['\\Ga', 'ba', 1, ['a'], 1],
    ['(a)?\\1b|c', 'aabc', 2, ['c', undefined], 3],
  ])('%s on %j from %i', (pattern, subject, from, expected, index) => {
    expect(groups(pattern, subject, from)).toEqual(expected);
    expect(compilePcre(pattern).exec(subject, from)?.index ?? -1).toBe(index);
  });
});

describe('names', () => {
  it('come with their numbers, also where atomic groups shift them in the RegExp', () => {
    const regex = compilePcre('(?>a+)(?<first>b)(?P<second>c)');
    expect([...regex.groupNames]).toEqual([
      ['first', 1],
      ['second', 2],
    ]);
    expect(regex.groupCount).toBe(2);
    expect(regex.exec('aabc')?.groups).toEqual(['aabc', 'b', 'c']);
  });

  it('may be shared', () => {
    const regex = compilePcre('(?<n>a)|(?<n>b)');
    expect(regex.groupNames.get('n')).toBe(1);
    expect(Array.from(regex.namesByNumber)).toEqual([undefined, 'n', 'n']);
  });

  it('are not reported with noSub, nor are groups', () => {
    expect(compilePcre('(a)(b)', { noSub: true }).exec('ab')?.groups).toEqual(['ab']);
    expect(compilePcre('(a)?\\1(b)', { noSub: true }).exec('aab')?.groups).toEqual(['aab']);
  });
});

describe('constructs that are not offered are named', () => {
  it.each([
    ['a(*ACCEPT)', '(*ACCEPT) is not supported'],
    ['(*UTF8)a', '(*UTF8) is not supported'],
    ['a(*COMMIT)b', '(*COMMIT) is not supported'],
    ['(*:mark)a', '(*MARK) is not supported'],
    ["(?C'text')", '(?C with a string is not supported'],
    ['(?*a)', '(?* (non-atomic lookahead) is not supported'],
  ])('%s', (pattern, message) => {
    expect(() => compilePcre(pattern)).toThrow(message);
  });
});

describe('hostile input', () => {
  it('nests as deeply as PCRE2 allows and no deeper', () => {
    expect(compilePcre('('.repeat(250) + ')'.repeat(250)).groupCount).toBe(250);
    expect(() => compilePcre('('.repeat(251) + ')'.repeat(251))).toThrow('parentheses are too deeply nested');
  });

  it('gives up on endless recursion', () => {
    expect(compilePcre('(?R)').test('a')).toBe(false);
    expect(compilePcre('(a|(?1)b)c').exec('bbbbc')).toBeNull();
  });

  it('gives up past the match limit', () => {
    expect(compilePcre('(a|(b))*?\\2(a+a+)+$').test(`${'a'.repeat(40)}c`)).toBe(false);
  });

  it('runs long subjects through the machine without recursion', () => {
    const subject = `${'ab'.repeat(50_000)}c`;
    expect(compilePcre('^(?:(a)|(b))*c$').exec(subject)?.groups).toEqual([subject, 'a', 'b']);
  });

  it('never throws anything but PcreError', () => {
    const piece = fc.constantFrom(
      ..."ab1*+?{}()[]|\\^$.-<>:=!#PRkgxdQE&,'".split(''),
      '(?',
      '\\x{',
      '[[:',
      '(?<n>',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.string({ maxLength: 6, unit: 'binary-ascii' }),
        (parts, subject) => {
          try {
            const regex = compilePcre(parts.join(''));
            const match = regex.exec(subject);
            expect(regex.test(subject)).toBe(match !== null);
            if (match) expect(match.groups[0]).toBe(subject.slice(match.index, match.end));
          } catch (error) {
            if (!(error instanceof PcreError)) throw error;
            expect(error.offset).toBeGreaterThanOrEqual(0);
            expect(error.offset).toBeLessThanOrEqual(parts.join('').length);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('substitute', () => {
  // Recorded from ap_pregsub() of httpd 2.4.71 with ^(.)(.*?)(z)?$ on "qrs".
  const match = compilePcre('^(.)(.*?)(z)?$').exec('qrs');
  it.each([
    ['x$1-$2-$3-$4', 'xq-rs--'],
    ['$0', 'qrs'],
    ['a&b', 'a&b'],
    ['a\\&b', 'a&b'],
    ['a\\$1', 'a$1'],
    ['\\\\$1', '\\q'],
    ['\\1', '1'],
    ['$', '$'],
    ['$a', '$a'],
    ['a\\', 'a\\'],
    ['\\\\', '\\'],
    ['$' + '{1}', '$' + '{1}'],
    ['$10', 'q0'],
    ['\\\\\\$1', '\\$1'],
    ['', ''],
  ])('%j gives %j', (template, expected) => {
    expect(substitute(template, match)).toBe(expected);
  });

  it('stops at the limit', () => {
    expect(substitute('$1$1$1$1', match, 4)).toBeUndefined();
    expect(substitute('$1$1$1', match, 4)).toBe('qqq');
    expect(
      substitute('$1'.repeat(100), { groups: ['', 'x'.repeat(1000)], index: 0, end: 0 }),
    ).toBeUndefined();
  });

  it('leaves the template alone without match data', () => {
    expect(substitute('a\\$1', null)).toBe('a\\$1');
  });
});
