import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { httpdLines } from '../../src/diagnostics/render.ts';
import { findHttpd } from '../support/httpd.ts';
import { casesIn, problemsText, ROOT, readText, treeText, UPDATE, update } from './reading.ts';

describe('fixtures/conf/accept', () => {
  for (const one of casesIn('accept')) {
    test(one.name, () => {
      const result = readText(one.text);
      expect(result.problems.errors).toEqual([]);
      const text = treeText(result.tree) + problemsText(result);
      if (UPDATE) update(one, text);
      else expect(text).toBe(one.expected);
    });
  }
});

describe('fixtures/conf/reject', () => {
  for (const one of casesIn('reject')) {
    test(one.name, () => {
      const result = readText(one.text);
      const text = problemsText(result);
      if (UPDATE) update(one, text);
      else expect(text).toBe(one.expected);
      expect(result.problems.errors.length).toBeGreaterThan(0);
    });
  }
});

/** Reading errors are the first thing that httpd complains about, so that httpd can be asked without a complete configuration. */
const httpd = findHttpd();
describe.skipIf('missing' in httpd)('httpd words the first error of the same text', () => {
  const command = 'missing' in httpd ? '' : httpd.command;
  // What httpd says before its log is open begins with its name.
  const prefix = `${path.basename(command)}: `;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'conf-cases-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  for (const one of casesIn('reject')) {
    test(one.name, () => {
      const file = path.join(folder, 'case.conf');
      writeFileSync(file, one.text, 'latin1');
      const run = spawnSync(command, ['-t', '-d', ROOT, '-f', file], {
        encoding: 'latin1',
        timeout: 20_000,
        env: { ...process.env, FROM_ENVIRONMENT: 'environment value' },
      });
      const theirs = run.stderr
        .split('\n')
        .filter((line) => line.startsWith(prefix))
        .map((line) => line.slice(prefix.length));
      const [first] = readText(one.text, { entry: { name: file, text: one.text } }).problems.errors;
      const ours = first && httpdLines(first).join('\n');
      // httpd cuts what it logs.
      if ((theirs[0]?.length ?? 0) > 4096) expect(ours?.slice(0, 4096)).toBe(theirs[0]?.slice(0, 4096));
      else expect(ours).toBe(theirs[0]);
    });
  }
});
