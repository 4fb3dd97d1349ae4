// The differential suite from the command line: npm run differential -- [options] [part of group/name]
// Plain JavaScript, as Node.js 20 does not run TypeScript.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const modes = {
  '--live': 'live',
  '--record': 'record',
  '--recorded': 'recorded',
  '--record-differences': 'record-differences',
};
const environment = { ...process.env };
for (const argument of process.argv.slice(2)) {
  if (argument in modes) environment.DIFFERENTIAL = modes[argument];
  else if (!argument.startsWith('-')) environment.DIFFERENTIAL_ONLY = argument;
  else {
    console.error(`usage: npm run differential -- [${Object.keys(modes).join('|')}] [part of group/name]`);
    process.exit(2);
  }
}
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const done = spawnSync(
  process.execPath,
  [vitest, 'run', '--config', 'test/vitest.config.ts', 'test/differential'],
  {
    stdio: 'inherit',
    env: environment,
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  },
);
process.exit(done.status ?? 1);
