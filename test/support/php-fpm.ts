/** A php-fpm pool of a test's own. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runsAsRoot, serverUser } from '../differential/server-user.ts';
import { accepts } from './accepts.ts';
import { pause } from './with-server.ts';

/** The installed php-fpm, whatever its version; undefined when there is none. */
export function findPhpFpm(): string | undefined {
  const directory = '/usr/sbin';
  if (!existsSync(directory)) return undefined;
  const name = readdirSync(directory)
    .sort()
    .find((file) => /^php-fpm[\d.]*$/.test(file));
  return name === undefined ? undefined : path.join(directory, name);
}

export interface PhpPool {
  /** Path of the unix socket it listens on. */
  readonly socket: string;
  /** Starts it (again), and waits until it accepts connections. */
  start(): Promise<void>;
  /** The master's process id. */
  readonly pid: number;
  /** Ends it; the socket is gone then. */
  stop(): Promise<void>;
}

/**
 * @param directory where socket, configuration and log are put; @param settings lines of the pool, over the ones given here.
 * @param port of 127.0.0.1 to listen on, instead of the socket.
 * @param options of the command, such as `-d`, `extension=pdo.so`.
 */
export function makePhpPool(
  directory: string,
  settings: readonly string[] = [],
  port?: number,
  options: readonly string[] = [],
): PhpPool {
  const socket = path.join(directory, 'php.sock');
  const configuration = path.join(directory, 'php-fpm.conf');
  const log = path.join(directory, 'php-fpm.log');
  const user = runsAsRoot() ? [`user = ${serverUser.name}`, `group = ${serverUser.name}`] : [];
  const lines = [
    '[global]',
    `error_log = ${log}`,
    '[www]',
    ...user,
    `listen = ${port === undefined ? socket : `127.0.0.1:${port}`}`,
    'listen.mode = 0666',
    'pm = static',
    'pm.max_children = 4',
    // The machine's settings do not show (-n): no display of errors, no temporary files elsewhere.
    'php_admin_value[display_errors] = 0',
    'php_admin_value[log_errors] = 1',
    'php_admin_value[post_max_size] = 64M',
    'php_admin_value[upload_max_filesize] = 64M',
    `php_admin_value[upload_tmp_dir] = ${directory}`,
    `php_admin_value[session.save_path] = ${directory}`,
    ...settings,
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  let end = (): Promise<void> => Promise.resolve();
  let pid = 0;
  return {
    socket,
    get pid() {
      return pid;
    },
    async start() {
      const command = findPhpFpm();
      if (command === undefined) throw new Error('php-fpm is not installed');
      const child = spawn(command, ['-n', ...options, '-F', '-R', '-y', configuration], { stdio: 'ignore' });
      pid = child.pid ?? 0;
      let isGone = false;
      const exited = new Promise<void>((resolve) => {
        child.once('error', () => resolve());
        child.once('close', () => resolve());
      });
      void exited.then(() => {
        isGone = true;
      });
      end = async () => {
        child.kill('SIGTERM');
        await exited;
      };
      for (
        const deadline = Date.now() + 10_000;
        !(await accepts(port === undefined ? { path: socket } : { port, host: '127.0.0.1' }));
      ) {
        if (isGone || Date.now() > deadline) {
          await end();
          throw new Error(`${command} did not start:\n${readFileSync(log, 'latin1')}`);
        }
        await pause(20);
      }
    },
    stop: () => end(),
  };
}
