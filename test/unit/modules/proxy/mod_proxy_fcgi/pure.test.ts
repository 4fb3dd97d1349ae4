import { describe, expect, it } from 'vitest';
import { pathInfoOf } from '../../../../../src/modules/proxy/mod_proxy_fcgi/canonical.ts';
import { mergeFcgiDir } from '../../../../../src/modules/proxy/mod_proxy_fcgi/config.ts';
import { modProxyFcgi } from '../../../../../src/modules/proxy/mod_proxy_fcgi/index.ts';
import { genericFilename } from '../../../../../src/modules/proxy/mod_proxy_fcgi/params.ts';
import { applyText } from '../../support.ts';

describe('pathInfoOf', () => {
  it.each([
    ['srv/x.php/a.b/c', 'first-dot', '/a.b/c'],
    ['srv/x.php/a.b/c', 'LAST-DOT', '/c'],
    ['srv/x/c', 'first-dot', undefined],
    ['srv/x.php', 'first-dot', undefined],
    ['srv/x.php/c%20d%2Fe', 'first-dot', '/c d%2Fe'],
    ['srv/x.php/c%20d', '1', '/srv/x.php/c%20d'],
    ['srv/x.php/c%20d', 'unescape', '/srv/x.php/c d'],
    ['srv/x.php/c', 'full', undefined],
    ['x', '', '/x'],
  ])('%s, %s: %s', (path, mode, expected) => {
    expect(pathInfoOf(path, mode)).toBe(expected);
  });
});

describe('genericFilename', () => {
  it.each([
    ['proxy:fcgi://h:9//srv/x.php', undefined, '//srv/x.php'],
    ['proxy:fcgi://h/x?q=1', 'q=1', '/x'],
    ['proxy:fcgi://h/x?q=2', 'q=1', '/x?q=2'],
    ['/srv/x', 'q', '/srv/x'],
    ['proxy:fcgi://h', undefined, ''],
  ])('%s', (filename, args, expected) => {
    expect(genericFilename(filename, args)).toBe(expected);
  });
});

describe('directives', () => {
  it.each([
    [
      'ProxyFCGIBackendType CGI',
      "ProxyFCGIBackendType requires one of the following arguments: 'GENERIC', 'FPM'",
    ],
    ['ProxyFCGISetEnvIf true !', 'ProxyFCGISetEnvIf: "!" is not a valid variable name'],
    [
      'ProxyFCGISetEnvIf true !X y',
      `Third argument ("y") is not allowed when using ProxyFCGISetEnvIf's unset mode (!X)`,
    ],
    [
      'ProxyFCGISetEnvIf true',
      'ProxyFCGISetEnvIf takes two or three arguments, expr-condition env-name expr-value',
    ],
  ])('%s', (text, message) => {
    expect(applyText(text).errors).toEqual([message]);
  });

  it('rules keep their order, names lose their mark', () => {
    const { server, errors } = applyText(
      'ProxyFCGIBackendType generic\nProxyFCGISetEnvIf true A b\nProxyFCGISetEnvIf true !C\nProxyFCGISetEnvIf true D',
    );
    expect(errors).toEqual([]);
    const conf = modProxyFcgi.dirOf(server.lookupDefaults);
    expect(conf.backendType).toBe('generic');
    expect(conf.envRules?.map(({ name, value }) => [name, value?.constant])).toEqual([
      ['A', 'b'],
      ['C', undefined],
      ['D', ''],
    ]);
    expect(mergeFcgiDir(conf, conf).envRules).toHaveLength(6);
  });
});
