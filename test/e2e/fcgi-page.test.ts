/** The examples of mod_proxy_fcgi's manual page with PHP-FPM: what a script is told is what httpd tells it, byte for byte. */
import { mkdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findHttpd } from '../support/httpd.ts';
import { findPhpFpm, makePhpPool, type PhpPool } from '../support/php-fpm.ts';
import { type AskOptions, ask, makeSite, type Reply, type Site } from '../support/with-server.ts';

/** Everything a script sees but the clock, the client's port and what PHP adds of itself. */
const DUMP = `<?php
header('Content-Type: text/plain');
header('X-Pid: ' . getmypid());
ksort($_SERVER);
foreach ($_SERVER as $name => $value)
  if (!preg_match('/^(REQUEST_TIME|REMOTE_PORT$|argv$|argc$|USER$|HOME$|PHP_|SERVER_SOFTWARE$|SERVER_SIGNATURE$)/', $name)) echo $name, '=', $value, "\\n";
echo 'body=', file_get_contents('php://input'), "\\n";
`;

interface Example {
  readonly name: string;
  /** @param tcp `host:port` of FPM, @param socket its other pool's socket, @param root where the scripts are. */
  readonly configuration: (tcp: string, socket: string, root: string) => string;
  /** `none` is no file; `sp%20ace` is one that FPM finds only where the server maps the URL: by ProxyPass names go on encoded. */
  readonly targets: readonly string[];
}

const CLUSTER = (tcp: string, socket: string, path: string, name: string): string => `
<Proxy "balancer://${name}/">
    BalancerMember "fcgi://${tcp}${path}"
    BalancerMember "unix:${socket}|fcgi://second${path}"
</Proxy>
`;

const EXAMPLES: readonly Example[] = [
  {
    name: 'single',
    configuration: (tcp, _, root) => `ProxyPass "/myapp/" "fcgi://${tcp}${root}/myapp/"`,
    targets: ['/myapp/dump.php', '/myapp/dump.php?a=1&b=%20c'],
  },
  {
    name: 'reuse',
    configuration: (tcp, _, root) => `ProxyPass "/myapp/" "fcgi://${tcp}${root}/myapp/" enablereuse=on`,
    targets: ['/myapp/dump.php', '/myapp/sp%20ace.php'],
  },
  {
    name: 'match',
    configuration: (tcp, _, root) =>
      `ProxyPassMatch "^/myapp/.*\\.php(/.*)?$" "fcgi://${tcp}${root}/" enablereuse=on`,
    targets: ['/myapp/dump.php', '/myapp/dump.php/path/in%66o?x=y', '/myapp/sp%20ace.php', '/myapp/none.php'],
  },
  {
    name: 'socket',
    configuration: (_, socket, root) =>
      `ProxyPassMatch "^/(.*\\.php(/.*)?)$" "unix:${socket}|fcgi://localhost${root}/"`,
    targets: ['/myapp/dump.php', '/myapp/dump.php/info', '/myapp/sp%20ace.php?q'],
  },
  {
    name: 'ignored',
    configuration: (_, socket, root) =>
      `ProxyPassMatch "^/(.*\\.php(/.*)?)$" "unix:${socket}|fcgi://no.such.host.invalid:9999${root}/"`,
    targets: ['/myapp/dump.php', '/myapp/dump.php/info'],
  },
  {
    name: 'handler',
    configuration: (_, socket) => `
<FilesMatch "\\.php$">
    SetHandler  "proxy:unix:${socket}|fcgi://localhost/"
</FilesMatch>
<Proxy "fcgi://localhost/" enablereuse=on max=10>
</Proxy>
`,
    targets: [
      '/myapp/dump.php',
      '/myapp/dump.php/path/in%20fo?x=y',
      '/myapp/sp%20ace.php',
      '/myapp/none.php',
    ],
  },
  {
    name: 'handler-tcp',
    configuration: (tcp) => `
<FilesMatch "\\.php$">
    SetHandler  "proxy:fcgi://${tcp}"
</FilesMatch>
`,
    targets: ['/myapp/dump.php', '/myapp/dump.php/info?x=y'],
  },
  {
    name: 'balancer',
    configuration: (tcp, socket, root) =>
      `ProxyPass "/myapp/" "balancer://myappcluster/"${CLUSTER(tcp, socket, `${root}/myapp`, 'myappcluster')}`,
    targets: ['/myapp/dump.php', '/myapp/dump.php?second', '/myapp/dump.php?third'],
  },
  {
    name: 'handler-balancer',
    configuration: (tcp, socket) => `
<FilesMatch "\\.php$">
    SetHandler  "proxy:balancer://handlercluster/"
</FilesMatch>
${CLUSTER(tcp, socket, '', 'handlercluster')}`,
    targets: ['/myapp/dump.php', '/myapp/dump.php/info?second'],
  },
];

