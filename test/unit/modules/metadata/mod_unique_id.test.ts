import { expect, it } from 'vitest';
import { makeUniqueId } from '../../../../src/modules/metadata/mod_unique_id.ts';

it('makes names of the alphabet that httpd has, which begin with the time', () => {
  const names = Array.from({ length: 1000 }, () => makeUniqueId(1_700_000_000_123));
  for (const name of names) expect(name).toMatch(/^[-_A-Za-z0-9]{27}$/);
  expect(Buffer.from(names[0] as string, 'base64url').readUInt32BE(0)).toBe(1_700_000_000);
});

it('makes no name twice within a second', () => {
  const names = new Set(Array.from({ length: 65536 }, () => makeUniqueId(1_700_000_000_000)));
  expect(names.size).toBe(65536);
});
