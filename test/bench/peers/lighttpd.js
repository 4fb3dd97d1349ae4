import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const COMMANDS = ['/usr/sbin/lighttpd', '/usr/local/sbin/lighttpd'];

/** lighttpd: one process. It opens a connection to a FastCGI application for each request; reuse is not to be had. */
/** @type {import('./index.js').PeerFinder} */
export function findLighttpd() {
  const command = COMMANDS.find((path) => existsSync(path));
  if (command === undefined) return { name: 'lighttpd', missing: 'lighttpd is not installed' };
  const version = /lighttpd\/\S+/.exec(spawnSync(command, ['-v'], { encoding: 'latin1' }).stdout ?? '');
  return {
    name: 'lighttpd',
    version: version?.[0] ?? 'lighttpd',
    can: new Set(['static', 'php', 'vhosts']),
    configure: lighttpdConf,
    run: (file) => ({ command, args: ['-D', '-f', file] }),
    check: (file) => ({ command, args: ['-tt', '-f', file] }),
  };
}

/** @param {import('./index.js').Setup} setup */
function lighttpdConf({ site, port, home, fpmSockets: [fpmSocket], vhosts }) {
  const php = fpmSocket !== undefined;
  const user =
    process.getuid?.() === 0 ? 'server.username = "www-data"\nserver.groupname = "www-data"\n' : '';
  const fastcgi = `fastcgi.server = ( ".php" => (( "socket" => "${fpmSocket}" )) )\n`;
  return `server.modules = ( ${php ? '"mod_fastcgi"' : ''} )
${user}server.port = ${port}
server.bind = "127.0.0.1"
server.document-root = "${site.documents}"
server.pid-file = "${home}/pid"
server.errorlog = "${home}/error.log"
server.upload-dirs = ( "${home}" )
server.max-fds = 8192
server.max-connections = 4096
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 60
index-file.names = ( "index.html" )
mimetype.assign = ( ".txt" => "text/plain", ".html" => "text/html" )
${php ? fastcgi : ''}${virtualHosts(site.documents, vhosts)}`;
}

/**
 * @param {string} documents
 * @param {number} count
 */
function virtualHosts(documents, count) {
  const parts = [];
  for (let index = 0; index < count; index++) {
    parts.push(`$HTTP["host"] =~ "^(?:www\\.)?host${index}\\.example\\.com$" {
    server.document-root = "${documents}"
    $HTTP["url"] =^ "/host${index}/" { index-file.names = ( "index.html" ) }
}
`);
  }
  return parts.join('');
}
