/** strerror(3) as glibc words it: httpd prints `(98)Address already in use: ` in front of its messages (log_error_core of server/log.c). */
import { constants } from 'node:os';

const TEXTS: Readonly<Record<number, string>> = {
  1: 'Operation not permitted',
  2: 'No such file or directory',
  3: 'No such process',
  7: 'Argument list too long',
  8: 'Exec format error',
  9: 'Bad file descriptor',
  11: 'Resource temporarily unavailable',
  12: 'Cannot allocate memory',
  13: 'Permission denied',
  17: 'File exists',
  20: 'Not a directory',
  21: 'Is a directory',
  22: 'Invalid argument',
  23: 'Too many open files in system',
  24: 'Too many open files',
  26: 'Text file busy',
  28: 'No space left on device',
  30: 'Read-only file system',
  36: 'File name too long',
  40: 'Too many levels of symbolic links',
  97: 'Address family not supported by protocol',
  98: 'Address already in use',
  99: 'Cannot assign requested address',
  101: 'Network is unreachable',
  104: 'Connection reset by peer',
  110: 'Connection timed out',
  111: 'Connection refused',
  113: 'No route to host',
};

/** `(98)Address already in use: `; `errno` positive. `fallback` is used for numbers without a text. */
export function errnoPrefix(errno: number, fallback = 'Unknown error'): string {
  return `(${errno})${TEXTS[errno] ?? fallback}: `;
}

/** The same of an error that Node threw; empty when it carries no number. */
export function errorPrefix(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return errno === undefined ? '' : errnoPrefix(Math.abs(errno), message);
}

/** `(111)Connection refused` of Node's `ECONNREFUSED`; undefined for what is no code of the system. */
export function systemError(code: string): string | undefined {
  const errno = (constants.errno as Readonly<Record<string, number>>)[code];
  return errno === undefined ? undefined : `(${errno})${TEXTS[errno] ?? code}`;
}
