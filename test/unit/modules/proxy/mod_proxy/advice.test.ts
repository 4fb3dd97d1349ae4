import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../../../../src/core/load.ts';
import { modules } from '../../../../../src/modules/index.ts';

const LOADED = ['authz_core', 'proxy', 'proxy_fcgi', 'proxy_balancer', 'slotmem_shm', 'lbmethod_byrequests'];

/** What is said of a configuration, besides what its frame is to blame for. */
async function told(text: string, loaded: readonly string[] = LOADED): Promise<string[]> {
  const lines = loaded.map((name) => `LoadModule ${name}_module modules/mod_${name}.so`);
  const { problems } = await loadConfiguration(modules, {
    entry: { name: 'test.conf', text: `${lines.join('\n')}\nServerName t\nListen 80\n${text}` },
    serverRoot: '/tmp',
  });
  return problems.list.map(({ code, message }) => `${code} ${message}`);
}

const SOCKET = '<FilesMatch x>\nSetHandler "proxy:unix:/run/x.sock|fcgi://localhost"\n</FilesMatch>\n';
const unseen = (directive: string, name: string): string =>
  `AL1301 ${directive} sets parameters of ${name}, but nothing here sends requests there`;

describe('parameters of a worker', () => {
  it.each([
    [`<Proxy fcgi://h:9000 max=3>\n</Proxy>\n${SOCKET}`, [unseen('Proxy', 'fcgi://h:9000')]],
    [
      `<Proxy "unix:/run/x.sock|fcgi://php">\nProxySet max=3\n</Proxy>\n${SOCKET}`,
      [unseen('ProxySet', 'fcgi://php')],
    ],
    ['<Proxy fcgi://h>\nProxySet max=3\nProxySet smax=1\n</Proxy>', [unseen('ProxySet', 'fcgi://h')]],
    [`<Proxy fcgi://localhost/ max=3>\n</Proxy>\n${SOCKET}`, []],
    ['<Proxy fcgi://h>\nProxySet max=3\n</Proxy>\n<Directory />\nAllowOverride FileInfo\n</Directory>', []],
    ['<Proxy fcgi://h>\nProxySet max=3\n</Proxy>\nProxyPassMatch ^/(.*)$ fcgi://H/$1', []],
    ['<Proxy fcgi://h>\nProxySet max=3\n</Proxy>\nProxyPassMatch ^/(.*)$ fcgi://$1/', []],
    ['<Proxy fcgi://h>\nProxySet max=3\n</Proxy>\nProxyPass /x fcgi://h/x', []],
    ['<Proxy fcgi://h>\nRequire all granted\n</Proxy>', []],
    ['<Proxy balancer://b>\nProxySet timeout=3\n</Proxy>', []],
  ])('%s', async (text, expected) => {
    expect(await told(text)).toEqual(expected);
  });
});

it.each([
  [
    '"proxy:unix:/run/x.sock"',
    ['AL1302 SetHandler proxy:unix:/run/x.sock does not say what is spoken on the socket'],
  ],
  ['"proxy:unix:/run/x.sock|fcgi://localhost"', []],
  ['proxy-server', []],
])('SetHandler %s', async (handler, expected) => {
  expect(await told(`<Location /x>\nSetHandler ${handler}\n</Location>`)).toEqual(expected);
});

describe('modules that balancers need', () => {
  const text = 'BalancerMember balancer://b fcgi://h';
  it.each([
    ['slotmem_shm', ["AH01177 Failed to lookup provider 'shm' for 'slotmem': is mod_slotmem_shm loaded??"]],
    ['lbmethod_byrequests', ['AH02432 Cannot find LB Method: byrequests']],
    ['proxy_balancer', []],
  ])('without %s', async (missing, expected) => {
    const loaded = LOADED.filter((name) => name !== missing);
    expect(await told(text, loaded)).toEqual(expected);
  });
});
