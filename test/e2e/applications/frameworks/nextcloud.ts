import { TELL } from '../side-by-side.ts';
import { BASIC, BEARER, type Framework, UPLOAD } from './framework.ts';

export const NEXTCLOUD: Framework = {
  name: 'Nextcloud',
  documentRoot: 'cloud',
  files: {
    'cloud/index.php': TELL,
    'cloud/remote.php': TELL,
    'cloud/public.php': TELL,
    'cloud/status.php': TELL,
    'cloud/cron.php': TELL,
    'cloud/ocs/v2.php': TELL,
    'cloud/core/css/a.css': 'a{}\n',
    'cloud/core/js/a.mjs': 'export {};\n',
    'cloud/core/img/x.svg': '<svg/>',
    'cloud/core/fonts/x.woff2': 'wOF2',
    'cloud/config/config.php': '<?php echo "config";',
    'cloud/lib/private/x.php': '<?php echo "private";',
    'cloud/data/.htaccess':
      'Require all denied\nSatisfy All\n<IfModule mod_autoindex.c>\nIndexIgnore *\n</IfModule>\n',
    'cloud/data/file.txt': 'data',
    'cloud/.htaccess': `<IfModule mod_headers.c>
  <IfModule mod_setenvif.c>
    <IfModule mod_fcgid.c>
      SetEnvIfNoCase ^Authorization$ "(.+)" XAUTHORIZATION=$1
      RequestHeader set XAuthorization %{XAUTHORIZATION}e env=XAUTHORIZATION
    </IfModule>
    <IfModule mod_proxy_fcgi.c>
      SetEnvIfNoCase Authorization "(.+)" HTTP_AUTHORIZATION=$1
    </IfModule>
  </IfModule>
  <IfModule mod_env.c>
    Header onsuccess unset Referrer-Policy
    Header always set Referrer-Policy "no-referrer"
    Header onsuccess unset X-Content-Type-Options
    Header always set X-Content-Type-Options "nosniff"
    Header onsuccess unset X-Robots-Tag
    Header always set X-Robots-Tag "noindex, nofollow"
    SetEnv modHeadersAvailable true
  </IfModule>
  <FilesMatch "\\.(css|js|mjs|svg|gif|png|jpg|webp|ico|wasm|tflite)$">
    <If "%{QUERY_STRING} =~ /(^|&)v=/">
      Header set Cache-Control "max-age=15778463, immutable"
    </If>
    <Else>
      Header set Cache-Control "max-age=15778463"
    </Else>
  </FilesMatch>
  <FilesMatch "\\.(otf|woff2?)$">
    Header set Cache-Control "max-age=604800"
  </FilesMatch>
</IfModule>
<IfModule mod_php.c>
  php_value mbstring.func_overload 0
</IfModule>
<IfModule mod_mime.c>
  AddType image/svg+xml svg svgz
  AddType application/wasm wasm
  AddType text/javascript js mjs
</IfModule>
<IfModule mod_dir.c>
  DirectoryIndex index.php index.html
</IfModule>
<IfModule pagespeed_module>
  ModPagespeed Off
</IfModule>
<IfModule mod_rewrite.c>
  RewriteEngine on
  RewriteCond %{HTTP_USER_AGENT} DavClnt
  RewriteRule ^$ /remote.php/webdav/ [L,R=302]
  RewriteRule .* - [env=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
  RewriteRule ^\\.well-known/carddav /remote.php/dav/ [R=301,L]
  RewriteRule ^\\.well-known/caldav /remote.php/dav/ [R=301,L]
  RewriteRule ^remote/(.*) remote.php [QSA,L]
  RewriteRule ^(?:build|tests|config|lib|3rdparty|templates)/.* - [R=404,L]
  RewriteRule ^\\.well-known/(?!acme-challenge|pki-validation) /index.php [QSA,L]
  RewriteRule ^ocm-provider/?$ index.php [QSA,L]
  RewriteRule ^(?:\\.(?!well-known)|autotest|occ|issue|indie|db_|console).* - [R=404,L]
  RewriteCond %{REQUEST_METHOD} ^(PROPFIND)$
  RewriteCond %{HTTP_USER_AGENT} Microsoft-WebDAV-MiniRedir
  RewriteRule ^$ /remote.php/webdav/ [L,R=301]
</IfModule>
AddDefaultCharset utf-8
Options -Indexes
ErrorDocument 403 /index.php/error/403
ErrorDocument 404 /index.php/error/404
<IfModule mod_rewrite.c>
  Options -MultiViews
  RewriteRule ^core/js/oc.js$ index.php [PT,E=PATH_INFO:$1]
  RewriteRule ^core/preview.png$ index.php [PT,E=PATH_INFO:$1]
  RewriteCond %{REQUEST_FILENAME} !\\.(css|js|mjs|svg|gif|ico|jpg|png|html|ttf|woff2?|map|webm|mp4|wasm)$
  RewriteCond %{REQUEST_FILENAME} !/core/ajax/update\\.php
  RewriteCond %{REQUEST_FILENAME} !/remote\\.php
  RewriteCond %{REQUEST_FILENAME} !/public\\.php
  RewriteCond %{REQUEST_FILENAME} !/cron\\.php
  RewriteCond %{REQUEST_FILENAME} !/status\\.php
  RewriteCond %{REQUEST_FILENAME} !/ocs/v2\\.php
  RewriteCond %{REQUEST_FILENAME} !/robots\\.txt
  RewriteCond %{REQUEST_URI} !^/\\.well-known/(acme-challenge|pki-validation)/.*
  RewriteRule . index.php [PT,E=PATH_INFO:$1]
  RewriteBase /
  <IfModule mod_env.c>
    SetEnv front_controller_active true
    <IfModule mod_dir.c>
      DirectorySlash off
    </IfModule>
  </IfModule>
</IfModule>
`,
  },
  requests: [
    ['/', 200],
    ['/apps/files/?dir=/a%20b', 200],
    ['/index.php/apps/files', 200],
    ['/.well-known/carddav', 301],
    ['/.well-known/caldav', 301, { method: 'PROPFIND', headers: { Depth: '0' } }],
    ['/.well-known/webfinger?resource=x', 200],
    ['/.well-known/acme-challenge/token', 404],
    ['/remote.php/dav/files/jo/', 200, { method: 'PROPFIND', headers: { ...BASIC, Depth: '1' } }],
    [
      '/remote.php/dav/files/jo/a%20b.txt',
      200,
      { method: 'PUT', headers: BASIC, body: 'content of the file' },
    ],
    ['/remote.php/dav/files/jo/dir', 200, { method: 'MKCOL', headers: BASIC }],
    [
      '/remote.php/dav/x',
      200,
      { method: 'MOVE', headers: { ...BASIC, Destination: 'http://www.example/remote.php/dav/y' } },
    ],
    [
      '/remote.php/dav/x',
      200,
      { method: 'REPORT', headers: { 'Content-Type': 'application/xml' }, body: '<x/>' },
    ],
    ['/remote.php/dav/x', 200, { method: 'DELETE' }],
    ['/remote/webdav/x', 200],
    ['/', 302, { headers: { 'User-Agent': 'Microsoft Data Access Internet Publishing DavClnt' } }],
    ['/', 301, { method: 'PROPFIND', headers: { 'User-Agent': 'Microsoft-WebDAV-MiniRedir/10' } }],
    ['/core/css/a.css', 200],
    ['/core/css/a.css?v=123', 200],
    ['/core/js/a.mjs?v=1', 200],
    ['/core/js/oc.js', 200],
    ['/core/img/x.svg', 200],
    ['/core/fonts/x.woff2', 200],
    ['/core/css', 200],
    ['/core/css/', 200],
    ['/config/config.php', 404],
    ['/lib/private/x.php', 404],
    ['/data/file.txt', 403],
    ['/data/', 403],
    ['/occ', 404],
    ['/.git/config', 404],
    ['/missing.css', 404],
    ['/status.php', 200],
    ['/ocs/v2.php/cloud/user?format=json', 200, { headers: { ...BEARER, 'OCS-APIRequest': 'true' } }],
    ['/ocm-provider/', 200],
    ['/upload', 200, UPLOAD],
    ['/cron.php', 200, { method: 'HEAD' }],
  ],
};
