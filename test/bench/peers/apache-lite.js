import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { httpdConf } from './httpd-conf.js';

const built = fileURLToPath(new URL('../../../dist/bin/apache-lite.js', import.meta.url));
const about = fileURLToPath(new URL('../../../package.json', import.meta.url));
/** Needed without LoadModule by Debian's httpd, and so here. */
const builtIn = new Set(['mod_unixd.c', 'mod_version.c', 'mod_log_config.c']);

/** apache-lite as built, in one process. APACHE_LITE names another script to run. */
/** @type {import('./index.js').PeerFinder} */
export function findApacheLite({ profile } = {}) {
  const script = process.env.APACHE_LITE ?? built;
  if (!existsSync(script)) return { name: 'apache-lite', missing: `${script} is not there: npm run build` };
  const node = process.execPath;
  const profiling = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile];
  return {
    name: 'apache-lite',
    version: `${JSON.parse(readFileSync(about, 'utf8')).version} on Node.js ${process.versions.node}`,
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
    configure: (setup) => httpdConf(setup, { modules: 'modules', builtIn }),
    run: (file) => ({ command: node, args: [...profiling, script, '-f', file, '-X'] }),
    check: (file) => ({ command: node, args: [script, '-f', file, '-t'] }),
  };
}
