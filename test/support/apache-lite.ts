import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ServerProgram } from './httpd.ts';

const built = fileURLToPath(new URL('../../dist/bin/apache-lite.js', import.meta.url));

/**
 * The built command, run by the Node.js that runs the tests; or the reason why it cannot run.
 * APACHE_LITE names another one: a script for Node.js when it ends in .js, else a program (httpd itself, to test a test).
 */
export function findApacheLite(): ServerProgram | { readonly missing: string } {
  const command = process.env.APACHE_LITE ?? built;
  if (!existsSync(command)) return { missing: `${command} is not there: npm run build` };
  if (!command.endsWith('.js')) return { name: 'apache-lite', command, prefix: [] };
  return { name: 'apache-lite', command: process.execPath, prefix: [command] };
}
