/**
 * Applications as Debian packages them, under the Apache snippets the packages bring, unchanged: the same requests to httpd and to apache-lite.
 * `.ci/applications` puts them in place. MediaWiki has its database in SQLite, DokuWiki needs none; phpMyAdmin signs nobody in
 * without one, and WordPress says that there is none.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runsAsRoot, serverUser } from '../../differential/server-user.ts';
import type { Site } from '../../support/with-server.ts';
import { NEEDS } from './needs.ts';
import { type Asked, loadOptions, Pair, whatIsMissing } from './side-by-side.ts';

/** Extensions of PHP that the applications need, in an order in which they can be loaded. */
const EXTENSIONS = [
  ...['ctype', 'tokenizer', 'iconv', 'fileinfo', 'posix', 'mysqlnd', 'mysqli', 'pdo', 'pdo_sqlite'],
  ...['dom', 'xml', 'xmlreader', 'xmlwriter', 'simplexml', 'mbstring', 'intl'],
];

interface Application {
  readonly name: keyof typeof NEEDS;
  /** The lines of the virtual host. */
  readonly host: (site: Site) => string;
  /** What is done before it is asked. */
  readonly prepare?: (site: Site) => void;
  readonly requests: readonly (readonly [target: string, status: number, asked?: Asked])[];
}

const GZIP: Asked = { headers: { 'Accept-Encoding': 'gzip' } };
const form = (body: string): Asked => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body,
});
const include = (file: string) => (): string => `Include "${file}"`;

