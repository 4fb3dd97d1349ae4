import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compileFnmatch,
  type FnmatchFlags,
  isFnmatchPattern,
  strcasecmpMatch,
  strcmpMatch,
} from '../../../../src/lib/fnmatch/index.ts';

/** Recorded from apr_fnmatch(), apr_fnmatch_test(), ap_strcmp_match() and ap_strcasecmp_match() of httpd 2.4.71. */
interface Case {
  readonly pattern: string;
  readonly name: string;
  /** The flag sets of FLAGS under which the name matches. */
  readonly matchesWith: readonly string[];
  readonly isPattern: boolean;
  readonly strcmp: boolean;
  readonly strcasecmp: boolean;
}

const FLAGS: Readonly<Record<string, Partial<FnmatchFlags>>> = {
  '-': {},
  pathname: { pathname: true },
  'pathname+period': { pathname: true, period: true },
  noEscape: { noEscape: true },
  caseBlind: { caseBlind: true },
};

const cases = JSON.parse(
  readFileSync(new URL('./apr-cases.json', import.meta.url), 'utf8'),
) as readonly Case[];

describe('recorded from httpd', () => {
  it.each(cases.map((entry) => [entry.pattern, entry.name, entry] as const))(
    '%j on %j',
    (pattern, name, entry) => {
      const matchesWith = Object.keys(FLAGS).filter((key) => compileFnmatch(pattern, FLAGS[key])(name));
      expect(matchesWith).toEqual(entry.matchesWith);
      expect(isFnmatchPattern(pattern)).toBe(entry.isPattern);
      expect(strcmpMatch(name, pattern)).toBe(entry.strcmp);
      expect(strcasecmpMatch(name, pattern)).toBe(entry.strcasecmp);
    },
  );
});

const text = fc.string({ unit: fc.constantFrom(...'ab.-/[]!\\*?A_'.split('')), maxLength: 10 });
const flags = fc.record({
  pathname: fc.boolean(),
  period: fc.boolean(),
  noEscape: fc.boolean(),
  caseBlind: fc.boolean(),
});

describe('properties', () => {
  it('an escaped text matches itself alone', () => {
    fc.assert(
      fc.property(text, text, flags, (name, other, given) => {
        const matches = compileFnmatch(name.replace(/[\s\S]/g, '\\$&'), {
          ...given,
          noEscape: false,
          caseBlind: false,
        });
        expect(matches(name)).toBe(true);
        expect(matches(other)).toBe(other === name);
      }),
    );
  });

  it('a star stands for any run without a slash', () => {
    fc.assert(
      fc.property(text, text, text, (head, middle, tail) => {
        const escaped = (part: string): string => part.replace(/[\s\S]/g, '\\$&');
        const pattern = `${escaped(head)}*${escaped(tail)}`;
        expect(compileFnmatch(pattern)(head + middle + tail)).toBe(true);
        if (!middle.includes('/'))
          expect(compileFnmatch(pattern, { pathname: true })(head + middle + tail)).toBe(true);
      }),
    );
  });

  it('under pathname a name has as many slashes as its pattern', () => {
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        if (compileFnmatch(pattern, { pathname: true })(name))
          expect(name.split('/').length).toBe(pattern.split('/').length);
      }),
      { numRuns: 2000 },
    );
  });

  it('case blindness only adds matches', () => {
    fc.assert(
      fc.property(text, text, flags, (pattern, name, given) => {
        fc.pre(!pattern.includes('['));
        if (compileFnmatch(pattern, { ...given, caseBlind: false })(name))
          expect(compileFnmatch(pattern, { ...given, caseBlind: true })(name)).toBe(true);
      }),
    );
  });

  it('where micromatch answers, the token matcher would say the same', () => {
    const plain = fc.string({
      unit: fc.constantFrom('a', 'b', '*', '?', '/', '.', 'a*', '/b'),
      maxLength: 8,
    });
    const names = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '\n', '\xe9'), maxLength: 8 });
    fc.assert(
      fc.property(plain, names, (pattern, name) => {
        // caseBlind takes the pattern to the tokens; neither text has letters of both cases.
        expect(compileFnmatch(pattern, { pathname: true })(name)).toBe(
          compileFnmatch(pattern, { pathname: true, caseBlind: true })(name),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('takes no more than length times length', () => {
    const started = performance.now();
    expect(compileFnmatch(`${'*a'.repeat(200)}b`)('a'.repeat(20_000))).toBe(false);
    expect(strcmpMatch('a'.repeat(20_000), `${'*a'.repeat(200)}b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
