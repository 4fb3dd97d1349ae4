/**
 * A log that is a program reading lines from its standard input (piped logs of httpd's server/log.c): `|program arguments`, `||program`, or
 * `|$shell command`. A program that ends is started again, as the user the server has become by then.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import type { LogTarget } from './log-file.ts';

/** Lines that wait for a slow or a missing program; what comes beyond is dropped, and counted. */
const LONGEST_QUEUE = 1024 * 1024;
const RESTART_MS = 1000;
const END_MS = 2000;

export interface ProgramEvents {
  /** It ended without being asked to. */
  onDeath(): void;
  onDropped(lines: number): void;
}

/** What to run: a program without a shell, or a shell with a command. */
export interface ProgramCommand {
  /** As messages print it. */
  readonly text: string;
  readonly argv: readonly string[];
  /** Its first word. */
  readonly file: string;
}

/** Reads what stands behind the first `|`. */
export function parseProgram(text: string): ProgramCommand {
  // `||` means what `|` alone means: no shell.
  const bare = text.startsWith('|') ? text.slice(1) : text;
  const isShell = bare.startsWith('$');
  const command = isShell ? bare.slice(1) : bare;
  const words = splitArguments(command);
  return { text: command, argv: isShell ? ['/bin/sh', '-c', command] : words, file: words[0] ?? '' };
}

/** Words between blanks; quotes hold them together, a backslash takes a blank, a quote or itself as it is (apr_tokenize_to_argv). */
export function splitArguments(text: string): string[] {
  const words: string[] = [];
  const word = /(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\]|["'\\])+/gs;
  for (const [found] of text.matchAll(word)) {
    const quote = found[0];
    const isQuoted = found.length > 1 && (quote === '"' || quote === "'") && found.endsWith(quote);
    const bare = isQuoted ? found.slice(1, -1) : found;
    words.push(bare.replace(/\\([\s"'\\])/g, '$1'));
  }
  return words;
}

export class LogProgram implements LogTarget {
  readonly command: ProgramCommand;
  readonly #events: ProgramEvents;
  readonly #prefix: ((level: number) => string) | undefined;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #restart: NodeJS.Timeout | undefined;
  #queue = '';
  #dropped = 0;
  #isClosed = false;

  /** `prefix`: what stands before every line, by its level. */
  constructor(command: ProgramCommand, events: ProgramEvents, prefix?: (level: number) => string) {
    this.command = command;
    this.#events = events;
    this.#prefix = prefix;
  }

  /** Resolves when the program runs; rejects with what the system says when it cannot be started. */
  start(): Promise<void> {
    const { file } = this.command;
    try {
      // A shell would only say so when it is too late (apr_proc_create looks at absolute names too).
      if (file.startsWith('/')) accessSync(Buffer.from(file, 'latin1'), constants.X_OK);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const child = this.#spawn();
      child.once('spawn', resolve);
      child.once('error', reject);
    });
  }

  #spawn(): ChildProcess {
    const [file = '', ...rest] = this.command.argv.map((word) => Buffer.from(word, 'latin1').toString());
    const child = spawn(file, rest, { stdio: ['pipe', 2, 2] });
    this.#child = child;
    this.#startedAt = performance.now();
    child.stdin?.on('error', () => undefined); // its end is told by 'exit'
    child.stdin?.on('drain', () => this.#onDrain());
    child.on('error', () => this.#onEnd(child));
    child.on('exit', () => this.#onEnd(child));
    return child;
  }

  #onEnd(child: ChildProcess): void {
    if (child !== this.#child || this.#isClosed) return;
    this.#child = undefined;
    if (child.pid !== undefined) this.#events.onDeath();
    const wait = Math.max(0, RESTART_MS - (performance.now() - this.#startedAt));
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      if (this.#isClosed) return;
      this.#spawn();
      this.#onDrain();
    }, wait);
    this.#restart.unref();
  }

  #onDrain(): void {
    const queued = this.#queue;
    this.#queue = '';
    if (queued !== '') this.write(queued);
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#events.onDropped(dropped);
  }

  write(lines: string): void {
    if (this.#isClosed) return;
    const stdin = this.#child?.stdin;
    if (stdin?.writable === true && !stdin.writableNeedDrain) {
      stdin.write(lines, 'latin1');
    } else if (this.#queue.length + lines.length <= LONGEST_QUEUE) {
      this.#queue += lines;
    } else {
      this.#dropped++;
    }
  }

  writeNow(lines: string, level: number): void {
    const prefix = this.#prefix?.(level);
    this.write(prefix === undefined ? lines : lines.replace(/^(?=.)/gm, prefix));
  }

  flush(): void {
    // Lines are handed to the system as they come.
  }

  /** Ends the program: it sees the end of its input, is asked to go when it stays, and made to when it does not listen. */
  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    this.#child = undefined;
    if (
      child === undefined ||
      child.pid === undefined ||
      child.exitCode !== null ||
      child.signalCode !== null
    ) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      let late = setTimeout(() => {
        child.kill('SIGTERM');
        late = setTimeout(() => {
          // One that has more rights than the server has left hears of no signal: nobody waits for it.
          child.kill('SIGKILL');
          child.unref();
          resolve();
        }, END_MS);
      }, END_MS);
      child.once('exit', () => {
        clearTimeout(late);
        resolve();
      });
      child.stdin?.end(this.#queue, 'latin1');
    });
  }
}
