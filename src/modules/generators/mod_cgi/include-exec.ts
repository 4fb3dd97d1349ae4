/** `exec` of pages with server-side includes: programs and shell commands whose output stands in the page (handle_exec of mod_cgi.c). */
import { type Program, ProgramEnvironment, startProgram } from '../../../cgi/program.ts';
import type { IncludeArgument, IncludeElement, IncludePage } from '../../../core/include-element.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { pathTranslated } from '../../../core/script-request.ts';
import { isRedirect, OK } from '../../../core/status.ts';
import { lookupUri } from '../../../core/subrequest.ts';
import { escapeHtml } from '../../../http/escape.ts';

/** What of the module `exec` needs. */
export interface ExecOptions {
  /** `cgi` or `cgid`. */
  readonly module: string;
  /** The type that makes any file a script. */
  readonly type: string;
  /** Milliseconds between two pieces of output; 0: no limit. */
  timeout(r: Request): number;
}

const SHELL = '/bin/sh';

export function execElement(options: ExecOptions): IncludeElement {
  return (page, args) => {
    const { r } = page;
    if (args.length === 0) page.complain('AH03195', 'missing argument for exec element');
    if (!page.isPrinting) return undefined;
    if (args.length === 0) {
      page.putError();
      return undefined;
    }
    if (!page.mayExec) {
      logRequest(r, options.module, Level.error, 'AH01228', `exec used but not allowed in ${r.filename}`);
      page.putError();
      return undefined;
    }
    return execAll(page, args, options);
  };
}

async function execAll(
  page: IncludePage,
  args: readonly IncludeArgument[],
  options: ExecOptions,
): Promise<void> {
  const { r } = page;
  const fail = (tag: string, message: string): void => {
    logRequest(r, options.module, Level.error, tag, `${message} ${r.filename}`);
    page.putError();
  };
  for (const { name, value } of args) {
    if (value === undefined) return;
    if (name === 'cmd') {
      const command = page.expand(page.decode(value), true);
      if (await runCommand(page, command, options)) continue;
      fail('AH01229', `execution failure for parameter "${name}" to tag exec in file`);
      return;
    }
    if (name !== 'cgi') {
      fail('AH01231', `unknown parameter "${name}" to tag exec in`);
      return;
    }
    if (!(await runProgram(page, page.expand(page.decode(value)), options.type))) {
      fail('AH01230', `invalid CGI ref "${value}" in`);
      return;
    }
  }
}

/** A CGI program by its URL (include_cgi); false when there is none. It gets the path information and the query of the page. */
async function runProgram(page: IncludePage, uri: string, type: string): Promise<boolean> {
  const { r } = page;
  const sub = await lookupUri(r, uri);
  if (sub.status !== 200 || sub.pathInfo !== '' || sub.args !== undefined) return false;
  if (sub.finfo?.isFile() !== true) return false;
  sub.pathInfo = r.pathInfo;
  sub.args = r.args;
  sub.contentType = type;
  sub.handler ??= type;
  const status = await page.runSubrequest(sub);
  const location = sub.headersOut.get('location');
  if (status !== OK && isRedirect(status) && location !== undefined) {
    const url = escapeHtml(location);
    page.put(`<a href="${url}">${url}</a>`);
  }
  return true;
}

/** The variables a command sees: the page's, and where its path information leads. */
async function environmentOf(r: Request): Promise<ProgramEnvironment> {
  const environment = new ProgramEnvironment();
  const translated = await pathTranslated(r);
  if (translated !== undefined) r.env.set('PATH_TRANSLATED', translated);
  for (const [name, value] of r.env) environment.add(name, value);
  return environment;
}

/** A shell command (include_cmd): its output as it is. What it answers when it ends does not matter; false when it could not be started. */
async function runCommand(page: IncludePage, command: string, options: ExecOptions): Promise<boolean> {
  const environment = await environmentOf(page.r);
  return new Promise((resolve) => new CommandRun(page, options, resolve).start(command, environment));
}

class CommandRun {
  readonly #page: IncludePage;
  readonly #options: ExecOptions;
  readonly #resolve: (isStarted: boolean) => void;
  readonly #filename: string;
  #timer: NodeJS.Timeout | undefined;
  /** Who waited for the client to go away before the command did. */
  #before: (() => void) | undefined;
  #isAborted = false;

  constructor(page: IncludePage, options: ExecOptions, resolve: (isStarted: boolean) => void) {
    this.#page = page;
    this.#options = options;
    this.#resolve = resolve;
    this.#filename = page.r.filename ?? '';
  }

  start(command: string, environment: ProgramEnvironment): void {
    const { r } = this.#page;
    const filename = this.#filename;
    const program = startProgram(
      {
        file: SHELL,
        args: ['-c', command],
        directory: filename.slice(0, filename.lastIndexOf('/') + 1),
        environment,
        readsInput: false,
        onErrorLine: (line) => this.#log(Level.error, 'AH01215', `stderr from ${filename}: ${line}`),
      },
      () => this.#resolve(false),
    );
    if (program === undefined) return;
    const limit = this.#options.timeout(r);
    if (limit > 0) this.#timer = setTimeout(() => this.#onTimeout(program), limit);
    const { transport } = r;
    this.#before = transport.abortCallback;
    transport.onAbort(() => {
      this.#isAborted = true;
      this.#before?.();
      program.end();
    });
    this.#pass(program);
    program.stdout.on('close', () => this.#onClose(program, limit));
  }

  #pass({ stdout }: Program): void {
    const output = this.#page.output();
    stdout.on('data', (chunk: Buffer) => {
      this.#timer?.refresh();
      if (output.write(chunk)) return;
      stdout.pause();
      output.onDrain(() => stdout.resume());
    });
  }

  #onTimeout(program: Program): void {
    if (program.stdout.isPaused()) {
      // The client is slow, not the command.
      this.#timer?.refresh();
      return;
    }
    const message = `Timeout waiting for output from CGI script ${this.#filename}`;
    this.#log(Level.warn, 'AH01220', message);
    program.end();
  }

  #onClose(program: Program, limit: number): void {
    clearTimeout(this.#timer);
    if (this.#before !== undefined && !this.#isAborted) this.#page.r.transport.onAbort(this.#before);
    program.leave(limit);
    this.#resolve(true);
  }

  #log(level: number, tag: string, message: string): void {
    logRequest(this.#page.r, this.#options.module, level, tag, message);
  }
}
