import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownDirectives } from '../../src/config/known-directives.ts';
import { modules } from '../../src/modules/index.ts';
import { directiveTables, README, withTables } from '../support/write-docs.js';

const readme = readFileSync(README, 'utf8');
const root = path.dirname(README);

describe('README, "Modules and directives"', () => {
  it('is what npm run docs writes', () => {
    expect(withTables(readme, directiveTables(modules, knownDirectives())), 'stale: npm run docs').toBe(
      readme,
    );
  });
});

describe('README, "Differences from httpd"', () => {
  const [, section = ''] = /## Differences from httpd\n(.*?)\n## /s.exec(readme) ?? [];
  const named = new Set(
    [...section.matchAll(/`(fixtures\/differential\/[^`]+|test\/[^`]+\.test\.ts)`/g)].map(
      ([, file]) => file ?? '',
    ),
  );

  it.each([...named])('%s is there', (file) => {
    expect(() => readFileSync(path.join(root, file), 'utf8')).not.toThrow();
  });

  it('names a test behind every line', () => {
    for (const line of section.split('\n- ').slice(1))
      expect(line).toMatch(/`(fixtures\/differential|test)\/[^`]+`/);
  });

  it('names every case that says @difference, and no other', () => {
    const folder = path.join(root, 'fixtures/differential');
    const cases = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.case'))
      .filter((name) => /^@difference /m.test(readFileSync(path.join(folder, name), 'latin1')))
      .map((name) => `fixtures/differential/${name}`);
    expect([...named].filter((file) => file.startsWith('fixtures/')).sort()).toEqual(cases.sort());
  });
});
