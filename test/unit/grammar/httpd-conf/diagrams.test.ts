import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { railroadPage } from '../../../../grammar/httpd-conf/diagrams.ts';

const FILE = path.resolve(import.meta.dirname, '../../../../grammar/httpd-conf/railroad.html');

test('railroad.html is what the parser is (UPDATE_DIAGRAMS=1 writes it anew)', () => {
  if (process.env.UPDATE_DIAGRAMS === '1') writeFileSync(FILE, railroadPage());
  expect(readFileSync(FILE, 'utf8')).toBe(railroadPage());
});
