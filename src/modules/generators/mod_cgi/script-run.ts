/** One run of a script: the process, its three streams, its time limit. Output becomes the answer as it comes; both ways have backpressure. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { ScriptHeadParser } from '../../../cgi/script-headers.ts';
import type { BodyWriter } from '../../../core/body.ts';
import type { Answer } from '../../../core/hooks.ts';
import { redirectInternally } from '../../../core/internal-redirect.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { RawConnection } from '../../../core/raw-connection.ts';
import type { Request } from '../../../core/request.ts';
import { readBody } from '../../../core/request-body.ts';
import { beginBody, sendHead } from '../../../core/response.ts';
import { applyScriptHead } from '../../../core/script-answer.ts';
import { OK } from '../../../core/status.ts';
import { DEFAULT_LOG_BUFFER, type ServerConf } from './conf.ts';
import { logScript } from './script-log.ts';

/** A process that does not end when asked is ended (milliseconds). */
const PATIENCE = 3000;
/** A line of stderr is logged in pieces of this many bytes at most. */
const LONGEST_LINE = 8192;

/** Output of a raw script that waits until the request's body is read (bytes). */
const RAW_WAITING = 1024 * 1024;

/** What is run, and what is said of it in the logs. */
export interface ScriptCommand {
  readonly filename: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
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

/** Names and arguments are bytes; Node.js passes text as UTF-8, which gives back the bytes of every valid sequence. */
const asText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

class ScriptRun {
  readonly #r: Request;
  readonly #command: ScriptCommand;
  readonly #resolve: (answer: Answer) => void;
  readonly #parser = new ScriptHeadParser({ end: 'lines' });
  #child: ChildProcessWithoutNullStreams | undefined;
  #writer: BodyWriter | undefined;
  /** The client's connection, in the hands of a raw script. */
  #client: RawConnection | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #errorLine = '';
  /** For ScriptLog: the first of what came in and out. */
  #input: Buffer[] = [];
  #inputBytes = 0;
  #output = '';
  #errors = '';

  constructor(r: Request, command: ScriptCommand, resolve: (answer: Answer) => void) {
    this.#r = r;
    this.#command = command;
    this.#resolve = resolve;
  }

