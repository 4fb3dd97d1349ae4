/**
 * A log that is a file, opened for appending. Lines of one turn of the event loop leave in one write, always whole: other processes may write
 * to the same file.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

const FLUSH_AT = 64 * 1024;
const BUFFERED_MS = 50;

/** Where lines go. */
export interface LogTarget {
  /** Whole lines with their ends; may wait for others. */
  write(lines: string): void;
  /** The same, at once. `level` is syslog's. */
  writeNow(lines: string, level: number): void;
  flush(): void;
  close(): Promise<void>;
}

export class LogFile implements LogTarget {
  readonly path: string;
  /** Undefined: closed. */
  #fd: number | undefined;
  #pending = '';
  #isScheduled = false;
  readonly #flush = (): void => this.flush();

  /** Throws what open(2) says. */
  constructor(path: string) {
    this.path = path;
    this.#fd = openForAppending(path);
  }

  /** Opens the file again under its name: the old one may have been moved away. Throws what open(2) says; then the old one stays. */
  reopen(): void {
    const fd = openForAppending(this.path);
    this.flush();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = fd;
  }

  write(lines: string): void {
    this.#pending += lines;
    if (this.#pending.length >= FLUSH_AT) {
      this.flush();
    } else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#flush);
    }
  }

  /** BufferedLogs: within BUFFERED_MS. */
  writeBuffered(lines: string): void {
    this.#pending += lines;
    if (this.#pending.length >= FLUSH_AT) {
      this.flush();
    } else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setTimeout(this.#flush, BUFFERED_MS).unref();
    }
  }

  writeNow(lines: string): void {
    this.#pending += lines;
    this.flush();
  }

  flush(): void {
    this.#isScheduled = false;
    if (this.#pending === '') return;
    const bytes = Buffer.from(this.#pending, 'latin1');
    this.#pending = '';
    try {
      if (this.#fd !== undefined) {
        writeAll(this.#fd, bytes);
        return;
      }
      // The last requests of a configuration that is gone: nothing of them is lost.
      const fd = openForAppending(this.path);
      try {
        writeAll(fd, bytes);
      } finally {
        closeSync(fd);
      }
    } catch {
      // A full disk: httpd loses these lines too, and there is nowhere to say so.
    }
  }

  close(): Promise<void> {
    this.flush();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    return Promise.resolve();
  }
}

function openForAppending(path: string): number {
  return openSync(Buffer.from(path, 'latin1'), 'a');
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
