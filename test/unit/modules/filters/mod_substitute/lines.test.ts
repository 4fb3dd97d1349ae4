import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BodyWriter } from '../../../../../src/core/body.ts';
import type { Request } from '../../../../../src/core/request.ts';
import { mergeDir } from '../../../../../src/modules/filters/mod_substitute/index.ts';
import { LineWriter } from '../../../../../src/modules/filters/mod_substitute/line-writer.ts';
import { applyRules, parseRule, type Rule } from '../../../../../src/modules/filters/mod_substitute/rules.ts';

function rule(text: string): Rule {
  const parsed = parseRule(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}
const apply = (line: string, rules: readonly string[], limit = 1000): string | undefined =>
  applyRules(rules.map(rule), line, limit);

describe('parseRule', () => {
  it.each([
    ['y/a/b/', 'Bad Substitute format, must be an s/// pattern'],
    ['s', 'Bad Substitute format, must be a complete s/// pattern'],
    ['s/a', 'Bad Substitute format, must be a complete s/// pattern'],
    ['s//b/', 'Bad Substitute format, must be a complete s/// pattern'],
    ['s/a/b/g', 'Bad Substitute flag, only s///[infq] are supported'],
    ['s/(a/b/', 'Substitute could not compile regex'],
  ])('%s', (text, problem) => {
    expect(parseRule(text)).toBe(problem);
  });
  it('takes one without its last delimiter, and any delimiter', () => {
    expect(apply('abc', ['s/b/x'])).toBe('axc');
    expect(apply('a/c', ['S|/|x|n'])).toBe('axc');
  });
});

describe('applyRules', () => {
  it.each<[string, string[], string | undefined]>([
    ['foo Foo', ['s/foo/bar/'], 'bar Foo'],
    ['foo Foo', ['s/foo/bar/in'], 'bar bar'],
    ['a.c abc', ['s/a.c/[$0]/n'], '[$0] abc'],
    ['ab', ['s/(a)(b)/$2\\$1$1/'], 'b$1a'],
    ['abc abc', ['s/b/B/', 's/aBc/whole/'], 'whole whole'],
    ['abc abc', ['s/b/B/q', 's/aBc/whole/'], 'aBc aBc'],
    ['abc abc', ['s/b/B/nq', 's/aBc/whole/n'], 'aBc aBc'],
    ['foofoo', ['s/^foo/x/'], 'xx'],
    ['abc', ['s/x*/y/'], undefined],
    ['abc', ['s/$/!/'], undefined],
    ['\xe9', ['s/\xe9/e/'], 'e'],
  ])('%s %j', (line, rules, expected) => {
    expect(apply(line, rules)).toBe(expected);
  });
  it('keeps to the longest line allowed', () => {
    expect(apply('xxxx', ['s/x/yyyyyyyyyy/n'], 50)).toBe('y'.repeat(40));
    expect(apply('xxxxxx', ['s/x/yyyyyyyyyy/n'], 50)).toBeUndefined();
    expect(apply('xxxxxx', ['s/x/yyyyyyyyyy/', 's/z/z/'], 50)).toBeUndefined();
  });
});

describe('mergeDir', () => {
  const [a, b] = [rule('s/a/b/'), rule('s/b/c/')];
  it('puts the inner rules first, or the outer ones', () => {
    expect(mergeDir({ rules: [a] }, { rules: [b] }).rules).toEqual([b, a]);
    expect(mergeDir({ rules: [a] }, { rules: [b], inheritBefore: true }).rules).toEqual([a, b]);
    expect(mergeDir({ rules: [a], inheritBefore: true }, { rules: [b] }).rules).toEqual([a, b]);
    expect(mergeDir({ rules: [a] }, {}).rules).toEqual([a]);
  });
});

describe('LineWriter', () => {
  function run(pieces: readonly string[], rules: readonly string[]): string {
    let out = '';
    const next: BodyWriter = {
      write: (chunk) => {
        out += chunk.toString('latin1');
        return true;
      },
      end: () => {
        out += '|end';
      },
      abort: () => {
        out += '|abort';
      },
    };
    const writer = new LineWriter({} as Request, next, rules.map(rule), 1000);
    for (const piece of pieces) writer.write(Buffer.from(piece, 'latin1'));
    writer.end();
    return out;
  }
  it('gives the same however the body is cut', () => {
    const part = fc.constantFrom('a', 'b', 'ab', '\n', 'foo', 'fo', 'o', '\r\n', '\xff');
    const rules = ['s/foo/bar/', 's/ab/x/nq', 's/o\n/O\\\n/'];
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const body = parts.join('');
        const whole = run([body], rules);
        expect(run(parts, rules)).toBe(whole);
        expect(run([...body], rules)).toBe(whole);
      }),
    );
  });
});
