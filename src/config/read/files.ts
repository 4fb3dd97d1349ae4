/** The file system as configuration reading sees it: byte-string names, C error texts. */
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { getSystemErrorName } from 'node:util';
import type { ConfigFiles } from './options.ts';

/** A byte-string path for Node: ASCII goes as it is, other bytes must not be read as UTF-16. */
function native(name: string): string | Buffer {
  return /[^\0-\x7f]/.test(name) ? Buffer.from(name, 'latin1') : name;
}

export const diskFiles: ConfigFiles = {
  read: (name) => readFileSync(native(name), 'latin1'),
  list(name) {
    const entries = readdirSync(native(name), { withFileTypes: true, encoding: 'latin1' as BufferEncoding });
    return entries.map((entry) => {
      const { name: entryName } = entry;
      if (entry.isSymbolicLink()) return { name: entryName, kind: 'symlink' };
      if (entry.isDirectory()) return { name: entryName, kind: 'directory' };
      return { name: entryName, kind: entry.isFile() ? 'file' : 'other' };
    });
  },
  kind(name) {
    try {
      const found = statSync(native(name));
      if (found.isDirectory()) return 'directory';
      return found.isFile() ? 'file' : 'other';
    } catch {
      return undefined;
    }
  },
};

/** strerror(3) texts as glibc words them: httpd prints them behind a colon. */
const ERROR_TEXTS: Record<string, string> = {
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENFILE: 'Too many open files in system',
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  ENXIO: 'No such device or address',
  EPERM: 'Operation not permitted',
};

/** The `code` of a file system error (`ENOENT`), or undefined for other errors. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno } = error as NodeJS.ErrnoException;
  return code ?? (typeof errno === 'number' ? getSystemErrorName(errno) : undefined);
}

export function errorText(error: unknown): string {
  const code = errorCode(error) ?? '';
  return ERROR_TEXTS[code] ?? (error instanceof Error ? error.message : String(error));
}

/** ap_server_root_relative: absolute, without `.`, `..` and doubled slashes; a slash at the end stays. */
export function rootRelative(serverRoot: string, name: string): string {
  return path.posix.normalize(name.startsWith('/') ? name : `${serverRoot}/${name}`);
}