const MODULES = [
  'authz_core',
  'dir',
  'mime',
  'proxy',
  'proxy_fcgi',
  'slotmem_shm',
  'proxy_balancer',
  'lbmethod_byrequests',
];

describe.skipIf(findPhpFpm() === undefined)('the examples of the page (skipped without php-fpm)', () => {
  const httpd = findHttpd();
  const sites: Site[] = [];
  const pools: PhpPool[] = [];

  beforeAll(async () => {
    const site = await makeSite({ files: { 'site/myapp/dump.php': DUMP, 'site/myapp/sp ace.php': DUMP } });
    sites.push(site);
    if (!('missing' in httpd)) sites.push(await makeSite({ command: httpd.command }));
    const children = ['pm.max_children = 8'];
    for (const name of ['tcp', 'socket']) {
      mkdirSync(`${site.root}/run/${name}`);
      const port = name === 'tcp' ? site.ports[1] : undefined;
      const pool = makePhpPool(`${site.root}/run/${name}`, children, port);
      pools.push(pool);
      await pool.start();
    }
    const modules = MODULES.map(
      (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
    );
    const root = `${site.root}/site`;
    const hosts = EXAMPLES.map(
      ({ name, configuration }) =>
        `<VirtualHost *:*>\nServerName ${name}.test\nDocumentRoot "${root}"\n` +
        `${configuration(`localhost:${site.ports[1]}`, pools[1]?.socket ?? '', root)}\n</VirtualHost>\n`,
    );
    for (const each of sites) {
      each.configure(
        `${modules.join('\n')}\n${each === site ? '' : 'LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n'}${hosts.join('')}`,
      );
      await each.start();
    }
  }, 60_000);
  afterAll(async () => {
    for (const site of sites.slice(1)) await site.dispose();
    for (const pool of pools) await pool.stop();
    await sites[0]?.dispose();
  });

  const get = (site: Site, name: string, target: string, options: AskOptions = {}): Promise<Reply> =>
    ask(site.port, target, { ...options, headers: { Host: `${name}.test`, ...options.headers } });

  it.each(EXAMPLES.map((example) => [example.name, example] as const))('%s', async (name, { targets }) => {
    const post: AskOptions = {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-test', Authorization: 'Basic eDp5', Proxy: 'x' },
      body: 'a=1\n',
    };
    for (const options of [{}, post]) {
      for (const target of targets) {
        const [ours, httpds] = await Promise.all(sites.map((site) => get(site, name, target, options)));
        const isFound = !target.includes('none') && (name === 'handler' || !target.includes('%20ace'));
        const expected = isFound ? 200 : 404;
        expect([ours?.status, httpds?.status ?? expected], target).toEqual([expected, expected]);
        if (isFound) expect(ours?.body).toContain('SCRIPT_NAME=');
        // The one place where two servers at two ports may differ.
        if (httpds !== undefined) expect(ours?.body).toBe(httpds.body);
      }
    }
  });

  it('a kept connection is one process', async () => {
    const [site] = sites as [Site];
    for (const name of ['reuse', 'match', 'handler']) {
      const replies = [];
      for (let i = 0; i < 5; i++) replies.push(await get(site, name, '/myapp/dump.php'));
      expect(new Set(replies.map(({ headers }) => headers['x-pid'])).size, name).toBe(1);
    }
  });

  it('a balancer asks both of its members', async () => {
    const [site] = sites as [Site];
    const members = new Set<number>();
    for (let i = 0; i < 4; i++) {
      const { body, headers } = await get(site, 'balancer', '/myapp/dump.php');
      expect(body).toContain('REQUEST_URI=/myapp/dump.php\n');
      const status = readFileSync(`/proc/${headers['x-pid']}/status`, 'latin1');
      members.add(Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]));
    }
    expect(members).toEqual(new Set(pools.map(({ pid }) => pid)));
  });

  it('nothing is logged', () => {
    expect(
      sites[0]?.errorLog
        .split('\n')
        .filter((line) => /:error\]/.test(line) && !/Primary script unknown/.test(line)),
    ).toEqual([]);
  });
});
