/** One run of a script: the process, its three streams, its time limit. Output becomes the answer as it comes; both ways have backpressure. */

import type { Readable, Writable } from 'node:stream';
import { formatProblem, type Program, type ProgramEnvironment, startProgram } from '../../../cgi/program.ts';
import { ScriptHeadParser } from '../../../cgi/script-headers.ts';
import type { BodyWriter } from '../../../core/body.ts';
import type { Answer } from '../../../core/hooks.ts';
import { redirectInternally } from '../../../core/internal-redirect.ts';
import { Level, logRequest, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { readBody } from '../../../core/request-body.ts';
import { beginBody, sendHead } from '../../../core/response.ts';
import { applyScriptHead } from '../../../core/script-answer.ts';
import { OK } from '../../../core/status.ts';
import { systemError } from '../../../lib/error-text.ts';
import { DEFAULT_LOG_BUFFER, type ServerConf } from './conf.ts';
import { RawOutput } from './raw-output.ts';
import { logScript } from './script-log.ts';

/** Of output and of stderr ScriptLog gets the beginning (bytes). */
const KEPT = 8192;

/** What is run, and what is said of it in the logs. */
export interface ScriptCommand {
  readonly filename: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: ProgramEnvironment;
  /** Milliseconds between two pieces of output; 0: no limit. */
  readonly timeout: number;
  /** `cgi` or `cgid`. */
  readonly module: string;
  readonly conf: Readonly<ServerConf>;
  /** What it writes is the whole answer, status line and all (nph-). */
  readonly isRaw?: boolean;
}

/** Runs a script and answers with what it says. */
export function runScript(r: Request, command: ScriptCommand): Promise<number> {
  return new Promise((resolve) => {
    new ScriptRun(r, command, resolve).start();
  });
}

class ScriptRun {
  readonly #r: Request;
  readonly #command: ScriptCommand;
  readonly #resolve: (answer: Answer) => void;
  readonly #parser = new ScriptHeadParser({ end: 'lines' });
  /** Of a script whose output is the whole answer. */
  readonly #raw: RawOutput | undefined;
  #program: Program | undefined;
  #writer: BodyWriter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  /** For ScriptLog: the first of what came in and out. */
  #input: Buffer[] = [];
  #inputBytes = 0;
  #output = '';
  #errors = '';

  constructor(r: Request, command: ScriptCommand, resolve: (answer: Answer) => void) {
    this.#r = r;
    this.#command = command;
    this.#resolve = resolve;
    if (command.isRaw !== true) return;
    this.#raw = new RawOutput(r, {
      onRoom: () => void this.#program?.stdout.resume(),
      onGone: () => this.#stop(OK),
      onRefused: () => {
        this.#log(`Script ${baseName(command.filename)} cannot have the connection for its answer`);
        this.#fail(500);
      },
    });
  }

  start(): void {
    const { filename, args, directory, environment } = this.#command;
    const problem = formatProblem(filename);
    if (problem !== undefined) {
      this.#onStartFailure(problem);
      return;
    }
    const program = startProgram(
      {
        file: filename,
        args,
        directory,
        environment,
        readsInput: true,
        onErrorLine: (line) => this.#onErrorLine(line),
      },
      (error) => this.#onStartFailure(error),
    );
    if (program === undefined) return;
    this.#program = program;
    const { stdin, stdout } = program;
    stdout.on('data', (chunk: Buffer) => this.#onOutput(chunk));
    stdout.on('end', () => this.#onOutputEnd());
    stdout.on('error', () => this.#onOutputEnd());
    this.#r.transport.onAbort(() => this.#stop(OK));
    this.#arm();
    if (stdin !== null) this.#sendBody(stdin, stdout);
  }

  // ---- time ----

  #arm(): void {
    const { timeout } = this.#command;
    if (timeout <= 0 || this.#isOver) return;
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#onTimeout(), timeout);
    else this.#timer.refresh();
  }

  #onTimeout(): void {
    const { module, filename } = this.#command;
    const isAnswering = this.#writer !== undefined || this.#raw?.isBegun === true;
    if (isAnswering && this.#program?.stdout.isPaused() === true) {
      // The client is slow, not the script.
      this.#timer?.refresh();
      return;
    }
    logRequest(
      this.#r,
      module,
      Level.warn,
      'AH01220',
      `Timeout waiting for output from CGI script ${filename}`,
    );
    if (isAnswering) {
      this.#stop(OK);
      return;
    }
    this.#log(`Script timed out before returning headers: ${baseName(filename)}`);
    this.#fail(504);
  }

  // ---- in ----

  #sendBody(stdin: Writable, stdout: Readable): void {
    const { body } = this.#r.transport;
    if (!body.isPresent || body.isFinished) {
      stdin.end();
      return;
    }
    // A body that fails is answered by its failure: what the script says waits for the body, unless the script waits for its reader first.
    stdout.pause();
    stdin.on('drain', () => body.resume());
    readBody(this.#r, {
      onBody: (chunk) => {
        this.#keepInput(chunk);
        this.#timer?.refresh();
        // The piece is only lent. What a script no longer reads is thrown away.
        if (!stdin.writable || stdin.write(Buffer.from(chunk))) return true;
        this.#letSpeak();
        return false;
      },
      onBodyEnd: () => {
        stdin.end();
        this.#raw?.passWaiting();
        this.#letSpeak();
      },
      onBodyError: (status) => this.#onBodyError(status),
    });
    stdin.on('close', () => {
      this.#letSpeak();
      body.resume();
    });
  }

  #letSpeak(): void {
    if (!this.#isOver && this.#writer === undefined) this.#program?.stdout.resume();
  }

  #onBodyError(status: number): void {
    const { module } = this.#command;
    const tag = module === 'cgid' ? 'AH01270' : 'AH01225';
    logRequest(this.#r, module, Level.error, tag, 'Error reading request entity data');
    this.#stop(status === 0 ? OK : status);
  }

  #keepInput(chunk: Buffer): void {
    const { logName, logBuffer = DEFAULT_LOG_BUFFER } = this.#command.conf;
    if (logName === undefined || this.#inputBytes >= logBuffer) return;
    const piece = Buffer.from(chunk.subarray(0, logBuffer - this.#inputBytes));
    this.#input.push(piece);
    this.#inputBytes += piece.length;
  }

  // ---- out ----

  #onOutput(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#arm();
    if (this.#raw !== undefined) {
      if (!this.#raw.write(chunk)) this.#program?.stdout.pause();
      return;
    }
    if (this.#writer !== undefined) {
      this.#pass(chunk);
      return;
    }
    if (this.#command.conf.logName !== undefined && this.#output.length < KEPT)
      this.#output += chunk.toString('latin1', 0, KEPT);
    const state = this.#parser.push(chunk);
    if (state === 'done') this.#onHead();
    else if (state === 'failed') this.#onBadHead();
  }

  #pass(chunk: Buffer): void {
    const stdout = this.#program?.stdout;
    if (stdout === undefined || this.#writer === undefined || this.#writer.write(chunk)) return;
    stdout.pause();
    this.#r.transport.onDrain(() => stdout.resume());
  }

  #onHead(): void {
    const { head, rest } = this.#parser;
    const r = this.#r;
    const { condition, length } = applyScriptHead(r, head);
    const location = r.headersOut.get('location');
    if (location !== undefined && r.status === 200) {
      this.#settle(location.startsWith('/') ? this.#redirect(location) : 302);
      return;
    }
    if (condition === 304) {
      r.status = 304;
      sendHead(r);
      this.#settle(OK);
      return;
    }
    if (condition !== 0) {
      this.#settle(condition);
      return;
    }
    this.#writer = beginBody(r, length);
    if (rest !== undefined) this.#pass(rest);
  }

  /** The redirected request is a GET without a body, whatever this one was. */
  #redirect(location: string): Answer {
    const r = this.#r;
    r.method = 'GET';
    r.headersIn = r.headersIn.clone();
    r.headersIn.delete('content-length');
    r.headersOut.delete('location');
    return redirectInternally(r, location);
  }

  #onBadHead(): void {
    const { failure, failedLine } = this.#parser;
    const name = baseName(this.#command.filename);
    if (failure === 'no-end') this.#log(`End of script output before headers: ${name}`);
    else this.#log(`malformed header from script '${name}': Bad header: ${failedLine}`);
    this.#fail(500);
  }

  #onOutputEnd(): void {
    if (this.#isOver) return;
    if (this.#raw !== undefined) {
      if (this.#raw.end()) this.#settle(OK);
      return;
    }
    if (this.#writer !== undefined) {
      this.#writer.end();
      this.#settle(OK);
      return;
    }
    this.#parser.finish();
    this.#onBadHead();
  }

  // ---- stderr ----

  #onErrorLine(line: string): void {
    const { module, filename, conf } = this.#command;
    if (conf.logName !== undefined && this.#errors.length < KEPT) this.#errors += `${line}\n`;
    logRequest(
      this.#r,
      module,
      Level.error,
      'AH01215',
      `stderr from ${filename}: ${line.replace(/\r$/, '')}`,
    );
  }

  // ---- ends ----

  #onStartFailure(error: NodeJS.ErrnoException): void {
    const { module, filename } = this.#command;
    const reason = systemError(error.code ?? '') ?? error.message;
    const message = `exec of '${filename}' failed`;
    // In httpd the daemon says so, which knows of no request.
    if (module === 'cgid') logServer(this.#r.server, module, Level.error, 'AH01241', message, reason);
    else this.#onErrorLine(`${reason}: ${message}`);
    if (this.#isOver) return;
    if (this.#raw !== undefined) {
      if (this.#raw.end()) this.#settle(OK);
      return;
    }
    this.#log(`End of script output before headers: ${baseName(filename)}`);
    this.#fail(500);
  }

  #log(message: string): void {
    logRequest(this.#r, this.#command.module, Level.error, '', message);
  }

  #fail(status: number): void {
    const requestBody = this.#input.length > 0 ? Buffer.concat(this.#input) : undefined;
    logScript(this.#r, this.#command.conf, {
      status,
      requestBody,
      output: this.#output,
      errors: this.#errors,
    });
    this.#stop(status);
  }

  /** Nobody is answered by it any more. */
  #stop(status: number): void {
    if (this.#isOver) return;
    this.#program?.end();
    this.#program = undefined;
    this.#writer?.abort();
    this.#raw?.abort();
    this.#settle(status);
  }

  /** A script that goes on has its time for that. */
  #settle(answer: Answer): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#program?.leave(this.#command.timeout);
    this.#resolve(answer);
  }
}

function baseName(filename: string): string {
  return filename.slice(filename.lastIndexOf('/') + 1);
}
