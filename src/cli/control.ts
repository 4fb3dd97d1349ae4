/** -k stop, restart, graceful, graceful-stop: a signal to the server that runs (ap_signal_server of httpd's server/mpm_unix.c). */

import type { Configuration } from '../core/configuration.ts';
import { coreServer } from '../core/core-config.ts';
import { errorPrefix } from '../lib/error-text.ts';
import { DEFAULT_PID_FILE, pidFilePath } from '../server/paths.ts';
import { type ServerState, serverState } from '../server/process.ts';
import { SIGNAL_OF } from '../server/signals.ts';
import { readForStart, startupPrinter } from './configuration.ts';
import type { Options } from './options.ts';
import { printBytes } from './output.ts';

/** Sends the signal. The answer is the exit code, or `start` when there is no server to restart. */
export async function control(options: Options): Promise<number | 'start'> {
  const print = startupPrinter(options);
  const { configuration } = await readForStart(options, print);
  if (configuration === undefined) return 1;
  const state = serverState(pidFilePath(configuration));
  if (state.kind === 'unknown') {
    print(unusablePidFile(configuration, state));
    return 1;
  }
  const request = options.control;
  if (request === 'none' || request === 'start') return 'start';
  if (state.kind === 'running') {
    try {
      process.kill(state.pid, SIGNAL_OF[request]);
      return 0;
    } catch (error) {
      print(`${errorPrefix(error)}AH00057: sending signal to server\n`);
      return 1;
    }
  }
  if (request === 'stop' || request === 'graceful-stop') {
    printBytes(`httpd ${state.status}\n`);
    return 0;
  }
  printBytes('httpd not running, trying to start\n');
  return 'start';
}

/** What httpd prints of a pid file that holds no pid. */
export function unusablePidFile(
  { main }: Configuration,
  { reason }: Extract<ServerState, { kind: 'unknown' }>,
): string {
  const name = coreServer(main).pidFile ?? DEFAULT_PID_FILE;
  return `${reason}: AH00058: Error retrieving pid file ${name}\nAH00059: Remove it before continuing if it is corrupted.\n`;
}
