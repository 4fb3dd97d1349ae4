import { describe, expect, it } from 'vitest';
import { modProxy } from '../../../../../src/modules/proxy/mod_proxy/index.ts';
import { mergeProxyServer } from '../../../../../src/modules/proxy/shared/config.ts';
import { applyText } from '../../support.ts';

const BAD_REMOTE = 'ProxyRemote: Bad syntax for a remote proxy server';

describe('what is refused, in the words of httpd', () => {
  it.each([
    ['ProxyRequests maybe', 'ProxyRequests must be On or Off'],
    ['ProxyRemote * foo', BAD_REMOTE],
    ['ProxyRemote * http:/x', BAD_REMOTE],
    ['ProxyRemote * http://', BAD_REMOTE],
    ['ProxyRemote * http://h:abc', `${BAD_REMOTE} (bad port number)`],
    ['ProxyRemote * http://h:', `${BAD_REMOTE} (bad port number)`],
    ['ProxyRemote * http://h:99999', `${BAD_REMOTE} (bad port number)`],
    ['ProxyRemote * http://[::1]:8080', `${BAD_REMOTE} (bad port number)`],
    ['ProxyRemoteMatch ( foo', 'ProxyRemoteMatch: Bad syntax for a remote proxy server'],
    ['ProxyRemoteMatch ( http://h', 'Regular expression for ProxyRemoteMatch could not be compiled.'],
    [
      'ProxyRemote *',
      "ProxyRemote takes two or three arguments, a scheme, partial URL or '*' and a proxy server",
    ],
    ['ProxyDomain x', 'ProxyDomain: domain name must start with a dot.'],
    [
      'NoProxy',
      'NoProxy requires at least one argument, A list of domains, hosts, or subnets to which the proxy will connect directly',
    ],
    [
      'ProxyBlock',
      'ProxyBlock requires at least one argument, A list of names, hosts or domains to which the proxy will not connect',
    ],
  ])('%s', (text, message) => {
    expect(applyText(text).errors).toEqual([message]);
  });
});

describe('ProxyRemote', () => {
  it.each([
    ['http://H.Test', { scheme: 'http', host: 'h.test', port: 80 }],
    ['http://h:80x', { scheme: 'http', host: 'h', port: 80 }],
    ['http://h:-1', { scheme: 'http', host: 'h', port: 80 }],
    ['http://h:0', { scheme: 'http', host: 'h', port: 0 }],
    ['https://h', { scheme: 'https', host: 'h', port: 443 }],
    ['foo://h', { scheme: 'foo', host: 'h', port: 0 }],
    ['http://h:3128 user:pw', { host: 'h', port: 3128, credentials: 'dXNlcjpwdw==' }],
  ])('%s', (text, remote) => {
    const { server, errors } = applyText(`ProxyRemote * ${text}`);
    expect(errors).toEqual([]);
    expect(modProxy.server(server).remotes?.[0]?.remote).toMatchObject(remote);
  });

  it.each([
    ['ProxyRemote * http://h', 'http', 'http://a/', true],
    ['ProxyRemote HTTP http://h', 'http', 'http://a/', true],
    ['ProxyRemote ftp http://h', 'http', 'http://a/', false],
    ['ProxyRemote http://A/one http://h', 'http', 'http://a/one/two', true],
    ['ProxyRemote http://a/one http://h', 'http', 'http://a/on', false],
    ['ProxyRemoteMatch ^http://.*two http://h', 'http', 'http://a/two', true],
    ['ProxyRemoteMatch ^http://.*two http://h', 'http', 'http://a/one', false],
  ])('%s for %s of %s: %s', (text, scheme, url, isMatch) => {
    const { server } = applyText(text);
    expect(modProxy.server(server).remotes?.[0]?.matches(scheme, url)).toBe(isMatch);
  });
});

describe('merging', () => {
  it('lists come one behind the other, the rest is replaced', () => {
    const base = { isForward: true, blocks: ['a'], domain: '.a' };
    expect(mergeProxyServer(base, { isForward: false, blocks: ['b'] })).toMatchObject({
      isForward: false,
      blocks: ['a', 'b'],
      domain: '.a',
    });
  });

  it('a name is blocked once', () => {
    const { server } = applyText('ProxyBlock a b\nProxyBlock b c');
    expect(modProxy.server(server).blocks).toEqual(['a', 'b', 'c']);
  });
});
