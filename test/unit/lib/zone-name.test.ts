import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { zoneName } from '../../../src/lib/zone-name.ts';

const WINTER = Date.UTC(2024, 0, 15) / 1000;
const SUMMER = Date.UTC(2024, 6, 15) / 1000;

afterEach(() => vi.unstubAllEnvs());

describe.skipIf(!existsSync('/usr/share/zoneinfo/Europe/Berlin'))('zones of the system', () => {
  it.each([
    ['Europe/Berlin', WINTER, 60, 'CET'],
    ['Europe/Berlin', SUMMER, 120, 'CEST'],
    [':America/New_York', SUMMER, -240, 'EDT'],
    ['/usr/share/zoneinfo/Asia/Tokyo', WINTER, 540, 'JST'],
    ['UTC', WINTER, 0, 'UTC'],
    ['', WINTER, 0, 'UTC'],
  ])('%s', (zone, time, offset, name) => {
    vi.stubEnv('TZ', zone);
    expect(zoneName(time, offset)).toBe(name);
  });
});

it.each(['../../etc/passwd', 'No/Such_Zone', '/etc/passwd', '/'])('%s has no names of its own', (zone) => {
  vi.stubEnv('TZ', zone);
  expect(zoneName(WINTER, 60)).not.toBe('');
});
