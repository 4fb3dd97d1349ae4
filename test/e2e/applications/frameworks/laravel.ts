import { TELL } from '../side-by-side.ts';
import { BASIC, BEARER, FORM, type Framework, JSON_BODY, UPLOAD } from './framework.ts';

export const LARAVEL: Framework = {
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
