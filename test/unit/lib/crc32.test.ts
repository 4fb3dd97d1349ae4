import { expect, it } from 'vitest';
import { Crc32, crc32InScript } from '../../../src/lib/crc32.ts';

it('sums pieces as it sums the whole', () => {
  const sum = new Crc32();
  sum.update(Buffer.from('1234'));
  sum.update(Buffer.from('56789'));
  // The check value of CRC-32.
  expect(sum.value).toBe(0xcbf43926);
  expect(crc32InScript(Buffer.from('56789'), crc32InScript(Buffer.from('1234')))).toBe(0xcbf43926);
});
