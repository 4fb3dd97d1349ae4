/** `exec` of pages with server-side includes: programs and shell commands whose output stands in the page (handle_exec of mod_cgi.c). */
import { spawn } from 'node:child_process';
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

/** A line of stderr is logged in pieces of this many bytes at most. */
const LONGEST_LINE = 8192;
const SHELL = '/bin/sh';
/** A program that does not end when asked is ended (milliseconds). */
const PATIENCE = 3000;

const asText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

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
async function environmentOf(r: Request): Promise<Record<string, string>> {
  const env: Record<string, string> = Object.create(null) as Record<string, string>;
  const translated = await pathTranslated(r);
  if (translated !== undefined) r.env.set('PATH_TRANSLATED', translated);
  for (const [name, value] of r.env)
    env[name.replace(/^[0-9]/, '_').replace(/[^A-Za-z0-9_]/g, '_')] = asText(value.replaceAll('\0', ''));
  return env;
}

/** A shell command (include_cmd): its output as it is. What it answers when it ends does not matter. */
async function runCommand(page: IncludePage, command: string, options: ExecOptions): Promise<boolean> {
  const { r } = page;
  const env = await environmentOf(r);
  const filename = r.filename ?? '';
  const output = page.output();
  return new Promise((resolve) => {
    const child = spawn(SHELL, ['-c', asText(command.replaceAll('\0', ''))], {
      cwd: asText(filename.slice(0, filename.lastIndexOf('/') + 1)),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = child;
    const stop = (): void => {
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), PATIENCE).unref();
      stdout.destroy();
    };
    const limit = options.timeout(r);
    const timer = limit > 0 ? setTimeout(onTimeout, limit) : undefined;
    function onTimeout(): void {
      if (stdout.isPaused())
        timer?.refresh(); // the client is slow, not the command
      else {
        logRequest(
          r,
          options.module,
          Level.warn,
          'AH01220',
          `Timeout waiting for output from CGI script ${filename}`,
        );
        stop();
      }
    }
    const before = r.transport.abortCallback;
    let isAborted = false;
    r.transport.onAbort(() => {
      isAborted = true;
      before?.();
      stop();
    });
    stdout.on('data', (chunk: Buffer) => {
      timer?.refresh();
      if (output.write(chunk)) return;
      stdout.pause();
      output.onDrain(() => stdout.resume());
    });
    logLines(stderr, (line) =>
      logRequest(r, options.module, Level.error, 'AH01215', `stderr from ${filename}: ${line}`),
    );
    const done = (isStarted: boolean): void => {
      clearTimeout(timer);
      if (before !== undefined && !isAborted) r.transport.onAbort(before);
      resolve(isStarted);
    };
    child.on('error', () => done(child.pid !== undefined));
    stdout.on('close', () => done(true));
  });
}

function logLines(stream: NodeJS.ReadableStream, log: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = (lines.pop() as string).slice(0, LONGEST_LINE);
    for (const line of lines) log(line);
  });
  stream.on('end', () => {
    if (rest !== '') log(rest);
  });
}
