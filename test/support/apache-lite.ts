import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ServerProgram } from './httpd.ts';

const command = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** The built command, run by the Node.js that runs the tests; or the reason why it cannot run. */
export function findApacheLite(): ServerProgram | { readonly missing: string } {
  if (!existsSync(command)) return { missing: 'apache-lite is not built (npm run build)' };
  return { name: 'apache-lite', command: process.execPath, prefix: [command] };
}
