/**
 * Text files that are looked at for every request, as users and groups are kept in: read again when a stat shows a change, so that an edit
 * counts at once. Lines come as httpd reads configuration lines (ap_cfg_getline of server/util.c).
 */
import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { trimSpaces } from '../http/bytes.ts';
import { LruCache } from '../lib/lru.ts';
import { type FileStamp, isSameFile, isSettled, stampOf } from './file-stamp.ts';
import { failureOf, openFile, type StatFailure, statFile } from './files.ts';

interface Kept<T> {
  readonly stamp: FileStamp;
  readonly value: T;
}

const FILES_KEPT = 256;

/** Files of one kind, parsed once a version. */
export class ParsedFiles<T extends object> {
  readonly #kept = new LruCache<string, Kept<T>>(FILES_KEPT);
  readonly #parse: (file: Buffer) => T;

  constructor(parse: (file: Buffer) => T) {
    this.#parse = parse;
  }

  /** What the file says now, or why it cannot be read. */
  read(path: string): T | StatFailure {
    const found = statFile(path);
    if (typeof found !== 'object') return found;
    // Nothing but a file: reading a pipe could wait for ever.
    if (!found.isFile()) return 'other';
    const kept = this.#kept.get(path);
    return kept !== undefined && isSameFile(kept.stamp, found) ? kept.value : this.#readNew(path);
  }

  #readNew(path: string): T | StatFailure {
    const fd = openFile(path);
    if (typeof fd !== 'number') return fd;
    try {
      const stamp = stampOf(fstatSync(fd));
      const value = this.#parse(readFileSync(fd));
      if (isSettled(stamp)) this.#kept.set(path, { stamp, value });
      return value;
    } catch (error) {
      return failureOf(error);
    } finally {
      closeSync(fd);
    }
  }
}

/** Files of lines. */
export class LineFiles<T extends object> extends ParsedFiles<T> {
  constructor(parse: (lines: Iterable<string>) => T) {
    super((file) => parse(configLines(file.toString('latin1'))));
  }
}

/** Lines without white space around them, joined where one ends in a backslash; empty ones and comments are left out. */
export function* configLines(text: string): Generator<string> {
  let joined = '';
  for (const line of text.split('\n')) {
    if (line.endsWith('\\')) {
      joined += line.slice(0, -1);
      continue;
    }
    const whole = trimSpaces(joined + line);
    joined = '';
    if (whole !== '' && !whole.startsWith('#')) yield whole;
  }
  const last = trimSpaces(joined);
  if (last !== '' && !last.startsWith('#')) yield last;
}

/** ap_getword(): up to the stop character, behind which more of it are skipped. */
export function untilStop(line: string, stop: string): [word: string, rest: string] {
  const at = line.indexOf(stop);
  if (at < 0) return [line, ''];
  let next = at;
  while (line[next] === stop) next++;
  return [line.slice(0, at), line.slice(next)];
}
