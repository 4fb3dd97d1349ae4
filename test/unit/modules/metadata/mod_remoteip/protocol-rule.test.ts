import { describe, expect, it } from 'vitest';
import { VirtualServer } from '../../../../../src/core/virtual-server.ts';
import { createIpSubnet } from '../../../../../src/lib/cidr.ts';
import { parseNumericAddress } from '../../../../../src/lib/inet-address.ts';
import { isPrivate } from '../../../../../src/modules/metadata/mod_remoteip/index.ts';
import { protocolRule } from '../../../../../src/modules/metadata/mod_remoteip/protocol-rule.ts';

const main = new VirtualServer(false, [], undefined);
const at = (host: string | undefined, port: number): VirtualServer =>
  new VirtualServer(true, [{ text: 'x', name: 'x', host, port }], undefined);

describe('protocolRule', () => {
  it.each([
    ['nothing', [], undefined],
    ['off', [{ server: main, isOn: false }], undefined],
    ['on everywhere', [{ server: main, isOn: true }], true],
    ['on at the port', [{ server: at(undefined, 80), isOn: true }], true],
    ['on at another port', [{ server: at(undefined, 81), isOn: true }], false],
    ['on at the address', [{ server: at('10.0.0.1', 0), isOn: true }], true],
    ['on at another address', [{ server: at('10.0.0.2', 80), isOn: true }], false],
    [
      'off at the port',
      [
        { server: main, isOn: true },
        { server: at(undefined, 80), isOn: false },
      ],
      false,
    ],
    [
      'the last of the same address',
      [
        { server: at(undefined, 80), isOn: false },
        { server: at(undefined, 80), isOn: true },
      ],
      true,
    ],
  ])('%s', (_what, switches, expected) => {
    const rule = protocolRule({ switches });
    expect(rule?.('10.0.0.1', 80, '1.2.3.4')).toBe(expected);
  });

  it('knows exceptions', () => {
    const rule = protocolRule({
      switches: [{ server: main, isOn: true }],
      exceptions: [createIpSubnet('1.2.3.0', '24')],
    });
    expect([rule?.('10.0.0.1', 80, '1.2.3.4'), rule?.('10.0.0.1', 80, '1.2.4.4')]).toEqual([false, true]);
  });
});

describe('isPrivate', () => {
  it.each([
    ['10.1.1.1', true],
    ['127.0.0.1', true],
    ['169.254.1.1', true],
    ['169.253.1.1', false],
    ['172.16.0.1', true],
    ['172.31.0.1', true],
    ['172.32.0.1', false],
    ['192.168.0.1', true],
    ['8.8.8.8', false],
    ['::1', true],
    ['fe80::1', true],
    ['2001:db8::1', false],
    ['3fff::1', false],
    ['4000::1', true],
  ])('%s: %s', (text, expected) => {
    expect(isPrivate(parseNumericAddress(text) ?? new Uint8Array(0))).toBe(expected);
  });
});
