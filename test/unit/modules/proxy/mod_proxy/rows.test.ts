import { describe, expect, it } from 'vitest';
import { modProxy } from '../../../../../src/modules/proxy/mod_proxy/index.ts';
import {
  isOverridden,
  mergeProxyDir,
  mergeProxyServer,
} from '../../../../../src/modules/proxy/shared/config.ts';
import { applyText } from '../../support.ts';

describe('what is refused', () => {
  it.each([
    ['BalancerMember', 'BalancerMember must define balancer name when outside <Proxy > section'],
    ['ProxyPassMatch ~ /a fcgi://h/', "ProxyPassMatch invalid syntax ('~' usage)."],
    ['ProxyErrorOverride Off 404', "ProxyErrorOverride: status codes must follow a value of 'on'"],
    [
      'ProxyErrorOverride',
      "ProxyErrorOverride requires at least one argument, use our error handling pages instead of the servers' we are proxying",
    ],
    ['ProxyIOBufferSize 1', 'ProxyIOBufferSize must be >= 512 bytes, or 0 for system default.'],
    [
      '<Location /x>\nProxyPass fcgi://h/ z\n</Location>',
      "Invalid ProxyPass|ProxyPassMatch parameter. Parameter must be in the form 'key=value'.",
    ],
    ['<Proxy fcgi://h a>\n</Proxy>', "Invalid Proxy parameter. Parameter must be in the form 'key=value'"],
    ['<Proxy fcgi://h\n</Proxy>', "<Proxy> directive missing closing '>'"],
    ['ProxySet fcgi://h timeout=1', "ProxySet can not find 'fcgi://h' Worker."],
  ])('%s', (text, message) => {
    expect(applyText(text).errors).toEqual([message]);
  });
});

describe('what is accepted', () => {
  it.each([
    'ProxyPass ~ ^/a fcgi://h/',
    'ProxyPass /a fcgi://h:99999/',
    'ProxyPass /a unix:|fcgi://h/',
    '<Proxy>\n</Proxy>',
    '<Proxy foo>\n</Proxy>',
    '<Proxy *>\nRequire all granted\n</Proxy>',
    '<Location /x>\nProxyPass fcgi://h/ retry=1\n</Location>',
    'ProxyRequests Off',
    'ProxySourceAddress 127.0.0.1',
    'BalancerGrowth x',
  ])('%s', (text) => {
    expect(applyText(text).errors).toEqual([]);
  });

  it('a ProxyPass with everything', () => {
    const { server, errors } = applyText(
      'ProxyPass "/a b" "unix:/x.sock|fcgi://h/s" nocanon INTERPOLATE noquery mapping=encoded enablereuse=on max=3',
    );
    expect(errors).toEqual([]);
    const conf = modProxy.server(server);
    expect(conf.aliases).toEqual([
      {
        from: '/a b',
        to: 'fcgi://h/s',
        regex: undefined,
        isNocanon: true,
        isInterpolated: true,
        mapping: 'encoded',
      },
    ]);
    expect(conf.hasEncodedMapping).toBe(true);
    expect(conf.workers).toHaveLength(1);
    expect(conf.workers?.[0]).toMatchObject({
      name: 'fcgi://h/s',
      socket: '/x.sock',
      options: { isReusing: true, max: 3 },
    });
  });

  it('a worker is shared by what begins with its name, and its parameters stay', () => {
    const { server, warnings } = applyText(
      'ProxyPass /a fcgi://h/ timeout=3\nProxyPass /b fcgi://h/b timeout=5',
    );
    const { workers } = modProxy.server(server);
    expect(workers?.map((one) => [one.name, one.options.timeout])).toEqual([['fcgi://h/', 3000]]);
    expect(warnings.join()).toContain(
      "AH01146: Ignoring parameter 'timeout=5' for worker 'fcgi://h/' because of worker sharing",
    );
  });

  it('ProxySet inside of <Proxy> means its worker', () => {
    const { server } = applyText(
      '<Proxy "unix:/s|fcgi://n/">\nProxySet timeout=7 ttl=9\n</Proxy>\nProxySet fcgi://n/ max=2',
    );
    expect(modProxy.server(server).workers).toMatchObject([
      { name: 'fcgi://n/', socket: '/s', options: { timeout: 7000, ttl: 9000, max: 2 } },
    ]);
  });

  it.each([
    ['<Proxy "fcgi://h/">', 'fcgi://h/x', true],
    ['<Proxy "fcgi://h/">', 'fcgi://g/x', false],
    ['<Proxy *>', 'http://h/x', true],
    ['<Proxy "fcgi://*/x">', 'fcgi://h/x', true],
    ['<Proxy "unix:/s|fcgi://h">', 'fcgi://h/x', true],
    ['<ProxyMatch "^fcgi://.*denied">', 'fcgi://h/denied', true],
    ['<Proxy>', 'fcgi://h/', true],
  ])('%s holds for %s: %s', (open, url, expected) => {
    const close = open.startsWith('<ProxyM') ? '</ProxyMatch>' : '</Proxy>';
    const { server } = applyText(`${open}\n${close}`);
    expect(modProxy.server(server).sections?.[0]?.matches(url)).toBe(expected);
  });
});

describe('merging', () => {
  const pass = (from: string) => ({
    from,
    to: '!',
    regex: undefined,
    isNocanon: false,
    isInterpolated: false,
    mapping: 'decoded' as const,
  });

  it('puts the main server first', () => {
    const merged = mergeProxyServer(
      { aliases: [pass('/m')], timeout: 1 },
      { aliases: [pass('/v')], timeout: 2 },
    );
    expect(merged.aliases?.map((one) => one.from)).toEqual(['/m', '/v']);
    expect(merged.timeout).toBe(2);
    expect('workers' in merged).toBe(false);
  });

  it('adds codes, replaces the alias', () => {
    const merged = mergeProxyDir(
      { alias: pass('/a'), errorCodes: [404], overridesErrors: true },
      { alias: pass('/b'), errorCodes: [410] },
    );
    expect(merged).toMatchObject({ alias: { from: '/b' }, errorCodes: [404, 410], overridesErrors: true });
  });

  it.each([
    [{}, 500, false],
    [{ overridesErrors: true }, 399, false],
    [{ overridesErrors: true }, 404, true],
    [{ overridesErrors: true }, 600, false],
    [{ overridesErrors: true, errorCodes: [403] }, 404, false],
    [{ overridesErrors: true, errorCodes: [403] }, 403, true],
  ])('isOverridden(%j, %i)', (conf, status, expected) => {
    expect(isOverridden(conf, status)).toBe(expected);
  });
});
