/** Every code of lint's rules: a text that has it, and texts near to it that have not. */
import { describe, expect, it } from 'vitest';
import { type LintContext, lintCodes, lintText } from '../../../src/lint/index.ts';

const own = (text: string, context: LintContext): string[] =>
  lintText({ name: 'test.conf', text }, { context })
    .filter(({ code }) => /^AL1[1-9]|^AL2/.test(code))
    .map(({ code, line }) => `${code}:${line}`);

interface Row {
  readonly context?: LintContext;
  readonly text: string;
  /** `code:line`. */
  readonly found: readonly string[];
}

const row = (text: string, ...found: string[]): Row => ({ text, found });
const inside = (context: LintContext, text: string, ...found: string[]): Row => ({ context, text, found });

const PHP = 'SetHandler "proxy:fcgi://127.0.0.1:9000"\n';
const WHOLE = 'Listen 80\nLoadModule log_config_module x.so\nLoadModule mpm_event_module x.so\n';

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  'RewriteCond without a rule': [
    inside('htaccess', 'RewriteEngine On\nRewriteCond %{HTTPS} off\n', 'AL1101:2'),
    row('<Directory /a>\nRewriteCond %{HTTPS} off\n</Directory>\nRewriteRule ^/x y\n', 'AL1101:2'),
    inside('htaccess', 'RewriteCond %{HTTPS} off\nRewriteCond %{HTTP_HOST} x\nRewriteRule x y\n'),
  ],
  'a slash behind ^ in a directory': [
    inside('htaccess', 'RewriteRule ^/old$ /new\n', 'AL1102:1'),
    row('<Directory /a>\nRewriteRule ^\\/old /new\n</Directory>\n', 'AL1102:2'),
    inside(
      'htaccess',
      'RewriteRule ^/?old$ /new\nRewriteRule ^old$ /new\nRewriteRule ^/a|b /new\nRewriteRule ^/*x y\n',
    ),
    inside('vhost', 'RewriteRule ^/old$ /new\n'),
    row('<VirtualHost *:80>\nRewriteRule ^/old$ /new\n</VirtualHost>\n'),
  ],
  'no slash behind ^ in a server': [
    row('<VirtualHost *:80>\nServerName a\nRewriteRule ^index\\.php$ - [L]\n</VirtualHost>\n', 'AL1107:3'),
    inside('vhost', 'RewriteRule ^old /new\n', 'AL1107:1'),
    row('RewriteRule ^old /new\n'),
    inside('htaccess', 'RewriteRule ^old /new\n'),
    inside(
      'vhost',
      'RewriteRule ^a?/b /new\nRewriteRule ^(.*) /new\nRewriteRule ^/a /b\nRewriteRule !^/a /b\n',
    ),
    inside('vhost', '<Directory /a>\nRewriteRule ^old /new\n</Directory>\n'),
  ],
  'rules behind the last one': [
    inside('htaccess', 'RewriteRule ^ index.php [L]\nRewriteRule ^a b\n', 'AL1103:2'),
    inside('vhost', 'RewriteRule ^/(.*)$ https://x/$1 [R,L]\nRewriteRule ^/a /b\n', 'AL1103:2'),
    inside('htaccess', 'RewriteRule .* - [F]\nRewriteRule a b\nRewriteRule c d\n', 'AL1103:2'),
    inside('htaccess', 'RewriteCond %{HTTPS} off\nRewriteRule ^ https://x/ [R,L]\nRewriteRule ^a b\n'),
    inside('htaccess', 'RewriteRule ^ https://x/ [R]\nRewriteRule ^a b\n'),
    inside('htaccess', 'RewriteRule ^(.+)$ x [L]\nRewriteRule ^a b\n'),
    inside('htaccess', 'RewriteRule ^x - [S=1]\nRewriteRule ^ y [L]\nRewriteRule ^a b\n'),
    inside('htaccess', 'RewriteRule ^x z [C]\nRewriteRule ^ y [L]\nRewriteRule ^a b\n'),
    inside('htaccess', 'RewriteRule ^ index.php [L,NS]\nRewriteRule ^a b\n'),
  ],
  'the query string in a rule': [
    inside('htaccess', 'RewriteRule ^page\\?id=1$ /one\n', 'AL1104:1'),
    inside('htaccess', 'RewriteRule ^page[?]id=(.*)$ /$1\n', 'AL1104:1'),
    inside('htaccess', 'RewriteCond %{QUERY_STRING} id=1\nRewriteRule ^page?$ /one\nRewriteRule ^a\\??$ b\n'),
    inside('htaccess', 'RewriteRule ^(.*\\?.*)$ /x/$1\n', 'AL1105:1'),
    inside('htaccess', 'RewriteCond %{THE_REQUEST} \\%3F\nRewriteRule ^(.*)$ /$1?x\n', 'AL1105:2'),
    inside(
      'htaccess',
      'RewriteRule ^(.*\\??)$ /x/$1 [UnsafeAllow3F]\nRewriteCond %{THE_REQUEST} \\%3F\nRewriteRule ^ /?$1\n',
    ),
    inside('htaccess', 'RewriteRule "^my%20page$" /x\n', 'AL1108:1'),
    inside(
      'htaccess',
      'RewriteRule ^a%2fb$ /x\nRewriteRule ^(a|%20)$ /x\nRewriteCond %{THE_REQUEST} %20\nRewriteRule ^a /x\n',
    ),
  ],
  'the host in a rule': [
    inside('htaccess', 'RewriteRule ^http://old\\.example/(.*)$ http://new.example/$1\n', 'AL1106:1'),
    inside('vhost', 'RewriteRule https?://old https://new\n', 'AL1106:1'),
    row('ProxyRequests On\n<Proxy *>\nRequire local\n</Proxy>\nRewriteRule ^http://old http://new\n'),
    inside('htaccess', 'RewriteRule ^a http://new/\n'),
  ],
  'handlers for PHP': [
    row('AddHandler application/x-httpd-php .php .phtml\n', 'AL1201:1'),
    inside('htaccess', 'AddHandler fcgid-script php\n', 'AL1201:1'),
    row(
      '<FilesMatch "\\.php$">\nAddHandler fcgid-script .php\n</FilesMatch>\nAddHandler cgi-script .cgi .pl\n',
    ),
    row('AddHandler application/x-httpd-php-source .phps\nAddType application/x-httpd-php .php\n'),
    row(`<FilesMatch \\.php>\n${PHP}</FilesMatch>\n`, 'AL1202:1'),
    row(`<Files *.php*>\n${PHP}</Files>\n`, 'AL1202:1'),
    row(
      `<FilesMatch \\.php$>\n${PHP}</FilesMatch>\n<FilesMatch ".+\\.ph(?:ar|p|tml)$">\n${PHP}</FilesMatch>\n`,
    ),
    row(
      `<Files *.php>\n${PHP}</Files>\n<FilesMatch .>\n${PHP}</FilesMatch>\n<FilesMatch \\.php>\nRequire all denied\n</FilesMatch>\n`,
    ),
  ],
  'ProxyPassMatch to FastCGI': [
    row('ProxyPassMatch ^/(.*\\.php)$ fcgi://127.0.0.1:9000/var/www/$1\n', 'AL1203:1'),
    row('ProxyPassMatch "^/(.*\\.php(/.*)?)$" "unix:/run/x.sock|fcgi://localhost/var/www/"\n', 'AL1203:1'),
    row(
      'ProxyPassMatch ^/(.*)$ fcgi://127.0.0.1:9000/app/$1\nProxyPassMatch ^/(.*\\.php)$ http://127.0.0.1:81/$1\n',
    ),
  ],
  'Authorization for PHP': [
    row(
      `Header set Access-Control-Allow-Headers "Content-Type, Authorization"\n<FilesMatch \\.php$>\n${PHP}</FilesMatch>\n`,
      'AL1204:3',
    ),
    row(
      `Header set Access-Control-Allow-Headers Authorization\n<FilesMatch \\.php$>\n${PHP}CGIPassAuth On\n</FilesMatch>\n`,
    ),
    row(
      `Header set Access-Control-Allow-Headers Authorization\nSetEnvIf Authorization (.*) HTTP_AUTHORIZATION=$1\n<FilesMatch \\.php$>\n${PHP}</FilesMatch>\n`,
    ),
    row(`<FilesMatch \\.php$>\n${PHP}</FilesMatch>\n`),
    row('Header set Access-Control-Allow-Headers Authorization\nProxyPass /api http://127.0.0.1:81/api\n'),
  ],
  workers: [
    row(
      '<Proxy fcgi://127.0.0.1:9001>\nProxySet timeout=5\n</Proxy>\nProxyPass /a fcgi://127.0.0.1:9000/\n',
      'AL1301:2',
    ),
    row('<Proxy fcgi://127.0.0.1:9000>\nProxySet timeout=5\n</Proxy>\nProxyPass /a fcgi://127.0.0.1:9000/\n'),
    row('<FilesMatch x$>\nSetHandler proxy:unix:/run/x.sock\n</FilesMatch>\n', 'AL1302:2'),
    row('<FilesMatch x$>\nSetHandler proxy:unix:/run/x.sock|fcgi://localhost\n</FilesMatch>\n'),
  ],
  'exponential patterns': [
    inside('htaccess', 'RewriteRule ^([a-z]+)*\\.html$ /x\n', 'AL1501:1'),
    inside('htaccess', 'RewriteCond %{REQUEST_URI} !^/([^./]+./?)+$\nRewriteRule . x\n', 'AL1501:1'),
    row(
      'RedirectMatch 301 ^/(\\w+\\s?)*$ /x\n<LocationMatch "^/(a+)+$">\n</LocationMatch>\n',
      'AL1501:1',
      'AL1501:2',
    ),
    inside(
      'htaccess',
      'RewriteRule ^(.*)/(.*)$ $2/$1\nRewriteRule ^(?:/[^/]+)+/?$ x\nRewriteRule ^([^/]+)/?$ y\n',
    ),
    inside(
      'htaccess',
      'RewriteCond %{REQUEST_FILENAME} -f\nRewriteRule ^(?>a+)+$ x\nRewriteCond %{TIME} >2\nRewriteRule a b\n',
    ),
    row('<Files "([a-z]+)*">\n</Files>\n'),
  ],
  'shadowed mappings': [
    row('ProxyPass / http://a/\nProxyPass /api http://b/api\n', 'AL1601:2'),
    row('ProxyPass / http://a/\nProxyPass /static !\n', 'AL1601:2'),
    inside('vhost', 'Redirect permanent / https://a/\nRedirect /b https://c/b\n', 'AL1601:2'),
    row('ProxyPass /api http://b/api\nProxyPass /static !\nProxyPass / http://a/\n'),
    row('ProxyPass /app http://a/app\nProxyPass /apple http://b/\n'),
    row('ProxyPass /a http://a/a\n<VirtualHost *:80>\nProxyPass /a http://b/a\n</VirtualHost>\n'),
    row('Alias /x /srv/x\nProxyPass /x http://b/x\nRedirect /y/z /q\nRedirect /y /r\n'),
    row('Redirect / https://a/\nAlias /.well-known/ /srv/acme/\n', 'AL1602:2'),
    row('RedirectMatch ^/(?!\\.well-known/)(.*) https://a/$1\nAlias /.well-known/ /srv/acme/\n'),
  ],
  'slashes of one side': [
    row('ProxyPass / http://127.0.0.1:8080\n', 'AL1603:1'),
    row('<Location /app/>\nProxyPass http://127.0.0.1:8080/app\n</Location>\n', 'AL1603:2'),
    inside('vhost', 'Redirect permanent / https://example.com\n', 'AL1603:1'),
    row(
      'ProxyPass /y/ !\nProxyPass /a http://b\nProxyPass / http://127.0.0.1:8080/\nRedirect /x/ https://c/gone.html\n',
    ),
    row(
      'RedirectMatch ^/$ https://example.com\nRedirect 301 /a https://b/c\nRedirect gone /d/\nRedirect /e/ https://x/?u=\n',
    ),
    row('Alias /icons/ /usr/share/icons\n', 'AL1604:1'),
    row('Alias /icons/ /usr/share/icons/\nAlias /a /b\nAlias /c/ /d/index.php\nScriptAlias /e/ /f/g\n'),
  ],
  'old and new access control': [
    inside(
      'htaccess',
      'Order deny,allow\nDeny from all\nRequire all granted\n',
      'AL1701:1',
      'AL2201:1',
      'AL2201:2',
    ),
    inside('htaccess', 'Require all granted\nDeny from 192.0.2.1\n', 'AL1701:2', 'AL2201:2'),
    inside('htaccess', 'Order allow,deny\nAllow from all\nRequire valid-user\n', 'AL2201:1', 'AL2201:2'),
    inside('htaccess', 'Allow from all\nRequire all granted\n', 'AL2201:1'),
    inside(
      'htaccess',
      '<IfModule mod_authz_core.c>\nRequire all denied\n</IfModule>\n<IfModule mod_access_compat.c>\nDeny from all\n</IfModule>\n',
      'AL2201:5',
    ),
    row(
      '<Location /a>\nRequire all denied\n</Location>\n<Location /b>\nDeny from all\n</Location>\n',
      'AL2201:5',
    ),
  ],
  'Require in Limit': [
    inside('htaccess', 'AuthType Basic\n<Limit GET POST>\nRequire valid-user\n</Limit>\n', 'AL1702:2'),
    inside('htaccess', '<Limit POST PUT DELETE>\nRequire valid-user\n</Limit>\n'),
    inside(
      'htaccess',
      '<Limit GET>\nRequire all granted\n</Limit>\n<LimitExcept GET>\nRequire all denied\n</LimitExcept>\n',
    ),
    inside('htaccess', '<Limit GET>\nRequire user a\n</Limit>\nRequire valid-user\n'),
  ],
  'open proxies': [
    row('ProxyRequests On\n', 'AL1703:1'),
    row('ProxyRequests On\n<Proxy *>\nRequire all granted\n</Proxy>\n', 'AL1703:1'),
    row('ProxyRequests On\n<Proxy *>\nRequire ip 192.0.2.0/24\n</Proxy>\n'),
    row('ProxyRequests On\n<Proxy "*">\nOrder deny,allow\nDeny from all\n</Proxy>\n', 'AL2201:3', 'AL2201:4'),
    row('ProxyRequests Off\n'),
  ],
  'sections without requests': [
    row('<Directory htdocs>\n</Directory>\n<DirectoryMatch "^var/www">\n</DirectoryMatch>\n', 'AL1801:3'),
    row(
      '<Directory /a>\n</Directory>\n<Directory "/home/*/w">\n</Directory>\n<DirectoryMatch /x/>\n</DirectoryMatch>\n<Directory ~ "^/a">\n</Directory>\n',
    ),
    row('<Location admin>\n</Location>\n<LocationMatch ^admin>\n</LocationMatch>\n', 'AL1802:1', 'AL1802:3'),
    row(
      '<Location /a>\n</Location>\n<LocationMatch ^/a>\n</LocationMatch>\n<LocationMatch \\.php$>\n</LocationMatch>\n<Location */x>\n</Location>\n',
    ),
    inside(
      'htaccess',
      '<Files wp-content/x.php>\n</Files>\n<FilesMatch ^dir/x\\.php$>\n</FilesMatch>\n',
      'AL1803:1',
      'AL1803:3',
    ),
    inside(
      'htaccess',
      '<Files x.php>\n</Files>\n<FilesMatch "^(a|b/c)">\n</FilesMatch>\n<FilesMatch "[^/]+\\.php$">\n</FilesMatch>\n',
    ),
    inside('htaccess', '<If "HTTP_HOST == \'x\'">\n</If>\n'),
    inside(
      'htaccess',
      '<If "\'REQUEST_URI\' == \'/x\'">\n</If>\n<If "false">\n</If>\n',
      'AL1804:1',
      'AL1804:3',
    ),
    inside('htaccess', '<If "true">\n</If>\n<If "%{HTTP_HOST} == \'x\'">\n</If>\n<If "! false">\n</If>\n'),
  ],
  'virtual hosts': [
    row(
      '<VirtualHost *:80>\nServerName a\n</VirtualHost>\n<VirtualHost *:80>\nDocumentRoot /\n</VirtualHost>\n',
      'AL1901:4',
    ),
    row(
      '<VirtualHost *:80>\n</VirtualHost>\n<VirtualHost *:80>\nServerName a\n</VirtualHost>\n<VirtualHost *:443>\n</VirtualHost>\n',
    ),
    row(
      '<VirtualHost _default_:80>\nServerName a\n</VirtualHost>\n<VirtualHost *:80>\nServerName b\nServerAlias A\n</VirtualHost>\n',
      'AL1902:6',
    ),
    row(
      '<VirtualHost *:80>\nServerName a\nServerAlias a\n</VirtualHost>\n<VirtualHost *:443>\nServerName a\n</VirtualHost>\n',
    ),
    inside('vhost', 'ServerAlias a b\nServerAlias c\n'),
    row('<VirtualHost *:80>\nServerName a\nServerAlias b B\n</VirtualHost>\n', 'AL1903:3'),
    inside('vhost', 'ServerAlias https://a b.example:80 c,\n', 'AL1904:1', 'AL1904:1', 'AL1904:1'),
    inside('vhost', 'ServerName https://a:443\nServerAlias *.a www.a\n'),
    row(`${WHOLE}<VirtualHost *:443>\n</VirtualHost>\n`, 'AL1905:4'),
    row(`${WHOLE}<VirtualHost *:80 *>\n</VirtualHost>\n`),
    row('Listen 8080\n<VirtualHost *:80>\n</VirtualHost>\n'),
  ],
  TLS: [
    row('SSLProtocol -all +TLSv1 +TLSv1.2\n', 'AL2001:1'),
    row('SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1\nSSLProtocol +TLSv1.2\n'),
    row('<VirtualHost *:443>\nServerName a\nSSLEngine on\n</VirtualHost>\n', 'AL2002:3'),
    row(
      '<VirtualHost *:443>\nSSLEngine on\n</VirtualHost>\n<VirtualHost *:444>\nServerName a\nSSLEngine off\n</VirtualHost>\n',
    ),
    row(
      '<VirtualHost *:443>\nServerName a\nSSLEngine on\nSSLCertificateFile /nowhere/x.pem\n</VirtualHost>\n',
    ),
    row('<VirtualHost *:443>\nServerName a\nSSLEngine on\nInclude nowhere/tls.conf\n</VirtualHost>\n'),
  ],
  words: [
    row('DirectoryIndex index.php, index.html\n', 'AL2101:1'),
    row('AddType text/html .html, .htm\n', 'AL2101:1'),
    row('DirectoryIndex index.php index.html\nIndexIgnore *,v\n'),
    row('ErrorDocument 404 404.html\n', 'AL2102:1'),
    row(
      'ErrorDocument 404 /404.html\nErrorDocument 403 "no entry"\nErrorDocument 500 sorry\nErrorDocument 401 http://x/y.html\n',
    ),
    row(`${WHOLE}CustomLog logs/a combined\n`, 'AL2103:4'),
    row(`${WHOLE}LogFormat %h combined\nCustomLog logs/a combined\nCustomLog logs/b "%h %r"\n`),
    row('CustomLog logs/a combined\n'),
  ],
  successors: [
    row('MaxClients 5\nMaxRequestsPerChild 7\nMaxClients 6\n', 'AL2201:1', 'AL2201:2'),
    row('MaxRequestWorkers 5\n'),
  ],
};

