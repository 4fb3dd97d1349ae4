import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CaseResult } from './answers.ts';
import { type DifferentialCase, parseCase } from './case-format.ts';

const directory = fileURLToPath(new URL('../../fixtures/differential', import.meta.url));

export interface FoundCase {
  readonly group: string;
  readonly name: string;
  /** Path without the `.case` at its end. */
  readonly base: string;
  readonly definition: DifferentialCase;
}

/** Every case of fixtures/differential/<group>/<name>.case, sorted; `only` is a part of `group/name`. */
export function findCases(only = ''): FoundCase[] {
  const found: FoundCase[] = [];
  for (const group of readdirSync(directory).sort()) {
    const folder = join(directory, group);
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith('.case')) continue;
      const name = file.slice(0, -'.case'.length);
      if (!`${group}/${name}`.includes(only)) continue;
      const definition = parseCase(readFileSync(join(folder, file), 'utf8'), `${group}/${file}`);
      found.push({ group, name, base: join(folder, name), definition });
    }
  }
  return found;
}

/** `httpd` are the recorded answers; `apache-lite` the ones of a deliberate difference. */
export type RecordOf = 'httpd' | 'apache-lite';

function recordFile(found: FoundCase, of: RecordOf): string {
  return of === 'httpd' ? `${found.base}.json` : `${found.base}.apache-lite.json`;
}

export function readRecord(found: FoundCase, of: RecordOf): CaseResult | undefined {
  const file = recordFile(found, of);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CaseResult) : undefined;
}

export function writeRecord(found: FoundCase, of: RecordOf, result: CaseResult): void {
  writeFileSync(recordFile(found, of), `${JSON.stringify(result, null, 2)}\n`);
}

/** Lets at most `places` tasks run at a time. */
export function limiter(places: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
