/**
 * The logs of a configuration: error logs of its servers and what requests are logged to (ap_open_logs of httpd's server/log.c). What two
 * servers, or the configurations before and after a reload, name alike is opened once; a reload opens files again under their names, so that
 * logs can be rotated, and leaves programs running.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LogChannel } from '../core/access-log.ts';
import type { Configuration } from '../core/configuration.ts';
import { coreServer } from '../core/core-config.ts';
import { isSyslog, Level, logServer } from '../core/log.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { positionOf, type Span } from '../diagnostics/source.ts';
import { now } from '../lib/clock.ts';
import { errorPrefix } from '../lib/error-text.ts';
import { LogFile, type LogTarget } from './log-file.ts';
import { LogProgram, parseProgram } from './log-program.ts';
import { DEFAULT_ERROR_LOG, underServerRoot } from './paths.ts';
import { type LogFiles, type OpenLogs, StartError } from './process.ts';
import { syslogProgram } from './syslog.ts';

const UNABLE = 'AH00015: Unable to open logs';

/** A log cannot be opened; the message is httpd's line. */
class OpenError extends Error {
  readonly line: string;
  readonly error: string;

  constructor(cause: unknown, message: string) {
    const error = errorPrefix(cause);
    super(message, { cause });
    this.error = error;
    this.line = `${error}${message}`;
  }
}

// ---- checks ----

/** Lines about directories that are not there, as httpd's configuration check prints them; none when all is well. */
export function checkLogs(configuration: Configuration): string[] {
  const { serverRoot, main, virtualServers, logChannels } = configuration;
  const lines: string[] = [];
  for (const server of [main, ...virtualServers]) {
    const target = errorLogOf(server);
    if (server !== main && target === errorLogOf(main)) continue;
    const wrong = directoryProblem(serverRoot, target);
    if (wrong === undefined) continue;
    const whose =
      server.definedAt === undefined
        ? 'main error log'
        : `error log of vhost defined at ${placeOf(server.definedAt)}`;
    lines.push(`${wrong.error}AH02291: Cannot access directory '${wrong.directory}/' for ${whose}`);
  }
  if (lines.length === 0) {
    for (const { target, definedAt } of logChannels) {
      const wrong = directoryProblem(serverRoot, target);
      if (wrong === undefined) continue;
      const what = `log file '${target}' defined at ${placeOf(definedAt)}`;
      lines.push(`${wrong.error}AH02297: Cannot access directory '${wrong.directory}/' for ${what}`);
    }
  }
  return lines.length === 0 ? lines : [...lines, 'AH00014: Configuration check failed'];
}

function directoryProblem(
  serverRoot: string,
  target: string,
): { directory: string; error: string } | undefined {
  if (target.startsWith('|') || isSyslog(target)) return undefined;
  const directory = dirname(underServerRoot(serverRoot, target));
  try {
    if (statSync(Buffer.from(directory, 'latin1')).isDirectory()) return undefined;
    return { directory, error: '(20)Not a directory: ' };
  } catch (error) {
    return { directory, error: errorPrefix(error) };
  }
}

function placeOf({ source, start }: Span): string {
  return `${source.name}:${positionOf(source, start).line}`;
}

function errorLogOf(server: VirtualServer): string {
  return coreServer(server).errorLog ?? DEFAULT_ERROR_LOG;
}

// ---- opening ----

interface Shared {
  readonly target: LogTarget;
  users: number;
}

/** Opens the logs of configurations, one after the other, for as long as the process lives. */
export class ConfiguredLogs implements LogFiles {
  readonly #open = new Map<string, Shared>();
  /** Whose error log tells what happens to logs. */
  #configuration: Configuration | undefined;

  readonly #flush = (): void => {
    for (const { target } of this.#open.values()) target.flush();
  };

