import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { findApacheLite } from '../support/apache-lite.ts';
import { hasOpenssl } from '../support/certificates.ts';
import { findHttpd, type ServerProgram } from '../support/httpd.ts';
import { findPhpFpm } from '../support/php-fpm.ts';
import { type CaseResult, comparable, reducedCheck } from './answers.ts';
import { runCase, takePlace } from './run-case.ts';
import { runsAsRoot } from './server-user.ts';
import { type FoundCase, findCases, limiter, readRecord, writeRecord } from './suite.ts';

/**
 * DIFFERENTIAL: `live` asks httpd and apache-lite (the default where httpd is installed), `recorded` asks only
 * apache-lite and compares with the recorded answers, `record` writes httpd's answers down,
 * `record-differences` writes apache-lite's answers to the cases that differ on purpose.
 * DIFFERENTIAL_ONLY: a part of `group/name`.
 */
const foundHttpd = findHttpd();
const httpd = 'missing' in foundHttpd ? undefined : foundHttpd;
const apacheLite = findApacheLite();
const mode = process.env.DIFFERENTIAL ?? (httpd === undefined ? 'recorded' : 'live');
const inCi = process.env.CI === 'true';
// More than there are processors: most of a case's time is waiting for servers to start and connections to end.
const oneOf = limiter(4);

const cases = findCases(process.env.DIFFERENTIAL_ONLY);

test('the servers to compare are there', () => {
  if (inCi) expect([foundHttpd, apacheLite].filter((found) => 'missing' in found)).toEqual([]);
  if (mode === 'record') expect(foundHttpd).not.toHaveProperty('missing');
  expect(cases.length).toBeGreaterThan(0);
});

for (const group of new Set(cases.map((found) => found.group))) {
  describe.concurrent(group, () => {
    for (const found of cases.filter((candidate) => candidate.group === group)) {
      test(`${found.name}: ${found.definition.description}`, { timeout: 600_000 }, (context) =>
        oneOf(async () => {
          const unmet = missingRequirement(found);
          if (unmet !== undefined) return context.skip(unmet);
          if (mode === 'record') return record(found);
          const expected = await answersOfHttpd(found);
          if ('missing' in apacheLite) return context.skip(apacheLite.missing);
          await compare(found, apacheLite, expected);
        }),
      );
    }
  });
}

function missingRequirement(found: FoundCase): string | undefined {
  if (found.definition.requires.includes('root') && !runsAsRoot()) return 'needs to run as root';
  if (found.definition.phpFpm && findPhpFpm() === undefined) return 'php-fpm is not installed';
  if (found.definition.certificates.length > 0 && !hasOpenssl()) return 'openssl is not installed';
  return undefined;
}

async function run(found: FoundCase, program: ServerProgram): Promise<CaseResult> {
  const place = await takePlace();
  try {
    return await runCase(found.definition, program, httpd, place);
  } finally {
    await place.release();
  }
}

/** Asks twice: an answer that is not the same the next time must not be recorded. */
async function record(found: FoundCase): Promise<void> {
  if (httpd === undefined) throw new Error('no httpd to record from');
  const first = await run(found, httpd);
  const second = await run(found, httpd);
  expect(comparable(second), 'httpd does not answer the same twice').toEqual(comparable(first));
  writeRecord(found, 'httpd', first);
}

async function answersOfHttpd(found: FoundCase): Promise<CaseResult> {
  const recorded = readRecord(found, 'httpd');
  if (recorded === undefined) throw new Error('not recorded yet: npm run differential -- --record');
  if (mode === 'live' && httpd !== undefined) {
    // Some of its answers hang on which of two processes is faster (a script's end, the framing of its output): one of three tries is enough.
    for (let tries = 1; ; tries++) {
      const live = comparable(await run(found, httpd));
      if (tries < 3 && !isDeepStrictEqual(live, comparable(recorded))) continue;
      expect(live, 'httpd no longer answers as recorded').toEqual(comparable(recorded));
      break;
    }
  }
  return recorded;
}

async function compare(found: FoundCase, program: ServerProgram, ofHttpd: CaseResult): Promise<void> {
  const actual = await run(found, program);
  const reduced = reduce(actual, ofHttpd);
  if (found.definition.difference === undefined) {
    expect(comparable(reduced), 'apache-lite does not answer as httpd does').toEqual(comparable(ofHttpd));
    return;
  }
  expect(comparable(reduced), 'the difference is gone: drop its mark').not.toEqual(comparable(ofHttpd));
  if (mode === 'record-differences') return writeRecord(found, 'apache-lite', actual);
  const expected = readRecord(found, 'apache-lite');
  if (expected === undefined)
    throw new Error('not recorded yet: npm run differential -- --record-differences');
  expect(comparable(actual), 'apache-lite no longer differs as recorded').toEqual(comparable(expected));
}

function reduce(actual: CaseResult, expected: CaseResult): CaseResult {
  if (actual.check === undefined || expected.check === undefined) return actual;
  return {
    ...actual,
    check: { ...actual.check, output: reducedCheck(actual.check.output, expected.check.output) },
  };
}
