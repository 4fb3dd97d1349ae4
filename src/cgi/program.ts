/**
 * Programs run for a request: CGI scripts, shell commands in pages, external filters. That one cannot be started is told in one way, whatever way
 * the system says it; what it says on stderr comes in lines; and one that is asked to end does end (apr_proc_create, APR_KILL_AFTER_TIMEOUT).
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';

/** A process that does not end when asked is ended (milliseconds). */
const PATIENCE = 3000;
/** A longer line of stderr comes in pieces (bytes; httpd's HUGE_STRING_LEN without its end). */
const LONGEST_LINE = 8191;

/** The environment of a program: what is added has a name that a shell can say (ap_create_environment). */
export class ProgramEnvironment {
  readonly variables: Record<string, string> = Object.create(null) as Record<string, string>;

  /** Both are byte strings. */
  add(name: string, value: string): void {
    const said = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
      ? name
      : name.replace(/^[0-9]/, '_').replace(/[^A-Za-z0-9_]/g, '_');
    this.variables[said] = asText(value);
  }
}

export interface ProgramCommand {
  /** A byte string, like the arguments and the directory. */
  readonly file: string;
  readonly args: readonly string[];
  /** Where it starts; that of the server when left out. */
  readonly directory?: string;
  readonly environment: ProgramEnvironment;
  /** Whether there is something for it to read. */
  readonly readsInput: boolean;
  /** Gets stderr line by line (byte strings); without it nobody reads it. */
  readonly onErrorLine?: (line: string) => void;
}

/**
 * Starts a program. Answers undefined when it could not be started; `onFailure` hears why, within the call or right behind it.
 */
export function startProgram(
  command: ProgramCommand,
  onFailure: (error: NodeJS.ErrnoException) => void,
): Program | undefined {
  const { file, args, directory, environment, readsInput, onErrorLine } = command;
  let child: Child;
  try {
    child = spawn(asText(file), args.map(asText), {
      ...(directory === undefined ? {} : { cwd: asText(directory) }),
      env: environment.variables,
      stdio: [readsInput ? 'pipe' : 'ignore', 'pipe', onErrorLine === undefined ? 'ignore' : 'pipe'],
    }) as Child;
  } catch (error) {
    // Some errors are thrown (E2BIG, ENOTDIR), the others are told by the event.
    onFailure(error as NodeJS.ErrnoException);
    return undefined;
  }
  child.on('error', (error: NodeJS.ErrnoException) => {
    if (child.pid === undefined) onFailure(error);
  });
  if (child.pid === undefined) return undefined;
  return new Program(child, onErrorLine);
}

type Child = ChildProcessByStdio<Writable | null, Readable, Readable | null>;

/** A program that runs. */
export class Program {
  /** null where there is nothing for it to read. Errors of it need not be looked at: a program need not read. */
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly #child: Child;
  #isEnding = false;
  /** It has exited, and nobody else holds its pipes. */
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: Child, onErrorLine: ((line: string) => void) | undefined) {
    this.#child = child;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    child.stdin?.on('error', () => undefined);
    child.once('close', () => {
      this.#isOver = true;
      clearTimeout(this.#timer);
    });
    if (child.stderr !== null && onErrorLine !== undefined) readLines(child.stderr, onErrorLine);
  }

  /** Nobody wants what it says any more: it is asked to end, and ended when it does not. */
  end(): void {
    const child = this.#child;
    this.stdin?.destroy();
    this.stdout.destroy();
    if (this.#isEnding || this.#isOver) return;
    this.#isEnding = true;
    if (!this.#hasExited()) child.kill('SIGTERM');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#hasExited()) child.kill('SIGKILL');
      child.stderr?.destroy();
    }, PATIENCE);
    this.#timer.unref();
  }

  /**
   * Lets it come to its end by itself, its output thrown away. It is ended when nothing is heard of it for `limit` milliseconds (0: no limit):
   * whoever was to be answered has been, and nobody else would end it.
   */
  leave(limit: number): void {
    if (this.#isOver || this.#isEnding) return;
    if (limit > 0) {
      const timer = setTimeout(() => this.end(), limit);
      timer.unref();
      this.#timer = timer;
    }
    const { stdout } = this;
    stdout.removeAllListeners('data');
    stdout.on('data', () => this.#isEnding || this.#timer?.refresh());
    stdout.resume();
  }

  #hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) onLine(passPieces(line, onLine));
    rest = passPieces(rest, onLine);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
  stream.on('error', () => undefined);
}

/** Passes on what is too long for one line; answers the rest. */
function passPieces(line: string, onLine: (line: string) => void): string {
  let rest = line;
  while (rest.length > LONGEST_LINE) {
    onLine(rest.slice(0, LONGEST_LINE));
    rest = rest.slice(LONGEST_LINE);
  }
  return rest;
}

/** Node.js passes text on as UTF-8, which gives back the bytes of every valid sequence. A zero byte ends a text of the system. */
function asText(bytes: string): string {
  if (!/[\0\x80-\xff]/.test(bytes)) return bytes;
  const end = bytes.indexOf('\0');
  return Buffer.from(end < 0 ? bytes : bytes.slice(0, end), 'latin1').toString('utf8');
}

/** As much as a kernel looks at to find an interpreter's name. */
const HEAD_BYTES = 256;

/**
 * ENOEXEC for a file that no kernel runs: a text without `#!`, or data. Programs are started here by execvp(3), which gives such a file to a shell;
 * httpd uses execve(2), which does not. Undefined for what can be run, or cannot be for another reason: starting it tells.
 */
export function formatProblem(file: string): NodeJS.ErrnoException | undefined {
  const head = Buffer.alloc(HEAD_BYTES);
  let text: string;
  try {
    const fd = openSync(Buffer.from(file, 'latin1'), 'r');
    try {
      text = head.toString('latin1', 0, readSync(fd, head));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
  if (/^#![ \t]*[^ \t\n\0]/.test(text) || text.startsWith('\x7fELF')) return undefined;
  if (isBinary(text) && (process.platform !== 'linux' || runsForeignFormats())) return undefined;
  return Object.assign(new Error('spawn ENOEXEC'), { code: 'ENOEXEC', errno: -constants.errno.ENOEXEC });
}

function isBinary(text: string): boolean {
  return /[\0-\x08\x0e-\x1a\x7f]/.test(text);
}

/** Whether further formats were registered with the system (binfmt_misc): which they are is for the system to say. */
function runsForeignFormats(): boolean {
  try {
    return readdirSync('/proc/sys/fs/binfmt_misc').some((name) => name !== 'register' && name !== 'status');
  } catch {
    return false;
  }
}
