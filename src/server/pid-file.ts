/** The pid file (ap_read_pid and ap_log_pid of httpd's server/log.c). */
import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';

/** A longer file cannot be a number. */
const LONGEST = 25;

export type RecordedPid =
  | { readonly kind: 'none' }
  | { readonly kind: 'pid'; readonly pid: number }
  /** Not a number, or not readable; `reason` as httpd prints it in front of its message. */
  | { readonly kind: 'unusable'; readonly reason: string };

/** What a pid file says. A digit must come first; what follows the number is not looked at. */
export function readPidFile(path: string): RecordedPid {
  let text: string;
  try {
    text = readFileSync(Buffer.from(path, 'latin1'), 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'none' };
    return { kind: 'unusable', reason: code === 'EACCES' ? '(13)Permission denied' : `${code ?? error}` };
  }
  if (text.length > LONGEST || !/^\d/.test(text)) {
    return { kind: 'unusable', reason: '(20014)Internal error (specific information not available)' };
  }
  return { kind: 'pid', pid: Number.parseInt(text, 10) };
}

/** Whether a process with this number runs, another one than this. Numbers that would mean groups of processes are nobody's. */
export function isOtherProcess(pid: number): boolean {
  if (pid < 1 || pid > 0x7fffffff || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // Also for processes of other users: httpd takes any failure for "not running".
    return false;
  }
}

/** Writes the file whole or not at all: a reader never sees half a number. Throws as Node's functions do. */
export function writePidFile(path: string, pid: number): void {
  const target = Buffer.from(path, 'latin1');
  const temporary = Buffer.from(`${path}.${pid}.new`, 'latin1');
  writeFileSync(temporary, `${pid}\n`, { mode: 0o644 });
  try {
    renameSync(temporary, target);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

/** Removes the file when it is still this process's; says whether it is gone. */
export function removePidFile(path: string, pid: number): boolean {
  const found = readPidFile(path);
  if (found.kind !== 'pid' || found.pid !== pid) return false;
  try {
    unlinkSync(Buffer.from(path, 'latin1'));
    return true;
  } catch {
    return false;
  }
}
