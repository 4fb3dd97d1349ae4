/** -k stop, restart, graceful, graceful-stop: a signal to the server that runs (ap_signal_server of httpd's server/mpm_unix.c). */
import { errorPrefix } from '../lib/error-text.ts';
import { SIGNAL_OF } from '../server/signals.ts';
import { startupPrinter } from './configuration.ts';
import type { Options } from './options.ts';
import { printBytes } from './output.ts';
import { findServer } from './server-found.ts';

/** Sends the signal. The answer is the exit code, or `start` when there is no server to restart. */
export async function control(options: Options): Promise<number | 'start'> {
  const print = startupPrinter(options);
  const found = await findServer(options, print);
  if (found === undefined) return 1;
  const { state } = found;
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
