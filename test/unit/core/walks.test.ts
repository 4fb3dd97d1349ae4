import { expect, it } from 'vitest';
import { PerDirConfig } from '../../../src/config/per-dir.ts';
import type { Request } from '../../../src/core/request.ts';
import { withPerDir } from '../../../src/core/walks.ts';

const outer = new PerDirConfig();
const request = (): Request => ({ perDir: outer, configuration: { modules: [] } }) as unknown as Request;
const fails = (): never => {
  throw new Error('no');
};

it.each([
  ['answers', (): unknown => 'granted'],
  ['throws', fails],
  ['answers later', async (): Promise<unknown> => 'granted'],
  ['rejects', async (): Promise<unknown> => fails()],
])('withPerDir puts the configuration back when what it asks %s', async (_, end) => {
  const r = request();
  let during: unknown;
  const ask = (): unknown => {
    during = r.perDir;
    return end();
  };
  await (async () => withPerDir(r, new PerDirConfig(), ask))().catch(() => undefined);
  expect(during).not.toBe(outer);
  expect(r.perDir).toBe(outer);
});
