import { TELL } from '../side-by-side.ts';
import { FORM, type Framework, UPLOAD } from './framework.ts';

export const DRUPAL: Framework = {
  name: 'Drupal',
  documentRoot: 'web',
  files: {
    'web/index.php': TELL,
    'web/update.php': TELL,
    'web/core/install.php': TELL,
    'web/core/misc/a.js': 'let a;\n',
    'web/core/misc/a.js.gz': '\x1f\x8bzipped',
    'web/core/lib/x.inc': '<?php secret',
    'web/composer.json': '{}',
    'web/.gitignore': 'x',
    'web/sites/default/files/a.png': '\x89PNG',
    'web/sites/default/settings.php': '<?php echo "settings";',
    'web/modules/x/x.module': '<?php',
    'web/.htaccess': `<FilesMatch "\\.(engine|inc|install|make|module|profile|po|sh|.*sql|theme|twig|tpl(\\.php)?|xtmpl|yml)(~|\\.sw[op]|\\.bak|\\.orig|\\.save)?$|^(\\.(?!well-known).*|Entries.*|Repository|Root|Tag|Template|composer\\.(json|lock)|web\\.config)$|^#.*#$|\\.php(~|\\.sw[op]|\\.bak|\\.orig|\\.save)$">
  <IfModule mod_authz_core.c>
    Require all denied
  </IfModule>
  <IfModule !mod_authz_core.c>
    Order allow,deny
  </IfModule>
</FilesMatch>
Options -Indexes
DirectoryIndex index.php index.html index.htm
AddType image/svg+xml svg svgz
AddEncoding gzip svgz
<IfModule mod_php.c>
  php_value assert.active 0
</IfModule>
<IfModule mod_expires.c>
  ExpiresActive On
  ExpiresDefault A1209600
  <FilesMatch \\.php$>
    ExpiresActive Off
  </FilesMatch>
</IfModule>
<IfModule mod_fastcgi.c>
  <FilesMatch \\.php$>
    <IfModule mod_headers.c>
      Header append X-Never seen
    </IfModule>
  </FilesMatch>
</IfModule>
<IfModule mod_rewrite.c>
  RewriteEngine on
  RewriteRule ^ - [E=protossl]
  RewriteCond %{HTTPS} on
  RewriteRule ^ - [E=protossl:s]
  RewriteRule "/\\.|^\\.(?!well-known/)" - [F]
  RewriteCond %{REQUEST_URI} ^(.*)?/(install\\.php) [OR]
  RewriteCond %{REQUEST_URI} ^(.*)?/(rebuild\\.php)
  RewriteCond %{REQUEST_URI} !core
  RewriteRule ^ %1/core/%2 [L,QSA,R=301]
  RewriteCond %{REQUEST_FILENAME} !-f
  RewriteCond %{REQUEST_FILENAME} !-d
  RewriteCond %{REQUEST_URI} !=/favicon.ico
  RewriteRule ^ index.php [L]
  RewriteCond %{REQUEST_URI} !/core/[^/]*\\.php$
  RewriteCond %{REQUEST_URI} !/core/modules/system/tests/https?\\.php
  RewriteCond %{REQUEST_URI} !/sites/default/settings\\.php
  RewriteRule "^(.+/.*|autoload)\\.php($|/)" - [F]
  <IfModule mod_headers.c>
    RewriteCond %{HTTP:Accept-encoding} gzip
    RewriteCond %{REQUEST_FILENAME}\\.gz -s
    RewriteRule ^(.*css_[a-zA-Z0-9-_]+)\\.css$ $1\\.css\\.gz [QSA]
    RewriteCond %{HTTP:Accept-encoding} gzip
    RewriteCond %{REQUEST_FILENAME}\\.gz -s
    RewriteRule ^(.*)\\.js$ $1\\.js\\.gz [QSA]
    RewriteRule \\.js\\.gz$ - [T=text/javascript,E=no-gzip:1,E=no-brotli:1]
    <FilesMatch "\\.js\\.gz$">
      Header set Content-Encoding gzip
      Header append Vary Accept-Encoding
    </FilesMatch>
  </IfModule>
</IfModule>
<IfModule mod_headers.c>
  Header always set X-Content-Type-Options nosniff
  RequestHeader unset Proxy
</IfModule>
`,
    'web/sites/default/files/.htaccess': `<IfModule mod_authz_core.c>
  Options -Indexes -ExecCGI -Includes -MultiViews
</IfModule>
SetHandler Drupal_Security_Do_Not_Remove
<Files *>
  SetHandler Drupal_Security_Do_Not_Remove_See_SA_2013_003
</Files>
`,
    'web/sites/default/files/evil.php': '<?php echo "executed";',
  },
  requests: [
    ['/', 200],
    ['/node/1?a=b', 200],
    ['/index.php', 200],
    ['/install.php', 301],
    ['/install.php?x=1', 301],
    ['/core/install.php', 200],
    ['/core/misc/a.js', 200],
    ['/core/misc/a.js', 200, { headers: { 'Accept-Encoding': 'gzip' } }],
    ['/core/lib/x.inc', 403],
    ['/core/lib/', 403],
    ['/composer.json', 403],
    ['/.gitignore', 403],
    ['/.well-known/acme-challenge/x', 200],
    ['/sites/default/files/a.png', 200],
    ['/sites/default/files/evil.php', 403],
    ['/sites/default/files/', 404],
    ['/sites/default/settings.php', 200],
    ['/modules/x/x.module', 403],
    ['/favicon.ico', 404],
    ['/update.php/selection', 200, { headers: { Proxy: 'http://evil.example' } }],
    ['/user/login', 200, { method: 'POST', headers: FORM, body: 'name=x&pass=y' }],
    [
      '/jsonapi/node',
      200,
      { method: 'PATCH', headers: { 'Content-Type': 'application/vnd.api+json' }, body: '{"d":1}' },
    ],
    ['/upload', 200, UPLOAD],
    ['/node/', 200, { method: 'HEAD' }],
    ['/a/b.php/c', 200],
  ],
};
