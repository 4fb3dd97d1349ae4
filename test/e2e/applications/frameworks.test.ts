/**
 * Front controllers under rules as frameworks and applications ship them: the same requests to httpd and to apache-lite. Where the applications
 * would be, scripts tell what they were told.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asked, Pair, TELL, whatIsMissing } from './side-by-side.ts';

interface Framework {
  readonly name: string;
  /** Below the site's root. */
  readonly documentRoot: string;
  readonly files: Readonly<Record<string, string>>;
  /** Lines of the virtual host. */
  readonly host?: string;
  readonly allow?: string;
  readonly requests: readonly (readonly [target: string, status: number, asked?: Asked])[];
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const JSON_BODY = { 'Content-Type': 'application/json' };
const BASIC = { Authorization: 'Basic am86dGVzdA==' };
const BEARER = { Authorization: 'Bearer abc.def' };
const UPLOAD: Asked = {
  method: 'POST',
  headers: { 'Content-Type': 'multipart/form-data; boundary=xx' },
  body: `--xx\r\nContent-Disposition: form-data; name="t"\r\n\r\nv\r\n--xx\r\nContent-Disposition: form-data; name="f"; filename="a b.txt"\r\nContent-Type: text/plain\r\n\r\n${'0123456789'.repeat(5000)}\r\n--xx--\r\n`,
};

const LARAVEL: Framework = {
  name: 'Laravel',
  documentRoot: 'app/public',
  files: {
    'app/.env': 'APP_KEY=secret\n',
    'app/public/index.php': TELL,
    'app/public/robots.txt': 'User-agent: *\n',
    'app/public/css/app.css': 'body{}\n',
    'app/public/build/x.js': 'let x;\n',
    'app/public/.htaccess': `<IfModule mod_rewrite.c>
  <IfModule mod_negotiation.c>
    Options -MultiViews -Indexes
  </IfModule>
  RewriteEngine On
  # Credentials go on to the application
  RewriteCond %{HTTP:Authorization} .
  RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
  RewriteCond %{HTTP:x-xsrf-token} .
  RewriteRule .* - [E=HTTP_X_XSRF_TOKEN:%{HTTP:X-XSRF-Token}]
  # Away with trailing slashes, unless there is a directory
  RewriteCond %{REQUEST_FILENAME} !-d
  RewriteCond %{REQUEST_URI} (.+)/$
  RewriteRule ^ %1 [L,R=301]
  # All that is no file goes to the front controller
  RewriteCond %{REQUEST_FILENAME} !-d
  RewriteCond %{REQUEST_FILENAME} !-f
  RewriteRule ^ index.php [L]
</IfModule>
`,
  },
  requests: [
    ['/', 200],
    ['/users/12?page=2&sort=a%20b', 200],
    ['/users/12/', 301],
    ['/users/12/?x=1', 301],
    ['/css/app.css', 200],
    ['/css/', 403],
    ['/css', 301],
    ['/robots.txt', 200, { method: 'HEAD' }],
    ['/.env', 200],
    ['/.htaccess', 403],
    ['/index.php/users/7', 200],
    ['/index.php', 200],
    ['/api/me', 200, { headers: BEARER }],
    ['/api/me', 200, { headers: { ...BASIC, 'X-XSRF-Token': 'tok=1' } }],
    ['/api/users', 200, { method: 'POST', headers: FORM, body: 'a=1&b=x%20y' }],
    ['/api/users/3', 200, { method: 'PUT', headers: JSON_BODY, body: '{"a":1}' }],
    ['/api/users/3', 200, { method: 'DELETE' }],
    ['/api/users/3', 200, { method: 'PATCH', headers: JSON_BODY, body: '{}' }],
    ['/api/users', 200, { method: 'OPTIONS', headers: { Origin: 'http://x.example' } }],
    ['/upload', 200, UPLOAD],
    ['/caf%C3%A9/%E2%82%AC', 200],
    ['/a%2Fb', 404],
    ['/a//b/../c', 200],
    ['/users/?', 301],
    ['/build/x.js', 206, { headers: { Range: 'bytes=0-2' } }],
    ['/missing.css', 200],
  ],
};