describe('rules', () => {
  for (const [name, rows] of Object.entries(GROUPS)) {
    it.each(rows)(`${name}: $text`, ({ text, context = 'server', found }) => {
      expect(own(text, context)).toEqual([...found].sort(byLine));
    });
  }

  it('take no longer than a moment for any pattern', () => {
    const patterns = [
      `${'('.repeat(200)}a${')*'.repeat(200)}`,
      `${'('.repeat(10)}a${')*'.repeat(10)}`.repeat(30),
      '(a|b|c)*'.repeat(120),
      '(?:a?){200}a{200}',
      '(.*)'.repeat(60),
    ];
    const started = performance.now();
    lintText({
      name: '.htaccess',
      text: patterns
        .map((one) => `RewriteRule ${one} -\n`)
        .join('')
        .repeat(3),
    });
    expect(performance.now() - started).toBeLessThan(8000);
  });

  it('are all in the tables, found', () => {
    const found = new Set(
      Object.values(GROUPS)
        .flatMap((rows) => rows.flatMap((one) => one.found))
        .map((one) => one.slice(0, 6)),
    );
    const codes = Object.keys(lintCodes).filter((code) => !code.startsWith('AL10'));
    expect([...found].sort()).toEqual(codes.sort());
  });

  it('say what to write instead, in a sentence without a line break', () => {
    for (const rows of Object.values(GROUPS)) {
      for (const { text, context = 'server' } of rows) {
        for (const problem of lintText({ name: 'test.conf', text }, { context })) {
          if (!/^AL1[1-9]|^AL2/.test(problem.code)) continue;
          expect(problem.hint).toMatch(/\S/);
          expect(problem.message).not.toContain('\n');
        }
      }
    }
  });
});

function byLine(a: string, b: string): number {
  return Number(a.split(':')[1]) - Number(b.split(':')[1]);
}
