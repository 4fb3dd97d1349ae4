/** The program of an external filter: one process a request, with backpressure on both of its pipes (init_ext_filter_process). */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter } from 'node:path';
import { type Program, ProgramEnvironment, startProgram } from '../../../cgi/program.ts';
import { addCgiVariables } from '../../../cgi/variables.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { scriptRequest } from '../../../core/script-request.ts';
import { decodePercent, escapeShell } from '../../../http/escape.ts';
import { systemError } from '../../../lib/error-text.ts';
import type { ExternalFilter } from './define.ts';

function environmentOf(r: Request): ProgramEnvironment {
  const environment = new ProgramEnvironment();
  addCgiVariables(scriptRequest(r, undefined), (name, value) => environment.add(name, value));
  environment.add('DOCUMENT_URI', r.uri);
  environment.add('DOCUMENT_PATH_INFO', r.pathInfo);
  if (r.args !== undefined) environment.add('QUERY_STRING_UNESCAPED', escapeShell(decodePercent(r.args)));
  return environment;
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
export function startFilter(
  r: Request,
  filter: ExternalFilter,
  logsErrors: boolean,
): FilterProcess | undefined {
  const [file = '', ...args] = filter.argv;
  const failed = (error: NodeJS.ErrnoException): void => {
    const message = `couldn't create child process to run \`${file}'`;
    logRequest(r, 'ext_filter', Level.error, 'AH01458', message, systemError(error.code ?? ''));
  };
  const problem = whyNot(file);
  if (problem !== undefined) {
    failed(problem);
    return undefined;
  }
  const program = startProgram(
    {
      file,
      args,
      environment: environmentOf(r),
      readsInput: true,
      // Lines go to the error log of the server as they are.
      ...(logsErrors ? { onErrorLine: (line) => r.server.log.sink(line, Level.error) } : {}),
    },
    failed,
  );
  return program === undefined ? undefined : new FilterProcess(program);
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
  readonly #program: Program;
  #isOver = false;

  constructor(program: Program) {
    this.#program = program;
  }
  /** What it says goes to `output`. */
  attach(output: ProgramOutput): void {
    const { stdin, stdout } = this.#program;
    stdin?.on('drain', () => this.#isOver || output.onRoom());
    stdin?.on('close', () => this.#isOver || output.onRoom());
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
    const { stdin } = this.#program;
    return this.#isOver || stdin?.writable !== true ? true : stdin.write(chunk);
  }
  end(): void {
    this.#program.stdin?.end();
  }
  resume(): void {
    this.#program.stdout.resume();
  }
  /** Nobody wants what it says any more. */
  kill(): void {
    this.#isOver = true;
    this.#program.end();
  }
}
