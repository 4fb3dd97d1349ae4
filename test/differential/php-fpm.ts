import { spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { runsAsRoot, serverUser } from './server-user.ts';
import type { Placeholders } from './site.ts';

/** The installed php-fpm, whatever its version; undefined when there is none. */
export function findPhpFpm(): string | undefined {
  const directory = '/usr/sbin';
  if (!existsSync(directory)) return undefined;
  const name = readdirSync(directory)
    .sort()
    .find((file) => /^php-fpm[\d.]*$/.test(file));
  return name === undefined ? undefined : join(directory, name);
}

/** Starts one PHP process behind `${root}/run/php.sock` and waits until it accepts connections. */
export async function startPhpFpm(values: Placeholders): Promise<{ stop(): Promise<void> }> {
  const command = findPhpFpm();
  if (command === undefined) throw new Error('php-fpm is not installed');
  const configuration = join(values.root, 'conf/php-fpm.conf');
  const socket = join(values.root, 'run/php.sock');
  const user = runsAsRoot() ? [`user = ${serverUser.name}`, `group = ${serverUser.name}`] : [];
  const lines = [
    '[global]',
    `error_log = ${values.root}/run/php-fpm.log`,
    '[www]',
    ...user,
    `listen = ${socket}`,
    'listen.mode = 0666',
    'pm = static',
    'pm.max_children = 1',
    'security.limit_extensions =',
    'php_admin_value[expose_php] = 0',
    'php_admin_value[display_errors] = 0',
    '',
  ];
  writeFileSync(configuration, lines.join('\n'));
  // -n: no php.ini, so that the machine's settings do not show.
  const child = spawn(command, ['-n', '-F', '-R', '-y', configuration], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  const deadline = Date.now() + 5000;
  while (!(await accepts(socket))) {
    if (Date.now() > deadline || child.exitCode !== null) {
      await stop();
      throw new Error(`${command} did not start`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { stop };
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
