/** The configuration that httpd and apache-lite get: the same text but for port and file names. */
import { join } from 'node:path';

/** @typedef {import('./index.js').Setup} Setup */

/**
 * @param {Setup} setup
 * @param {{ modules: string, builtIn: ReadonlySet<string> }} httpd where modules are, and those that need no LoadModule
 */
export function httpdConf(setup, { modules, builtIn }) {
  const { site, port, home, feature, vhosts } = setup;
  const { needs, conf } = FEATURES[feature];
  const wanted = ['mpm_event', 'unixd', 'authz_core', 'mime', 'dir', ...needs];
  const load = wanted
    .filter((name) => !builtIn.has(`mod_${name}.c`) && !builtIn.has(`${name}.c`))
    .map((name) => `LoadModule ${name}_module ${join(modules, `mod_${name}.so`)}`);
  return `ServerRoot "${home}"
${load.join('\n')}
Listen 127.0.0.1:${port}
ServerName localhost
PidFile "${home}/pid"
ErrorLog "${home}/error.log"
LogLevel warn
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data\n' : ''}
ServerLimit 1
StartServers 1
ThreadsPerChild 64
ThreadLimit 64
MaxRequestWorkers 64
MinSpareThreads 1
MaxSpareThreads 64
AsyncRequestWorkerFactor 32

KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0

TypesConfig /dev/null
AddType text/plain .txt
AddType text/html .html
DirectoryIndex index.html
DocumentRoot "${site.documents}"
<Directory "/">
    Options FollowSymLinks
    AllowOverride None
    Require all denied
</Directory>
<Directory "${site.documents}">
    Require all granted
</Directory>
${conf(setup)}${virtualHosts(setup, vhosts)}`;
}

/**
 * What a job asks for: modules beside those of every job, and the lines that use them.
 * @type {Readonly<Record<import('./index.js').Ability, { needs: readonly string[], conf: (setup: Setup) => string }>>}
 */
const FEATURES = {
  static: { needs: [], conf: () => '' },
  php: { needs: ['proxy', 'proxy_fcgi'], conf: phpConf },
  balancer: {
    needs: ['proxy', 'proxy_fcgi', 'slotmem_shm', 'proxy_balancer', 'lbmethod_byrequests'],
    conf: balancerConf,
  },
  'http-proxy': { needs: ['proxy', 'proxy_http'], conf: httpProxyConf },
  wordpress: { needs: ['rewrite', 'proxy', 'proxy_fcgi'], conf: wordpressConf },
  htaccess: { needs: ['headers'], conf: htaccessConf },
  filters: { needs: ['filter', 'deflate', 'headers', 'expires'], conf: filtersConf },
  autoindex: { needs: ['autoindex'], conf: autoindexConf },
};

/** @param {Setup} setup */
function phpConf({ site: { documents }, fpmSockets: [socket] }) {
  return `<Directory "${documents}/plain">
    <FilesMatch "\\.php$">
        SetHandler "proxy:unix:${socket}|fcgi://plain/"
    </FilesMatch>
</Directory>
<Directory "${documents}/reuse">
    <FilesMatch "\\.php$">
        SetHandler "proxy:unix:${socket}|fcgi://reuse/"
    </FilesMatch>
</Directory>
<Proxy "fcgi://reuse/" enablereuse=on max=10>
</Proxy>
`;
}

/** @param {Setup} setup */
function balancerConf({ site: { documents }, fpmSockets }) {
  const members = fpmSockets.map(
    (socket, index) => `    BalancerMember "unix:${socket}|fcgi://member${index}" enablereuse=on max=10\n`,
  );
  return `<Proxy "balancer://php">
${members.join('')}</Proxy>
ProxyPassMatch "^/(reuse/.*\\.php)$" "balancer://php${documents}/$1"
`;
}

/** @param {Setup} setup */
function httpProxyConf({ upstreamPort }) {
  return `ProxyPass "/upstream/" "http://127.0.0.1:${upstreamPort}/"
`;
}

/** The .htaccess of WordPress is a file of the site. @param {Setup} setup */
function wordpressConf({ site: { documents }, fpmSockets: [socket] }) {
  return `<Directory "${documents}/wordpress">
    AllowOverride All
    Options FollowSymLinks
    <FilesMatch "\\.php$">
        SetHandler "proxy:unix:${socket}|fcgi://wordpress/"
    </FilesMatch>
</Directory>
<Directory "${documents}/wordpress-404">
    AllowOverride All
    Options FollowSymLinks
</Directory>
<Proxy "fcgi://wordpress/" enablereuse=on max=10>
</Proxy>
`;
}

/** A field is set in each of them, over and over. @param {Setup} setup */
function htaccessConf({ site: { documents } }) {
  return `<Directory "${documents}/nested">
    AllowOverride All
</Directory>
`;
}

function filtersConf() {
  return `AddOutputFilterByType DEFLATE text/plain text/html
Header set X-Content-Type-Options nosniff
Header always set Strict-Transport-Security "max-age=31536000"
ExpiresActive On
ExpiresByType text/plain "access plus 1 month"
`;
}

/** @param {Setup} setup */
function autoindexConf({ site: { documents } }) {
  return `<Directory "${documents}/listing">
    Options +Indexes
</Directory>
<Directory "${documents}/listing-fancy">
    Options +Indexes
    IndexOptions FancyIndexing
</Directory>
`;
}

/**
 * @param {Setup} setup
 * @param {number} count
 */
function virtualHosts({ site, port }, count) {
  const parts = [];
  for (let index = 0; index < count; index++) {
    parts.push(`<VirtualHost 127.0.0.1:${port}>
    ServerName host${index}.example.com
    ServerAlias www.host${index}.example.com
    DocumentRoot "${site.documents}"
    <Directory "${site.documents}/host${index}">
        Require all granted
    </Directory>
</VirtualHost>
`);
  }
  return parts.join('');
}
