import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  compileStrftime,
  formatClfTime,
  formatCtime,
  formatErrorLogTime,
} from '../../../src/lib/strftime.ts';

/** Recorded from apr_strftime() and apr_ctime() on Debian 12. */
interface Case {
  readonly zone: string;
  readonly seconds: number;
  readonly ctime: string;
  readonly formats: Readonly<Record<string, string>>;
}

const cases = JSON.parse(
  readFileSync(new URL('./strftime-cases.json', import.meta.url), 'utf8'),
) as readonly Case[];
const zoneBefore = process.env.TZ;

afterEach(() => {
  if (zoneBefore === undefined) delete process.env.TZ;
  else process.env.TZ = zoneBefore;
});

describe('recorded from httpd', () => {
  it.each(cases.map((entry) => [entry.seconds, entry.zone, entry] as const))(
    '%i in %s',
    (seconds, zone, entry) => {
      process.env.TZ = zone;
      const ours = Object.keys(entry.formats).map((format) => [format, compileStrftime(format)(seconds)]);
      expect(Object.fromEntries(ours)).toEqual(entry.formats);
      expect(formatCtime(seconds)).toBe(entry.ctime);
    },
  );
});

it('writes the Common Log Format in the local zone', () => {
  process.env.TZ = 'America/Los_Angeles';
  expect(formatClfTime(971211336)).toBe('[10/Oct/2000:13:55:36 -0700]');
  expect(formatClfTime(971211337)).toBe('[10/Oct/2000:13:55:37 -0700]');
});

it('writes the error log time with microseconds', () => {
  process.env.TZ = 'UTC';
  expect(formatErrorLogTime(971211336_000042)).toBe('Tue Oct 10 20:55:36.000042 2000');
});

it('bounds the width of a field', () => {
  expect(compileStrftime('%999999999Y')(0).length).toBe(8192);
});
