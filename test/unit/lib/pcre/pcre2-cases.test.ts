import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compilePcre, PcreError, type PcreFlags } from '../../../../src/lib/pcre/index.ts';
import { Machine } from '../../../../src/lib/pcre/machine.ts';
import { parsePattern } from '../../../../src/lib/pcre/parse.ts';
import { compileProgram } from '../../../../src/lib/pcre/program.ts';

/**
 * Answers recorded from PCRE2 10.42 with httpd's options (DOTALL, DOLLAR_ENDONLY, DUPNAMES): per subject the
 * start and end of every group, or null; or the error and its offset.
 */
interface Case {
  readonly pattern: string;
  readonly flags?: Partial<PcreFlags>;
  readonly subjects?: readonly (readonly [
    subject: string,
    spans: readonly (readonly number[] | null)[] | null,
  ])[];
  readonly error?: readonly [message: string, offset: number];
}

const cases = JSON.parse(
  readFileSync(new URL('./pcre2-cases.json', import.meta.url), 'utf8'),
) as readonly Case[];
const name = (entry: Case): string => JSON.stringify(entry.pattern) + JSON.stringify(entry.flags ?? {});
const matching = cases.filter((entry) => entry.subjects !== undefined);
const refused = cases.filter((entry) => entry.error !== undefined);

describe('what PCRE2 matches', () => {
  it.each(matching.map((entry) => [name(entry), entry] as const))('%s', (_, entry) => {
    const regex = compilePcre(entry.pattern, entry.flags);
    for (const [subject, spans] of entry.subjects ?? []) {
      expect(regex.test(subject), subject).toBe(spans !== null);
      const match = regex.exec(subject);
      const groups = spans?.map((span) => (span === null ? undefined : subject.slice(span[0], span[1])));
      expect(match && Array.from(match.groups), subject).toEqual(groups ?? null);
      expect(match && [match.index, match.end], subject).toEqual(spans?.[0] ?? null);
    }
  });
});

describe('what the machine matches, as it does for long subjects', () => {
  it.each(matching.map((entry) => [name(entry), entry] as const))('%s', (_, { pattern, flags, subjects }) => {
    const parsed = parsePattern(pattern, {
      ignoreCase: flags?.ignoreCase === true,
      extended: flags?.extended === true ? 1 : 0,
      dotAll: flags?.dotAll ?? true,
      multiline: flags?.multiline ?? false,
      dollarEndOnly: flags?.dollarEndOnly ?? true,
      ungreedy: false,
      noAutoCapture: false,
    });
    const machine = new Machine(compileProgram(parsed));
    for (const [subject, spans] of subjects ?? []) {
      const found = machine.exec(subject, 0);
      const all =
        found && Array.from({ length: found.length / 2 }, (_, i) => [...found.slice(2 * i, 2 * i + 2)]);
      const set = all?.map((span) => ((span[1] as number) < 0 ? null : span)) ?? null;
      expect(set, subject).toEqual(spans);
    }
  });
});

describe('what PCRE2 refuses', () => {
  it.each(refused.map((entry) => [name(entry), entry] as const))('%s', (_, entry) => {
    const [message, offset] = entry.error ?? [];
    expect(() => compilePcre(entry.pattern, entry.flags)).toThrow(PcreError);
    try {
      compilePcre(entry.pattern, entry.flags);
    } catch (error) {
      expect({ message: (error as PcreError).message, offset: (error as PcreError).offset }).toEqual({
        message,
        offset,
      });
    }
  });
});
