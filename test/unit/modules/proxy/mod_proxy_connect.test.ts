import { describe, expect, it } from 'vitest';
import { isAllowed, portRange } from '../../../../src/modules/proxy/mod_proxy_connect.ts';

describe('AllowCONNECT', () => {
  it.each([
    ['443', { first: 443, last: 443 }],
    ['8000-8100', { first: 8000, last: 8100 }],
    ['80-70', { first: 80, last: 70 }],
    ['0', { first: 0, last: 0 }],
    ['x', 'AllowCONNECT: port numbers must be numeric'],
    ['-80', 'AllowCONNECT: port numbers must be numeric'],
    ['80-', "Cannot parse '' as port number"],
    ['80x', "Cannot parse '80x' as port number"],
    ['80-90x', "Cannot parse '90x' as port number"],
    ['80-90-100', "Cannot parse '90-100' as port number"],
  ])('%s', (text, range) => {
    expect(portRange(text)).toEqual(range);
  });

  it('a range holds its ends', () => {
    const allowed = [{ first: 10, last: 20 }];
    expect([9, 10, 15, 20, 21].map((port) => isAllowed(allowed, port))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(isAllowed([{ first: 80, last: 70 }], 75)).toBe(false);
  });
});
