import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { httpdConf } from './httpd-conf.js';

const COMMANDS = ['/usr/sbin/apache2', '/usr/sbin/httpd', '/usr/local/apache2/bin/httpd'];
const MODULES = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/local/apache2/modules'];

/** Apache httpd with the event MPM: the parent and one child of 64 threads. */
/** @type {import('./index.js').PeerFinder} */
export function findHttpd() {
  const command = process.env.HTTPD ?? COMMANDS.find((path) => existsSync(path));
  const modules = MODULES.find((path) => existsSync(path));
  if (command === undefined || modules === undefined)
    return { name: 'httpd', missing: 'httpd is not installed' };
  const listed = spawnSync(command, ['-l'], { encoding: 'latin1' }).stdout ?? '';
  const builtIn = new Set(listed.match(/\w+\.c\b/g));
  const version = /Apache\/\S+/.exec(spawnSync(command, ['-v'], { encoding: 'latin1' }).stdout ?? '');
  return {
    name: 'httpd',
    version: version?.[0] ?? 'httpd',
    can: new Set([
      'static',
      'php',
      'php-kept',
      'balancer',
      'http-proxy',
      'wordpress',
      'htaccess',
      'filters',
      'autoindex',
      'vhosts',
      'demo',
    ]),
    configure: (setup) => httpdConf(setup, { modules, builtIn }),
    run: (file) => ({ command, args: ['-f', file, '-DFOREGROUND'] }),
    check: (file) => ({ command, args: ['-f', file, '-t'] }),
  };
}
