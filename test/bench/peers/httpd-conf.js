/** The configuration that httpd and apache-lite get: the same text but for port and file names. */
import { join } from 'node:path';

/** @typedef {import('./index.js').Setup} Setup */

/**
 * @param {Setup} setup
 * @param {{ modules: string, builtIn: ReadonlySet<string> }} httpd where modules are, and those that need no LoadModule
 */
export function httpdConf(setup, { modules, builtIn }) {
  const { site, port, home, fpmSocket, vhosts } = setup;
  const php = fpmSocket !== undefined;
  const wanted = ['mpm_event', 'unixd', 'authz_core', 'mime', 'dir', ...(php ? ['proxy', 'proxy_fcgi'] : [])];
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
${php ? phpConf(site.documents, fpmSocket) : ''}${virtualHosts(setup, vhosts)}`;
}

/**
 * @param {string} documents
 * @param {string} fpmSocket
 */
function phpConf(documents, fpmSocket) {
  return `<Directory "${documents}/plain">
    <FilesMatch "\\.php$">
        SetHandler "proxy:unix:${fpmSocket}|fcgi://plain/"
    </FilesMatch>
</Directory>
<Directory "${documents}/reuse">
    <FilesMatch "\\.php$">
        SetHandler "proxy:unix:${fpmSocket}|fcgi://reuse/"
    </FilesMatch>
</Directory>
<Proxy "fcgi://reuse/" enablereuse=on max=10>
</Proxy>
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