const SYMFONY: Framework = {
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

const DRUPAL: Framework = {
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

const JOOMLA: Framework = {
  name: 'Joomla',
  documentRoot: 'joomla',
  files: {
    'joomla/index.php': TELL,
    'joomla/api/index.php': TELL,
    'joomla/administrator/index.php': TELL,
    'joomla/media/a.css': 'a{}\n',
    'joomla/media/a.css.gz': '\x1f\x8bzipped',
    'joomla/images/x.svg': '<svg/>',
    'joomla/.htaccess': `<IfModule mod_autoindex.c>
  IndexIgnore *
</IfModule>
Options +FollowSymlinks
Options -Indexes
<IfModule mod_headers.c>
  Header always set X-Content-Type-Options "nosniff"
  <FilesMatch "\\.svg$">
    Header always set Content-Security-Policy "script-src 'none'"
  </FilesMatch>
</IfModule>
RewriteEngine On
RewriteCond %{QUERY_STRING} base64_encode[^(]*\\([^)]*\\) [OR]
RewriteCond %{QUERY_STRING} (<|%3C)([^s]*s)+cript.*(>|%3E) [NC,OR]
RewriteCond %{QUERY_STRING} GLOBALS(=|\\[|\\%[0-9A-Z]{0,2}) [OR]
RewriteCond %{QUERY_STRING} _REQUEST(=|\\[|\\%[0-9A-Z]{0,2})
RewriteRule .* index.php [F]
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteCond %{REQUEST_URI} ^/api/
RewriteCond %{REQUEST_URI} !^/api/index\\.php
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule .* api/index.php [L]
RewriteCond %{REQUEST_URI} !^/index\\.php
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule .* index.php [L]
<IfModule mod_headers.c>
  RewriteCond "%{HTTP:Accept-encoding}" "gzip"
  RewriteCond "%{REQUEST_FILENAME}\\.gz" -s
  RewriteRule "^(.*)\\.css" "$1\\.css\\.gz" [QSA]
  RewriteRule "\\.css\\.gz$" "-" [T=text/css,E=no-gzip:1,E=no-brotli:1]
  <FilesMatch "(\\.js\\.gz|\\.css\\.gz)$">
    Header set Content-Encoding gzip
    Header append Vary Accept-Encoding
  </FilesMatch>
</IfModule>
`,
  },
  requests: [
    ['/', 200],
    ['/component/content/article/1?x=2', 200],
    ['/api/v1/content', 200, { headers: BEARER }],
    ['/api/index.php/v1/content', 200],
    ['/api/v1/content', 200, { method: 'POST', headers: JSON_BODY, body: '{"x":[1]}' }],
    ['/administrator', 301],
    ['/administrator/', 200],
    ['/administrator/index.php?option=com_x', 200],
    ['/media/a.css', 200],
    ['/media/a.css', 200, { headers: { 'Accept-Encoding': 'gzip, br' } }],
    ['/media/', 403],
    ['/images/x.svg', 200],
    ['/?q=%3Cscript%3E', 403],
    ['/?GLOBALS[x]=1', 403],
    ['/?x=base64_encode(abc)', 403],
    ['/index.php/a/b', 200],
    ['/x', 200, { headers: BASIC }],
    ['/upload', 200, UPLOAD],
    ['/de/suche', 200, { method: 'HEAD' }],
    ['/htaccess.txt', 200],
    ['/a.b.html?y', 200],
  ],
};

const NEXTCLOUD: Framework = {
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

const reason = whatIsMissing();
describe.each([LARAVEL, SYMFONY, DRUPAL, JOOMLA, NEXTCLOUD])(
  `$name${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  { skip: reason !== undefined },
  ({ documentRoot, files, host = '', requests }) => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await Pair.start({
        files,
        configuration: ({ root, ports }) => `<Directory "${root}">
  AllowOverride All
  Require all granted
</Directory>
<VirtualHost *:${ports[0]} *:${ports[1]}>
  ServerName www.example
  DocumentRoot "${root}/${documentRoot}"
  ${host.replaceAll('${ROOT}', root)}
</VirtualHost>
`,
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
      const { httpd, ours } = await pair.ask(target, asked);
      expect(ours).toEqual(httpd);
      expect(httpd.status).toContain(` ${status} `);
    });
  },
);
