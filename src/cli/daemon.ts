/**
 * Leaving the terminal without fork(): the command starts itself again as the leader of a new session, hands it its own streams, and stays
 * until that process says that it serves, or ends. So the caller sees the messages and the exit code that httpd would give.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';

/** Names the descriptor on which the detached process reports. Not for anyone else: it is taken out of the environment at once. */
const REPORT_VARIABLE = 'APACHE_LITE_REPORT_FD';
const REPORT_FD = 3;
const READY = '1';

/** Where the detached process reports; undefined in a process that nobody detached. */
export function takeReportDescriptor(): number | undefined {
  const value = process.env[REPORT_VARIABLE];
  delete process.env[REPORT_VARIABLE];
  return value === String(REPORT_FD) ? REPORT_FD : undefined;
}

/** Starts this command again in the background. Resolves with the exit code: 0 once the other process serves, else its own. */
export function startDetached(args: readonly string[]): Promise<number> {
  const main = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [REPORT_VARIABLE]: String(REPORT_FD) },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
    child.stdio[REPORT_FD]?.once('data', () => resolve(0));
  });
}

/** Tells the process that waits in the terminal that this one serves. */
export function reportReady(descriptor: number): void {
  try {
    writeSync(descriptor, READY);
    closeSync(descriptor);
  } catch {
    // It was ended meanwhile; the server it started goes on.
  }
}

/**
 * Gives the terminal's streams away: nothing to read, output into nothing, errors into a file. Without dup2(), a descriptor is closed and the
 * next file opened takes its number, being the lowest that is free.
 */
export function redirectStreams(errorLog: string | undefined): void {
  reopen(0, '/dev/null', 'r');
  reopen(1, '/dev/null', 'w');
  reopen(2, errorLog ?? '/dev/null', 'a');
}

function reopen(descriptor: number, file: string, flags: string): void {
  const open = (): number => openSync(Buffer.from(file, 'latin1'), flags, 0o644);
  let probe: number;
  try {
    probe = open();
  } catch {
    // A server that gave up root may not open its log again: the one it has stays.
    return;
  }
  closeSync(descriptor);
  const got = open();
  if (got !== descriptor) closeSync(got);
  closeSync(probe);
}