/** The two hosts of WordPress' example that need nothing that is not there: the defined virtual host, and the one below /blog. */
function wordpressHost(): string {
  const text = readFileSync('/usr/share/doc/wordpress/examples/apache.conf', 'latin1');
  const defined = /\t<VirtualHost \*:80>\n\tServerName blog[\s\S]*?<\/VirtualHost>\n/.exec(text)?.[0] ?? '';
  const below = /\tAlias \/blog\/wp-content[\s\S]*?(?=\n# Tips)/.exec(text)?.[0] ?? '';
  // What stands in the host's frame belongs to the test.
  const inside = defined.replace(/^\t(<\/?VirtualHost.*|ServerName .*|(Error|Transfer)Log .*)\n/gm, '');
  return `${inside}\n${below}`;
}

/** A wiki in SQLite, with the program that MediaWiki has for it. */
function installWiki({ root }: Site): void {
  const directory = path.join(root, 'wiki');
  mkdirSync(directory);
  const php = ['-n', ...loadOptions(EXTENSIONS)];
  const database = ['--dbtype', 'sqlite', '--dbname', 'wiki', '--dbpath', `${directory}/data`];
  const place = ['--confpath', directory, '--server', 'http://www.example', '--scriptpath', '/mediawiki'];
  const script = '/usr/share/mediawiki/maintenance/install.php';
  const options = [...database, ...place, '--pass', 'a-Pass-word-1', 'Wiki', 'Admin'];
  const { status, stdout, stderr } = spawnSync('php', [...php, script, ...options], {
    encoding: 'latin1',
    timeout: 50_000,
  });
  if (status !== 0) throw new Error(`MediaWiki was not installed:\n${stdout}${stderr}`);
  // What one request has left in a cache must not show in the next one's answer.
  appendFileSync(
    `${directory}/LocalSettings.php`,
    '\n$wgCacheDirectory = false;\n$wgEnableParserLimitReporting = false;\n$wgMainCacheType = CACHE_NONE;\n',
  );
  if (runsAsRoot()) spawnSync('chown', ['-R', serverUser.name, directory]);
}

const APPLICATIONS: readonly Application[] = [
  {
    name: 'WordPress',
    host: wordpressHost,
    requests: [
      ['/', 500],
      ['/?p=1', 500],
      ['/readme.html', 200],
      ['/readme.html', 200, GZIP],
      ['/wp-login.php', 500],
      ['/wp-admin', 301],
      ['/wp-admin/css/login.css', 200],
      ['/wp-admin/css/login.css', 206, { headers: { Range: 'bytes=10-19' } }],
      ['/wp-includes/', 403],
      ['/wp-includes/version.php', 200],
      ['/wp-includes/images/blank.gif', 200],
      ['/wp-content/', 200],
      ['/wp-content/index.php', 200],
      [
        '/xmlrpc.php',
        200,
        { method: 'POST', headers: { 'Content-Type': 'text/xml' }, body: '<methodCall/>' },
      ],
      ['/2024/05/hello-world/', 404],
      ['/.htaccess', 403],
      ['/blog', 301],
      ['/blog/', 500],
      ['/blog/readme.html', 200, { method: 'HEAD' }],
      ['/blog/index.php/2024/05/', 500],
      ['/blog/wp-content/themes', 301],
    ],
  },
  {
    name: 'MediaWiki',
    host: ({ root }) =>
      `SetEnv MW_CONFIG_FILE "${root}/wiki/LocalSettings.php"\n  Include /etc/apache2/conf-available/mediawiki.conf`,
    prepare: installWiki,
    requests: [
      ['/mediawiki', 301],
      ['/mediawiki/', 301],
      ['/mediawiki/index.php', 301],
      ['/mediawiki/index.php/Main_Page', 200],
      ['/mediawiki/index.php/Main_Page', 200, GZIP],
      ['/mediawiki/index.php/Main_Page', 200, { method: 'HEAD' }],
      ['/mediawiki/index.php?title=Main_Page&action=raw', 200],
      ['/mediawiki/index.php?title=Main_Page&action=history', 200],
      ['/mediawiki/index.php/Not_There', 404],
      ['/mediawiki/index.php/Special:RecentChanges', 200],
      ['/mediawiki/index.php/Caf%C3%A9/%E2%82%AC', 404],
      ['/mediawiki/api.php?action=query&meta=siteinfo&format=json', 200],
      [
        '/mediawiki/api.php',
        200,
        form('action=edit&title=Page&text=%3D%3DText%3D%3D%0Amore&token=%2B%5C&format=json'),
      ],
      ['/mediawiki/index.php/Page', 200],
      ['/mediawiki/rest.php/v1/page/Main_Page', 200],
      ['/mediawiki/rest.php/v1/page/Nothing', 404],
      ['/mediawiki/load.php?lang=en&modules=startup&only=scripts&raw=1&skin=fallback', 200],
      ['/mediawiki/load.php?lang=en&modules=site.styles&only=styles&skin=fallback', 200],
      ['/mediawiki/opensearch_desc.php', 200],
      ['/mediawiki/mw-config/', 200],
      ['/mediawiki/config/', 403],
      ['/mediawiki/images/', 403],
      ['/mediawiki/resources/assets/mediawiki.png', 200],
      ['/mediawiki/resources/assets/mediawiki.png', 304, { headers: { 'If-None-Match': '*' } }],
      ['/mediawiki/includes/', 403],
      ['/mediawiki/maintenance/update.php', 403],
      ['/mediawiki/languages/messages/MessagesEn.php', 403],
      ['/mediawiki/includes/WebStart.php', 403],
      ['/mediawiki/cache/', 403],
      ['/mediawiki/LocalSettings.php', 403],
      ['/mediawiki/composer.json', 200],
    ],
  },
  {
    name: 'phpMyAdmin',
    host: include('/etc/phpmyadmin/apache.conf'),
    requests: [
      ['/phpmyadmin', 301],
      ['/phpmyadmin/', 200],
      ['/phpmyadmin/index.php?route=/', 200],
      ['/phpmyadmin/index.php', 200, form('pma_username=a&pma_password=b&server=1')],
      ['/phpmyadmin/favicon.ico', 200],
      ['/phpmyadmin/robots.txt', 200],
      ['/phpmyadmin/themes/pmahomme/css/theme.css', 200],
      ['/phpmyadmin/themes/', 403],
      ['/phpmyadmin/js/vendor/jquery/jquery.min.js', 200],
      ['/phpmyadmin/js/dist/functions.js', 206, { headers: { Range: 'bytes=0-9,20-29' } }],
      ['/phpmyadmin/libraries/', 403],
      ['/phpmyadmin/libraries/classes/Config.php', 403],
      ['/phpmyadmin/templates/login/form.twig', 403],
      ['/phpmyadmin/doc/html/index.html', 200],
      ['/phpmyadmin/url.php?url=https://www.phpmyadmin.net/', 200],
      ['/phpmyadmin/nothing', 404],
      ['/phpmyadmin/index.php/path/info', 200],
    ],
  },
  {
    name: 'DokuWiki',
    host: include('/etc/dokuwiki/apache.conf'),
    requests: [
      ['/dokuwiki', 301],
      ['/dokuwiki/', 302],
      ['/dokuwiki/index.php', 302],
      ['/dokuwiki/doku.php', 200],
      ['/dokuwiki/doku.php?id=wiki:syntax', 200],
      ['/dokuwiki/doku.php?id=nothing:here', 200],
      ['/dokuwiki/doku.php/path/info', 200],
      ['/dokuwiki/doku.php', 200, form('do=search&q=wiki')],
      ['/dokuwiki/feed.php', 200],
      ['/dokuwiki/lib/exe/css.php?t=dokuwiki', 200],
      ['/dokuwiki/lib/exe/css.php?t=dokuwiki', 200, GZIP],
      ['/dokuwiki/lib/exe/fetch.php?media=wiki:dokuwiki-128.png', 200],
      ['/dokuwiki/lib/tpl/dokuwiki/images/logo.png', 200],
      ['/dokuwiki/lib/images/blank.gif', 200],
      ['/dokuwiki/lib/', 200],
      ['/dokuwiki/bin/indexer.php', 403],
      ['/dokuwiki/VERSION', 403],
      ['/dokuwiki/.htaccess', 403],
      ['/dokuwiki/inc/init.php', 403],
      ['/dokuwiki/vendor/autoload.php', 403],
      ['/dokuwiki/.git/config', 404],
      ['/dokuwiki/sites/one/lib/images/blank.gif', 200],
      ['/dokuwiki/doku.php?do=login', 200, { method: 'HEAD' }],
    ],
  },
];

for (const { name, host, prepare, requests } of APPLICATIONS) {
  const reason = whatIsMissing(...NEEDS[name]);
  describe.skipIf(reason !== undefined)(reason === undefined ? name : `${name} (skipped: ${reason})`, () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await Pair.start({
        ...(prepare === undefined ? {} : { prepare }),
        extensions: EXTENSIONS,
        configuration: (site) => {
          const { root, ports } = site;
          return `<Directory "${root}">
  Require all granted
</Directory>
<VirtualHost *:${ports[0]} *:${ports[1]}>
  ServerName www.example
  DocumentRoot "${root}/htdocs"
  ${host(site)}
</VirtualHost>
`;
        },
      });
    });
    afterAll(() => pair?.stop());

    it.each(
      requests.map(([target, status, asked = {}]) => ({
        method: asked.method ?? 'GET',
        target,
        status,
        asked,
      })),
    )('$method $target: $status', async ({ target, status, asked }) => {
      await pair.ask(target, asked); // the first one fills the application's caches
      const { httpd, ours } = await pair.ask(target, asked);
      expect(ours).toEqual(httpd);
      expect(httpd.status).toContain(` ${status} `);
    });
  });
}
