/** Byte-string names and the file system: the one place that converts between them. */
import { lstatSync, openSync, type Stats, statSync } from 'node:fs';

/** What Node's fs takes for a byte-string name: pure ASCII as it is, else the bytes. */
export function fsPath(name: string): string | Buffer {
  for (let i = 0; i < name.length; i++) {
    if (name.charCodeAt(i) > 0x7f) return Buffer.from(name, 'latin1');
  }
  return name;
}

/** What a directory has for a media type (DIR_MAGIC_TYPE of include/httpd.h). */
export const DIRECTORY_TYPE = 'httpd/unix-directory';

const NO_THROW = { throwIfNoEntry: false } as const;

/** Why a name could not be looked up. */
export type StatFailure = 'missing' | 'not-a-directory' | 'denied' | 'too-long' | 'loop' | 'other';

/** Either what is there, or why it is not known. */
export type StatResult = Stats | StatFailure;

export function failureOf(error: unknown): StatFailure {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'missing';
    case 'ENOTDIR':
      return 'not-a-directory';
    case 'EACCES':
    case 'EPERM':
      return 'denied';
    case 'ENAMETOOLONG':
      return 'too-long';
    case 'ELOOP':
      return 'loop';
    default:
      return 'other';
  }
}

/** The system's words for a failure, with its number, as httpd puts them in front of a log line; undefined where they say nothing. */
export function errorText(failure: StatFailure): string | undefined {
  switch (failure) {
    case 'missing':
      return '(2)No such file or directory';
    case 'denied':
      return '(13)Permission denied';
    case 'not-a-directory':
      return '(20)Not a directory';
    case 'too-long':
      return '(36)File name too long';
    case 'loop':
      return '(40)Too many levels of symbolic links';
    default:
      return undefined;
  }
}

/** stat(2), following links. `missing` also stands for a parent that is no directory where the system does not tell them apart. */
export function statFile(name: string): StatResult {
  try {
    return statSync(fsPath(name), NO_THROW) ?? 'missing';
  } catch (error) {
    return failureOf(error);
  }
}

/** lstat(2): the link itself. */
export function lstatFile(name: string): StatResult {
  try {
    return lstatSync(fsPath(name), NO_THROW) ?? 'missing';
  } catch (error) {
    return failureOf(error);
  }
}

/** open(2) for reading; answers the descriptor or why not. */
export function openFile(name: string): number | StatFailure {
  try {
    return openSync(fsPath(name), 'r');
  } catch (error) {
    return failureOf(error);
  }
}
