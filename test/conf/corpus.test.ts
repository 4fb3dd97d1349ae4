import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { httpdLines } from '../../src/diagnostics/render.ts';
import { readText } from './reading.ts';

/** Real configurations; the folder is not part of the project. */
const CORPUS = process.env.CONF_CORPUS ?? fileURLToPath(new URL('../../../shared/corpus', import.meta.url));
const FOLDERS = ['htaccess', 'main', 'snippet', 'vhost'];
const hasHttpd = spawnSync('apache2', ['-v']).status === 0;

describe.skipIf(!existsSync(CORPUS))(
  'real configurations (skipped where CONF_CORPUS names no folder)',
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
          expect(hasHttpd && httpdRefuses(file), `${file}: ${httpdLines(first).join(' ')}`).toBe(true);
        }
      });
    }
  },
);

function httpdRefuses(file: string): boolean {
  const run = spawnSync('apache2', ['-t', '-f', file], { encoding: 'latin1', timeout: 20_000 });
  return run.stderr.includes('Syntax error on line');
}
