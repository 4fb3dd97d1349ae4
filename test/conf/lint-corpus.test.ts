/** lint over real configurations, beside what httpd said of each (fixtures/corpus/verdicts.json, recorded by record-verdicts.js). */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Problem } from '../../src/diagnostics/problem.ts';
import { httpdLine } from '../../src/diagnostics/render.ts';
import { findings } from '../../src/lint/index.ts';
import { CORPUS, hasCorpus } from '../support/corpus.ts';

const VERDICTS = path.resolve(import.meta.dirname, '../../fixtures/corpus/verdicts.json');

interface Verdict {
  readonly hash: string;
  /** Line and words of each thing that httpd refuses. */
  readonly complaints: readonly (readonly [line: number, message: string])[];
}

/** What lint does not call an error because it is another machine's, another module's, or not built in. */
const EXPLAINED = /^(?:AL100[1-4]|AH00111)$/;
/** httpd names the start of a section that is closed wrongly, lint the end; what is inside was then taken out for the next question. */
const STRUCTURE = /was not closed|missing closing|without matching|but saw/;

describe.skipIf(!hasCorpus)(
  'lint of real configurations (skipped where CONF_CORPUS names no folder of them)',
  () => {
    test('has an error where httpd refuses a line, and nowhere else', { timeout: 120_000 }, () => {
      const verdicts = JSON.parse(readFileSync(VERDICTS, 'utf8')) as Record<string, Verdict>;
      const counts = { files: 0, accepted: 0, refused: 0, complaints: 0, asErrors: 0, explained: 0 };
      const differences: string[] = [];
      for (const [name, { hash, complaints }] of Object.entries(verdicts)) {
        const file = path.join(CORPUS, name);
        if (!existsSync(file)) continue;
        const bytes = readFileSync(file);
        if (createHash('sha256').update(bytes).digest('hex').slice(0, 16) !== hash) continue;
        counts.files++;
        counts[complaints.length === 0 ? 'accepted' : 'refused']++;
        const context = name.startsWith('htaccess/') ? 'htaccess' : 'server';
        const problems = findings({ name: file, text: bytes.toString('latin1') }, { context });
        const hasStructure = complaints.some(([, message]) => STRUCTURE.test(message));
        for (const [line, message] of complaints) {
          counts.complaints++;
          const about = problems.filter((problem) => isAbout(problem, line, message));
          if (about.some(({ severity }) => severity === 'error')) counts.asErrors++;
          else if (about.some(({ code }) => EXPLAINED.test(code))) counts.explained++;
          else differences.push(`${name}:${line}: httpd refuses it: ${message}`);
        }
        const refused = new Set(complaints.map(([line]) => line));
        for (const { severity, span, message } of problems) {
          if (severity !== 'error' || span === undefined || hasStructure || refused.has(httpdLine(span)))
            continue;
          differences.push(`${name}:${httpdLine(span)}: httpd accepts it: ${message}`);
        }
      }
      console.info(
        `lint and httpd agree on ${counts.files} files: ${counts.accepted} accepted, ${counts.refused} refused for ` +
          `${counts.complaints} lines, ${counts.asErrors} of them errors, ${counts.explained} notes or warnings of what is not here`,
      );
      expect(differences).toEqual([]);
      expect(counts.files).toBeGreaterThan(0);
    });
  },
);

function isAbout({ span, message: said, severity }: Problem, line: number, message: string): boolean {
  if (span === undefined) return false;
  if (httpdLine(span) === line) return true;
  if (STRUCTURE.test(message)) return severity === 'error' && STRUCTURE.test(said);
  // What is no error is said once of each directive.
  const command = /^Invalid command '<?([^']*)'/.exec(message)?.[1];
  return command !== undefined && said.includes(command);
}
