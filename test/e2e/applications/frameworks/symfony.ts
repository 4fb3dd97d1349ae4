import { TELL } from '../side-by-side.ts';
import { BASIC, FORM, type Framework, UPLOAD } from './framework.ts';

export const SYMFONY: Framework = {
  name: 'Symfony',
  documentRoot: 'app/public',
  files: {
    'app/public/index.php': TELL,
    'app/public/bundles/a.css': 'a{}\n',
    'app/public/.htaccess': `DirectoryIndex index.php
<IfModule mod_negotiation.c>
  Options -MultiViews
</IfModule>
<IfModule mod_rewrite.c>
  RewriteEngine On
  # Where this stands below the document root
  RewriteCond %{REQUEST_URI}::$0 ^(/.+)/(.*)::\\2$
  RewriteRule .* - [E=BASE:%1]
  RewriteCond %{HTTP:Authorization} .+
  RewriteRule ^ - [E=HTTP_AUTHORIZATION:%0]
  # One address for each page: without the front controller's name
  RewriteCond %{ENV:REDIRECT_STATUS} =""
  RewriteRule ^index\\.php(?:/(.*)|$) %{ENV:BASE}/$1 [R=301,L]
  RewriteCond %{REQUEST_FILENAME} !-f
  RewriteRule ^ %{ENV:BASE}/index.php [L]
</IfModule>
<IfModule !mod_rewrite.c>
  <IfModule mod_alias.c>
    RedirectMatch 307 ^/$ /index.php/
  </IfModule>
</IfModule>
`,
  },
  host: 'Alias /sub "${ROOT}/app/public"\nSetEnv APP_ENV prod\nSetEnvIf Request_URI "^/admin" APP_AREA=admin\n',
  requests: [
    ['/', 200],
    ['/blog/2024?x=1', 200],
    ['/index.php', 301],
    ['/index.php/blog/5', 301],
    ['/index.php?x=1', 301],
    ['/sub/', 200],
    ['/sub', 301],
    ['/sub/blog/7?y=2', 200],
    ['/sub/index.php/x', 301],
    ['/bundles/a.css', 200],
    ['/bundles', 301],
    ['/bundles/', 200],
    ['/admin/x', 200, { headers: BASIC }],
    ['/form', 200, { method: 'POST', headers: FORM, body: 'k=v' }],
    [
      '/form',
      200,
      {
        method: 'POST',
        headers: { ...FORM, 'Transfer-Encoding': 'chunked' },
        body: '3\r\nk=v\r\n4;x=y\r\n&l=w\r\n0\r\n\r\n',
      },
    ],
    ['/upload', 200, UPLOAD],
    ['/.htaccess', 403],
    ['/x', 200, { method: 'HEAD' }],
    ['/x%20y/%2e%2e/z', 200],
    ['/a.b/c.php', 200],
    ['/missing.php', 200],
  ],
};
