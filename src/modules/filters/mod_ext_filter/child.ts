/** The program of an external filter: one process a request, with backpressure on both of its pipes (init_ext_filter_process). */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { addCgiVariables } from '../../../cgi/variables.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { scriptRequest } from '../../../core/script-request.ts';
import { decodePercent, escapeShell } from '../../../http/escape.ts';
import { systemError } from '../../../lib/error-text.ts';
import type { ExternalFilter } from './define.ts';

/** A process that does not end when asked is ended (milliseconds). */
const PATIENCE = 3000;
/** A line of stderr is logged in pieces of this many bytes at most. */
const LONGEST_LINE = 8192;

type Child = ChildProcessByStdio<Writable, Readable, Readable | null>;

/** Names and arguments are bytes; Node.js passes text as UTF-8, which gives back the bytes of every valid sequence. */
const asText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

function environmentOf(r: Request): Record<string, string> {
  const env: Record<string, string> = Object.create(null) as Record<string, string>;
  const add = (name: string, value: string): void => {
    env[name.replace(/^[0-9]/, '_').replace(/[^A-Za-z0-9_]/g, '_')] = asText(value.replaceAll('\0', ''));
  };
  addCgiVariables(scriptRequest(r, undefined), add);
  add('DOCUMENT_URI', r.uri);
  add('DOCUMENT_PATH_INFO', r.pathInfo);
  if (r.args !== undefined) add('QUERY_STRING_UNESCAPED', escapeShell(decodePercent(r.args)));
  return env;
}

/** Why a program cannot be run, as the system says it; undefined when it can. A name without a slash is looked for in PATH. */
function whyNot(program: string): NodeJS.ErrnoException | undefined {
  const name = Buffer.from(program, 'latin1').toString();
  const places = name.includes('/')
    ? ['']
    : (process.env.PATH ?? '').split(delimiter).map((place) => `${place}/`);
  let problem: NodeJS.ErrnoException | undefined;
  for (const place of places) {
    try {
      accessSync(place + name, constants.X_OK);
      if (statSync(place + name).isFile()) return undefined;
      problem = Object.assign(new Error('EACCES'), { code: 'EACCES', errno: -13 });
    } catch (error) {
      problem = error as NodeJS.ErrnoException;
    }
  }
  return problem ?? Object.assign(new Error('ENOENT'), { code: 'ENOENT', errno: -2 });
}

/** Starts a filter's program; undefined (and logged) when it cannot be started. `logsErrors`: what it says on stderr is logged. */
export function startProgram(
  r: Request,
  filter: ExternalFilter,
  logsErrors: boolean,
): FilterProcess | undefined {
  const [program = '', ...args] = filter.argv;
  const failed = (error: NodeJS.ErrnoException): undefined => {
    const message = `couldn't create child process to run \`${program}'`;
    logRequest(r, 'ext_filter', Level.error, 'AH01458', message, systemError(error.code ?? ''));
  };
  const problem = whyNot(program);
  if (problem !== undefined) return failed(problem);
  try {
    const child = spawn(asText(program), args.map(asText), {
      env: environmentOf(r),
      stdio: ['pipe', 'pipe', logsErrors ? 'pipe' : 'ignore'],
    });
    child.on('error', (error: NodeJS.ErrnoException) => failed(error));
    if (child.pid === undefined) return undefined;
    return new FilterProcess(r, child as Child);
  } catch (error) {
    return failed(error as NodeJS.ErrnoException);
  }
}

export interface ProgramOutput {
  /** False: wait for `resume`. */
  onOutput(chunk: Buffer): boolean;
  onOutputEnd(): void;
  /** The program takes more. */
  onRoom(): void;
}

/** Both pipes of a running program. */
export class FilterProcess {
  readonly #child: Child;
  #isOver = false;

  constructor(r: Request, child: Child) {
    this.#child = child;
    if (child.stderr !== null) logErrors(r, child.stderr);
  }
  /** What it says goes to `output`. */
  attach(output: ProgramOutput): void {
    const { stdin, stdout } = this.#child;
    stdin.on('error', () => undefined); // a program need not read its input
    stdin.on('drain', () => this.#isOver || output.onRoom());
    stdin.on('close', () => this.#isOver || output.onRoom());
    stdout.on('data', (chunk: Buffer) => {
      if (!this.#isOver && !output.onOutput(chunk)) stdout.pause();
    });
    const ended = (): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      output.onOutputEnd();
    };
    stdout.on('end', ended);
    stdout.on('error', ended);
  }
  /** What a program no longer reads is thrown away. */
  write(chunk: Buffer): boolean {
    const { stdin } = this.#child;
    return this.#isOver || !stdin.writable ? true : stdin.write(chunk);
  }
  end(): void {
    this.#child.stdin.end();
  }
  resume(): void {
    this.#child.stdout.resume();
  }
  /** Nobody wants what it says any more. */
  kill(): void {
    this.#isOver = true;
    const child = this.#child;
    child.stdin.destroy();
    child.stdout.destroy();
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    insist.unref();
    child.once('exit', () => clearTimeout(insist));
  }
}

/** Lines of stderr go to the error log of the server as they are. */
function logErrors(r: Request, stderr: Readable): void {
  let line = '';
  const put = (text: string): void => r.server.log.sink(text, Level.error);
  stderr.on('data', (chunk: Buffer) => {
    const lines = (line + chunk.toString('latin1')).split('\n');
    line = lines.pop() as string;
    for (const whole of lines) put(whole);
    if (line.length <= LONGEST_LINE) return;
    put(line);
    line = '';
  });
  stderr.on('end', () => {
    if (line !== '') put(line);
  });
  stderr.on('error', () => undefined);
}