  constructor() {
    process.on('exit', this.#flush);
  }

  /** No more configurations: what is open was closed, or stays so until the process ends. */
  dispose(): void {
    this.#flush();
    process.off('exit', this.#flush);
  }

  async open(configuration: Configuration): Promise<OpenLogs> {
    const refused = checkLogs(configuration);
    if (refused.length > 0) throw new StartError(refused);
    const opening = new Opening(configuration, this.#open, this);
    try {
      await opening.errorLogs();
    } catch (error) {
      await opening.close();
      if (error instanceof OpenError) throw new StartError([error.line, UNABLE], error);
      throw error;
    }
    try {
      await opening.channels();
    } catch (error) {
      if (error instanceof OpenError) reportInErrorLog(configuration, error, opening);
      await opening.close();
      if (error instanceof OpenError) throw new StartError([error.line, UNABLE], error);
      throw error;
    }
    this.#configuration = configuration;
    for (const warning of opening.warnings)
      logServer(configuration.main, 'core', Level.warn, 'AL0110', warning);
    return opening;
  }

  /** For programs: says what happened to one of them in the error log of the day. */
  readonly report = (tag: string, message: string): void => {
    if (this.#configuration !== undefined)
      logServer(this.#configuration.main, 'core', Level.error, tag, message);
  };
}

/** httpd's standard error is the main error log by now: what fails afterwards is said there, and here on the terminal too. */
function reportInErrorLog({ main }: Configuration, { error, message }: OpenError, opening: Opening): void {
  const [, tag = '', text = message] = /^(AH\d{5}): (.*)$/s.exec(message) ?? [];
  const time = now();
  const entry = { time, level: Level.error, module: 'log_config', tag, message: text, server: main } as const;
  main.log.write({
    ...entry,
    connection: undefined,
    request: undefined,
    error: error.replace(/: $/, '') || undefined,
  });
  opening.writeText(`${UNABLE}\n`);
}

interface Reporter {
  report(tag: string, message: string): void;
}

/** The logs of one configuration. */
class Opening implements OpenLogs {
  readonly warnings: string[] = [];
  readonly #configuration: Configuration;
  readonly #shared: Map<string, Shared>;
  readonly #reporter: Reporter;
  /** Keys of what this configuration uses. */
  readonly #used = new Set<string>();
  #main: LogTarget | undefined;

  constructor(configuration: Configuration, shared: Map<string, Shared>, reporter: Reporter) {
    this.#configuration = configuration;
    this.#shared = shared;
    this.#reporter = reporter;
  }

  async errorLogs(): Promise<void> {
    const { main, virtualServers } = this.#configuration;
    for (const server of [main, ...virtualServers]) {
      const target = await this.#acquireErrorLog(errorLogOf(server));
      this.#main ??= target;
      server.log.sink = (lines, level) => target.writeNow(`${lines}\n`, level);
    }
  }

  async channels(): Promise<void> {
    for (const channel of this.#configuration.logChannels)
      channel.write = await this.#acquireChannel(channel);
  }

  writeText(text: string): void {
    this.#main?.writeNow(text, Level.notice);
  }

  async close(): Promise<void> {
    const closed: Promise<void>[] = [];
    for (const key of this.#used) {
      const shared = this.#shared.get(key);
      if (shared === undefined || --shared.users > 0) continue;
      this.#shared.delete(key);
      closed.push(shared.target.close());
    }
    this.#used.clear();
    await Promise.all(closed);
  }

  async #acquireErrorLog(target: string): Promise<LogTarget> {
    if (target.startsWith('|')) {
      return this.#program(
        target,
        (error) => new OpenError(error, `AH00089: Couldn't start ErrorLog process '${target.slice(1)}'.`),
      );
    }
    if (isSyslog(target)) {
      const make = (): LogProgram => syslogProgram(target, this.#eventsOf('logger'));
      return this.#share(
        target,
        make,
        (error) => new OpenError(error, 'ErrorLog syslog: unable to start the program logger(1)'),
      );
    }
    return this.#file(
      target,
      (error, path) => new OpenError(error, `AH00091: apache-lite: could not open error log file ${path}.`),
    );
  }

  async #acquireChannel({ target, isBuffered }: LogChannel): Promise<LogChannel['write']> {
    if (target.startsWith('|')) {
      const { text } = parseProgram(target.slice(1));
      const program = await this.#program(
        target,
        (error) => new OpenError(error, `AH00104: unable to start piped log program '${text}'`),
      );
      return (line) => program.write(line);
    }
    const file = this.#file(
      target,
      (error, path) => new OpenError(error, `AH00649: could not open transfer log file ${path}.`),
    );
    return isBuffered ? (line) => file.writeBuffered(line) : (line) => file.write(line);
  }

  #file(target: string, failure: (error: unknown, path: string) => OpenError): LogFile {
    const path = underServerRoot(this.#configuration.serverRoot, target);
    const known = this.#shared.get(path);
    if (known === undefined) {
      try {
        const file = new LogFile(path);
        this.#use(path, file);
        return file;
      } catch (error) {
        throw failure(error, path);
      }
    }
    const file = known.target as LogFile;
    if (!this.#used.has(path)) {
      this.#reopen(file, failure);
      this.#use(path, file);
    }
    return file;
  }

  /** The user the server has become may not be allowed to open what root opened: then the file that is open serves on. */
  #reopen(file: LogFile, failure: (error: unknown, path: string) => OpenError): void {
    try {
      file.reopen();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EACCES' && code !== 'EPERM') throw failure(error, file.path);
      this.warnings.push(
        `${errorPrefix(error)}log file ${file.path} cannot be opened again, the one that is open stays in use`,
      );
    }
  }

  #program(target: string, failure: (error: unknown) => OpenError): Promise<LogTarget> {
    const command = parseProgram(target.slice(1));
    if (command.file === '') throw failure({ errno: -14, message: 'Bad address' });
    return this.#share(target, () => new LogProgram(command, this.#eventsOf(command.text)), failure);
  }

  async #share(
    key: string,
    make: () => LogProgram,
    failure: (error: unknown) => OpenError,
  ): Promise<LogTarget> {
    const known = this.#shared.get(key);
    if (known !== undefined) {
      this.#use(key, known.target);
      return known.target;
    }
    const program = make();
    try {
      await program.start();
    } catch (error) {
      await program.close();
      throw failure(error);
    }
    this.#use(key, program);
    return program;
  }

  #use(key: string, target: LogTarget): void {
    if (this.#used.has(key)) return;
    this.#used.add(key);
    const known = this.#shared.get(key);
    if (known === undefined) this.#shared.set(key, { target, users: 1 });
    else known.users++;
  }

  #eventsOf(text: string): { onDeath(): void; onDropped(lines: number): void } {
    return {
      onDeath: () => this.#reporter.report('AH00106', `piped log program '${text}' failed unexpectedly`),
      onDropped: (lines) =>
        this.#reporter.report(
          'AL0111',
          `piped log program '${text}' was too slow: ${lines} writes were lost`,
        ),
    };
  }
}
