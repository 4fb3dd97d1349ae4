import { TELL } from '../side-by-side.ts';
import { BASIC, BEARER, type Framework, JSON_BODY, UPLOAD } from './framework.ts';

export const JOOMLA: Framework = {
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
