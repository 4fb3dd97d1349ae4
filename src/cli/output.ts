/** Printing that is done when it returns: the process may end, or give its streams away, right after. */
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';

const STDOUT = 1;
const STDERR = 2;
/** Between two attempts to write into a pipe whose reader is slow. */
const PAUSE_MS = 5;

/** Prints byte strings. */
export function printBytes(text: string): void {
  writeAll(STDOUT, Buffer.from(text, 'latin1'));
}

/** Prints text for the error stream. */
export function printError(text: string): void {
  writeAll(STDERR, Buffer.from(text, 'utf8'));
}

/** Writes all of `data`; a reader that went away is nobody to tell. */
export function writeAll(fd: number, data: Buffer): void {
  let from = 0;
  while (from < data.length) {
    try {
      from += writeSync(fd, data, from);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