  start(): void {
    const { filename, args, directory, env } = this.#command;
    const texts = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, asText(value)]));
    const child = spawn(asText(filename), args.map(asText), {
      cwd: asText(directory),
      env: texts,
      stdio: 'pipe',
    });
    this.#child = child;
    child.on('error', (error: NodeJS.ErrnoException) => this.#onSpawnError(error));
    child.stdin.on('error', () => undefined); // a script need not read its input
    child.stdout.on('data', (chunk: Buffer) => this.#onOutput(chunk));
    child.stdout.on('end', () => this.#onOutputEnd());
    child.stdout.on('error', () => this.#onOutputEnd());
    child.stderr.on('data', (chunk: Buffer) => this.#onErrors(chunk.toString('latin1')));
    child.stderr.on('end', () => this.#flushErrors());
    this.#r.transport.onAbort(() => this.#stop(OK));
    this.#arm();
    this.#sendBody(child);
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
    const isAnswering = this.#writer !== undefined || this.#client !== undefined;
    if (isAnswering && this.#child?.stdout.isPaused() === true) {
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
    if (this.#writer !== undefined || this.#client !== undefined) {
      this.#stop(OK);
      return;
    }
    this.#log(`Script timed out before returning headers: ${baseName(filename)}`);
    this.#fail(504);
  }

  // ---- in ----

  #sendBody(child: ChildProcessWithoutNullStreams): void {
    const { body } = this.#r.transport;
    if (!body.isPresent || body.isFinished) {
      child.stdin.end();
      return;
    }
    // A body that fails is answered by its failure: what the script says waits for the body, unless the script waits for its reader first.
    child.stdout.pause();
    child.stdin.on('drain', () => body.resume());
    readBody(this.#r, {
      onBody: (chunk) => {
        this.#keepInput(chunk);
        this.#timer?.refresh();
        // The piece is only lent. What a script no longer reads is thrown away.
        if (!child.stdin.writable || child.stdin.write(Buffer.from(chunk))) return true;
        this.#letSpeak();
        return false;
      },
      onBodyEnd: () => {
        child.stdin.end();
        this.#passWaiting();
        this.#letSpeak();
      },
      onBodyError: (status) => this.#onBodyError(status),
    });
    child.stdin.on('close', () => {
      this.#letSpeak();
      body.resume();
    });
  }

  #letSpeak(): void {
    if (!this.#isOver && this.#writer === undefined) this.#child?.stdout.resume();
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
    if (this.#command.isRaw === true) {
      this.#passRaw(chunk);
      return;
    }
    if (this.#writer !== undefined) {
      this.#pass(chunk);
      return;
    }
    if (this.#output.length < LONGEST_LINE) this.#output += chunk.toString('latin1', 0, LONGEST_LINE);
    const state = this.#parser.push(chunk);
    if (state === 'done') this.#onHead();
    else if (state === 'failed') this.#onBadHead();
  }

  #pass(chunk: Buffer): void {
    const child = this.#child;
    if (child === undefined || this.#writer === undefined || this.#writer.write(chunk)) return;
    child.stdout.pause();
    this.#r.transport.onDrain(() => child.stdout.resume());
  }

  // ---- raw ----

  /** The connection is the script's: what it writes goes out as it is, and then the connection ends. */
  #takeClient(): RawConnection | undefined {
    if (this.#client !== undefined) return this.#client;
    const client = this.#r.transport.takeConnection?.(this.#r);
    if (client === undefined) return undefined;
    this.#client = client;
    client.start({
      onData: () => true,
      onEnd: () => undefined,
      onWritable: () => void this.#child?.stdout.resume(),
      onGone: () => this.#stop(OK),
    });
    return client;
  }

  #passRaw(chunk: Buffer): void {
    const client = this.#takeClient();
    if (client !== undefined) {
      if (!client.write(chunk)) this.#child?.stdout.pause();
      return;
    }
    // A script that writes before it has read: its answer comes behind the request all the same.
    this.#waitingBytes += chunk.length;
    this.#waiting.push(chunk);
    if (this.#r.transport.body.isFinished || this.#waitingBytes > RAW_WAITING) this.#refuseRaw();
  }

  #passWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const chunk of waiting) if (!this.#isOver) this.#passRaw(chunk);
  }

  #endRaw(): void {
    const client = this.#takeClient();
    if (client === undefined) {
      this.#refuseRaw();
      return;
    }
    client.close();
    this.#settle(OK);
  }

  /** HTTP/2, or another answer has begun: there is no connection to give away. */
  #refuseRaw(): void {
    this.#log(`Script ${baseName(this.#command.filename)} cannot have the connection for its answer`);
    this.#fail(500);
  }

  #onHead(): void {
    const { head, rest } = this.#parser;
    const r = this.#r;
    const { condition, length } = applyScriptHead(r, head);
    const location = r.headersOut.get('location');
    if (location !== undefined && r.status === 200) {
      this.#discard();
      this.#settle(location.startsWith('/') ? this.#redirect(location) : 302);
      return;
    }
    if (condition === 304) {
      this.#discard();
      r.status = 304;
      sendHead(r);
      this.#settle(OK);
      return;
    }
    if (condition !== 0) {
      this.#discard();
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
    if (this.#command.isRaw === true) {
      this.#endRaw();
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

  #onErrors(text: string): void {
    if (this.#errors.length < LONGEST_LINE) this.#errors += text;
    const lines = (this.#errorLine + text).split('\n');
    this.#errorLine = lines.pop() as string;
    for (const line of lines) this.#logErrorLine(line);
    if (this.#errorLine.length > LONGEST_LINE) this.#flushErrors();
  }

  #flushErrors(): void {
    if (this.#errorLine !== '') this.#logErrorLine(this.#errorLine);
    this.#errorLine = '';
  }

  #logErrorLine(line: string): void {
    const { module, filename } = this.#command;
    logRequest(
      this.#r,
      module,
      Level.error,
      'AH01215',
      `stderr from ${filename}: ${line.replace(/\r$/, '')}`,
    );
  }

  // ---- ends ----

  #onSpawnError(error: NodeJS.ErrnoException): void {
    const { module, filename } = this.#command;
    const number = error.errno === undefined ? '' : `(${-error.errno})`;
    const reason =
      error.code === 'ENOENT'
        ? 'No such file or directory'
        : error.code === 'EACCES'
          ? 'Permission denied'
          : (error.code ?? error.message);
    logRequest(
      this.#r,
      module,
      Level.error,
      'AH01215',
      `stderr from ${filename}: ${number}${reason}: exec of '${filename}' failed`,
    );
    if (this.#isOver) return;
    if (this.#command.isRaw === true) {
      this.#endRaw();
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

  /** The rest of the output is of no use: the script is not held up by it. */
  #discard(): void {
    this.#child?.stdout.removeAllListeners('data');
    this.#child?.stdout.resume();
  }

  #stop(status: number): void {
    const child = this.#child;
    if (child !== undefined && child.pid !== undefined && child.exitCode === null) {
      child.kill('SIGTERM');
      const insist = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
      insist.unref();
      child.once('exit', () => clearTimeout(insist));
    }
    child?.stdout.destroy();
    child?.stdin.destroy();
    if (this.#isOver) return;
    this.#writer?.abort();
    this.#client?.abort();
    this.#settle(status);
  }

  #settle(answer: Answer): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#resolve(answer);
  }
}

function baseName(filename: string): string {
  return filename.slice(filename.lastIndexOf('/') + 1);
}
