/** File tests and file functions of ap_expr (server/util_expr_eval.c: op_file_*, file_func, filesize_func). */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { ExprEvaluationError } from './context.ts';

const MAX_FILE_BYTES = 10 * 1024 * 1024;
const ASCII_ONLY = /^[\x01-\x7f]*$/;

/** Byte strings name files byte by byte; a pure ASCII name needs no conversion. */
const toPath = (name: string): string | Buffer =>
  ASCII_ONLY.test(name) ? name : Buffer.from(name, 'latin1');

const inspect = (name: string, read: typeof statSync): Stats | undefined => {
  try {
    return read(toPath(name), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
};

const isExecutable = (name: string): boolean => {
  try {
    accessSync(toPath(name), constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const isLink = (name: string): boolean =>
  inspect(name, lstatSync as typeof statSync)?.isSymbolicLink() ?? false;

/** The tests by operator. -s asks for a regular file, which httpd's manual does not say. */
export const FILE_TESTS: ReadonlyMap<string, (name: string) => boolean> = new Map([
  ['-d', (name: string) => inspect(name, statSync)?.isDirectory() ?? false],
  ['-e', (name: string) => inspect(name, statSync) !== undefined],
  ['-f', (name: string) => inspect(name, statSync)?.isFile() ?? false],
  ['-s', (name: string) => isNonEmpty(inspect(name, statSync))],
  ['-L', isLink],
  ['-h', isLink],
  ['-x', isExecutable],
]);

const isNonEmpty = (stats: Stats | undefined): boolean => stats?.isFile() === true && stats.size > 0;

/** filesize(): bytes of a regular file in decimal, `0` for anything else. */
export const fileSize = (name: string): string => {
  const stats = inspect(name, statSync);
  return stats?.isFile() ? String(stats.size) : '0';
};

/**
 * file(): the content up to its first NUL.
 * @throws ExprEvaluationError in httpd's words when there is no file, it is no regular file, or it is over 10 MiB
 */
export const readWholeFile = (name: string): string => {
  let handle: number;
  try {
    // Without O_NONBLOCK a FIFO would hold the whole process.
    handle = openSync(toPath(name), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    throw new ExprEvaluationError(`Cannot open file ${name}`);
  }
  try {
    const { size } = fstatSync(handle);
    if (size > MAX_FILE_BYTES) throw new ExprEvaluationError(`File ${name} too large`);
    const content = Buffer.allocUnsafe(size);
    const length = size === 0 ? 0 : readSync(handle, content, 0, size, 0);
    const text = content.toString('latin1', 0, length);
    const nul = text.indexOf('\0');
    return nul < 0 ? text : text.slice(0, nul);
  } catch (error) {
    if (error instanceof ExprEvaluationError) throw error;
    throw new ExprEvaluationError(`Cannot read from file ${name}`);
  } finally {
    closeSync(handle);
  }
};
