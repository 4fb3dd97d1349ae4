import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { httpdLines } from '../../src/diagnostics/render.ts';
import { CORPUS, hasCorpus } from '../support/corpus.ts';
import { findHttpd } from '../support/httpd.ts';
import { readText } from './reading.ts';

const FOLDERS = ['htaccess', 'main', 'snippet', 'vhost'];
const httpd = findHttpd();

describe.skipIf(!hasCorpus || 'missing' in httpd)(
  'real configurations (skipped where CONF_CORPUS names no folder of them, or httpd is missing)',
  () => {
    for (const folder of FOLDERS) {
      test(folder, { timeout: 120_000 }, () => {
        for (const name of readdirSync(path.join(CORPUS, folder))) {
          const file = path.join(CORPUS, folder, name);
          const { problems } = readText(readFileSync(file, 'latin1'), { entry: { file } });
          const [first] = problems.errors;
          if (first === undefined) continue;
          // What depends on this machine and on the modules at hand is no error of the lines.
          if (/^(Include|Could not open|Cannot load|ServerRoot must|no macro defined)/.test(first.message))
            continue;
          expect(whatHttpdSays(file), file).toContain(httpdLines(first).join('\n'));
        }
      });
    }
  },
);

/** Reading errors are the first thing that it complains about: it needs no modules for them. */
function whatHttpdSays(file: string): string {
  if ('missing' in httpd) return '';
  return spawnSync(httpd.command, ['-t', '-f', file], { encoding: 'latin1', timeout: 20_000 }).stderr;
}
