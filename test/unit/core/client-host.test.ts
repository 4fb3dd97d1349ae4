import { lookup, lookupService } from 'node:dns/promises';
import { expect, it, vi } from 'vitest';
import { PerDirConfig } from '../../../src/config/per-dir.ts';
import { clientHostName, shownHostName } from '../../../src/core/client-host.ts';
import type { Request } from '../../../src/core/request.ts';

vi.mock('node:dns/promises', () => ({ lookup: vi.fn(), lookupService: vi.fn() }));

const NAMES: Readonly<Record<string, string>> = {
  '192.0.2.1': 'Honest.test',
  '192.0.2.2': 'liar.test',
  '192.0.2.3': '192.0.2.3',
};
const ADDRESSES: Readonly<Record<string, string>> = { 'honest.test': '192.0.2.1', 'liar.test': '192.0.2.9' };

vi.mocked(lookupService).mockImplementation(async (address) => {
  const hostname = NAMES[address];
  if (hostname === undefined) throw new Error('ENOTFOUND');
  return { hostname, service: '' };
});
vi.mocked(lookup).mockImplementation((async (name: string) => [
  { address: ADDRESSES[name], family: 4 },
]) as never);

const request = (clientAddr: string, hostnameLookups?: 'on' | 'off' | 'double'): Request =>
  ({ clientAddr, perDir: new PerDirConfig([{ hostnameLookups }]) }) as unknown as Request;

it.each([
  ['192.0.2.1', 'on', 'honest.test'],
  ['192.0.2.1', 'double', 'honest.test'],
  ['192.0.2.2', 'on', 'liar.test'],
  ['192.0.2.2', 'double', undefined],
  ['192.0.2.3', 'on', undefined],
  ['192.0.2.4', 'on', undefined],
  ['192.0.2.1', 'off', undefined],
] as const)('%s with HostnameLookups %s is shown as %s', async (address, mode, name) => {
  const r = request(address, mode);
  expect(await shownHostName(r)).toBe(name);
  // What has been found out is at hand.
  expect(shownHostName(r)).toBe(name);
});

it('asks access control for confirmed names alone', async () => {
  expect(await clientHostName(request('192.0.2.1', 'on'))).toBe('honest.test');
  expect(await clientHostName(request('192.0.2.2', 'on'))).toBeUndefined();
});
