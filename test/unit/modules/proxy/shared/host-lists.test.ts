import { lookup } from 'node:dns/promises';
import { describe, expect, it, vi } from 'vitest';
import { blockOf, directHost, isDirect } from '../../../../../src/modules/proxy/shared/host-lists.ts';

// The machine's resolver may take its time over a name that nobody has, or have an address for all.
vi.mock('node:dns/promises', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:dns/promises')>()),
  lookup: vi.fn(async (host: string) => {
    if (host === 'localhost') return [{ address: '127.0.0.1', family: 4 }];
    throw new Error(`${host} is unknown`);
  }),
}));

describe('words of NoProxy', () => {
  it.each([
    ['10', { kind: 'subnet', network: 0x0a000000, mask: 0xff000000 }],
    ['10.1.', { kind: 'subnet', network: 0x0a010000, mask: 0xffff0000 }],
    ['192.168.0.0', { kind: 'subnet', network: 0xc0a80000, mask: 0xffff0000 }],
    ['192.168.1.5', { kind: 'subnet', network: 0xc0a80105, mask: 0xffffffff }],
    ['192.168.1.5/24', { kind: 'subnet', network: 0xc0a80100, mask: 0xffffff00 }],
    ['1.2.3.4/0', { kind: 'subnet', network: 0, mask: 0 }],
    ['0.0.0.0', { kind: 'host', name: '0.0.0.0' }],
    ['1.2.3.4/33', { kind: 'word', name: '1.2.3.4/33' }],
    ['300.1.1.1', { kind: 'host', name: '300.1.1.1' }],
    ['.Example.COM.', { kind: 'domain', name: '.example.com' }],
    ['www.Example.com', { kind: 'host', name: 'www.example.com' }],
    ['a_b', { kind: 'word', name: 'a_b' }],
  ])('%s', (text, entry) => {
    expect(directHost(text)).toEqual(entry);
  });

  it.each([
    ['10.1', '10.1.200.3', true],
    ['10.1', '10.2.0.1', false],
    ['10.1', '::1', false],
    ['.example.com', 'www.EXAMPLE.com', true],
    ['.example.com', 'www.example.com.', true],
    ['.example.com', 'example.com', false],
    ['.example.com', 'wwwexample.com', false],
    ['www.example.com', 'www.example.com.', true],
    ['www.example.com', 'ftp.example.com', false],
    ['a_b', 'xa_by', true],
  ])('%s means %s: %s', (entry, host, is) => {
    expect(isDirect([directHost(entry)], host)).toBe(is);
  });

  it('names are looked up where their spelling does not tell', async () => {
    await expect(isDirect([directHost('127')], 'localhost')).resolves.toBe(true);
    await expect(isDirect([directHost('10')], 'localhost')).resolves.toBe(false);
    // A host with an address is that host alone; one without is a part of names.
    await expect(isDirect([directHost('localhost')], 'my.localhost.test')).resolves.toBe(false);
    await expect(isDirect([directHost('nosuch.invalid')], 'my.nosuch.invalid.test')).resolves.toBe(true);
  });
});

describe('a host', () => {
  it('is looked up once, however many networks there are', async () => {
    vi.mocked(lookup).mockClear();
    const list = ['10.1', '10.2', '10.3', '127'].map(directHost);
    await expect(isDirect(list, 'localhost')).resolves.toBe(true);
    expect(lookup).toHaveBeenCalledTimes(1);
  });
});

describe('ProxyBlock', () => {
  it.each([
    [['blocked.test'], 'www.blocked.test', [], { kind: 'name', matched: 'blocked.test' }],
    [['*'], 'anything', [], { kind: 'name', matched: '*' }],
    [['a', 'localhost'], 'other.test', ['127.0.0.1'], { kind: 'IP', matched: '127.0.0.1' }],
    [['localhost'], 'other.test', [], undefined],
    [['Blocked'], 'blocked', [], undefined],
    [[], 'anything', ['127.0.0.1'], undefined],
  ])('%j for %s', async (list, host, addresses, block) => {
    await expect(blockOf(list, host, addresses)).resolves.toEqual(block);
  });
});
