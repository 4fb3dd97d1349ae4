/**
 * The primary's part of a running server: log files, sockets, pid file, privileges, signals; starting, reloading and stopping (main() of
 * httpd's server/main.c and the parent process of an MPM). Requests are the HttpServer's.
 */

import type { Configuration } from '../core/configuration.ts';
import { coreServer } from '../core/core-config.ts';
import type { Loaded } from '../core/load.ts';
import { Level, logServer } from '../core/log.ts';
import { now } from '../lib/clock.ts';
import { errnoPrefix, errorPrefix } from '../lib/error-text.ts';
import { HttpServer, ListenError, listenAddresses } from './http-server.ts';
import { pidFilePath } from './paths.ts';
import { isOtherProcess, readPidFile, removePidFile, writePidFile } from './pid-file.ts';
import { configuredIdentity, dropPrivileges } from './privileges.ts';
import { listenForSignals, type Request } from './signals.ts';

/** The module that httpd's messages of a running server come from. */
const MPM = 'mpm_event';

/** The server cannot start; `lines` say why, in httpd's words. */
export class StartError extends Error {
  readonly code = 'ERR_START';
  readonly lines: readonly string[];

  constructor(lines: readonly string[], cause?: unknown) {
    super(lines.join('\n'), { cause });
    this.lines = lines;
  }
}

/** Opens what a configuration logs to and points its logs there. Each set is released when its configuration serves no more. */
export interface LogFiles {
  /** Throws StartError when a log cannot be opened; nothing is left open then. */
  open(configuration: Configuration): Promise<OpenLogs>;
}
export interface OpenLogs {
  /** Writes text to the main error log as it is: the report of a configuration that is wrong. */
  writeText(text: string): void;
  /** Closes files and ends programs that no later configuration uses. */
  close(): Promise<void>;
}

export interface ProcessOptions {
  readonly configuration: Configuration;
  readonly logs: LogFiles;
  /** As it is logged at start. */
  readonly commandLine: string;
  readonly serverBuilt: string;
  readonly isForeground: boolean;
  /** -X. */
  readonly isDebug: boolean;
  /** Reads the configuration again. */
  reload(): Promise<Loaded>;
  /** What a log says about the problems of a configuration. */
  describeProblems(loaded: Loaded): string;
  /** Sockets and logs are open: leaves the terminal, and points the error stream at the main error log (again, after a reload). */
  detach(configuration: Configuration): void;
}

/** httpd reads a configuration once for the terminal and once more for the log: what it warns of stands in both. */
function logWarnings(configuration: Configuration): void {
  for (const { severity, code, message } of configuration.problems.list) {
    if (severity === 'warning' && code.startsWith('AH'))
      logServer(configuration.main, 'core', Level.warn, code, message);
  }
}

/** A server from its start to its end. */
export class ServerProcess {
  readonly #options: ProcessOptions;
  #configuration: Configuration;
  #http: HttpServer;
  #logs: OpenLogs | undefined;
  #pidFile: string | undefined;
  /** Requests by signal are met one after the other. */
  #reloads: Promise<void> = Promise.resolve();
  #reloadWaits = false;
  #stopping: 'no' | 'gracefully' | 'now' = 'no';
  #finish!: (exitCode: number) => void;
  /** Resolves with the exit code when the server has ended. */
  readonly finished: Promise<number>;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#http = new HttpServer(options.configuration);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Serves when the promise is met. Throws StartError, and then nothing is left open. */
  async start(): Promise<void> {
    const options = this.#options;
    this.#logs = await options.logs.open(this.#configuration);
    logWarnings(this.#configuration);
    try {
      await this.#listen();
      this.#dropPrivileges();
    } catch (error) {
      await this.#http.stop(false);
      this.#removePid();
      await this.#logs.close();
      throw error;
    }
    this.#surviveBugs();
    listenForSignals(options, (request) => this.#onSignal(request));
    this.#announce();
  }

  async #listen(): Promise<void> {
    const configuration = this.#configuration;
    if (listenAddresses(configuration).length === 0) throw new StartError(UNABLE_TO_LISTEN);
    try {
      await this.#http.listen(() => {
        this.#writePid(pidFilePath(configuration));
        this.#options.detach(configuration);
      });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      throw new StartError([...bindErrors(error), ...UNABLE_TO_LISTEN], error);
    }
  }

  #writePid(path: string): void {
    const before = readPidFile(path);
    if (before.kind === 'pid' && before.pid !== process.pid) {
      const message = `pid file ${path} overwritten -- Unclean shutdown of previous Apache run?`;
      logServer(this.#configuration.main, 'core', Level.warn, 'AH00098', message);
    }
    try {
      writePidFile(path, process.pid);
    } catch (error) {
      throw new StartError(
        [
          `${errorPrefix(error)}AH00099: could not create ${path}`,
          `AH00100: apache-lite: could not log pid to file ${path}`,
        ],
        error,
      );
    }
    this.#pidFile = path;
  }

  #dropPrivileges(): void {
    const identity = configuredIdentity(this.#configuration.main);
    try {
      dropPrivileges(identity);
    } catch (error) {
      const name = identity.user ?? identity.group ?? '';
      throw new StartError(
        [`${errorPrefix(error)}AH02162: setuid: unable to change to uid of ${name}`],
        error,
      );
    }
  }

  #announce(): void {
    const { commandLine, serverBuilt } = this.#options;
    const { main } = this.#configuration;
    this.#notice(MPM, 'AH00489', `Apache/2.4.71 (apache-lite) configured -- resuming normal operations`);
    logServer(main, MPM, Level.info, 'AH00490', `Server built: ${serverBuilt}`);
    this.#notice('core', 'AH00094', `Command line: '${commandLine}'`);
  }

  /** Notices of the server itself are written whatever LogLevel says (log_error_core of httpd's server/log.c). */
  #notice(module: string, tag: string, message: string): void {
    const server = this.#configuration.main;
    const time = now();
    server.log.write({
      time,
      level: Level.notice,
      module,
      tag,
      message,
      server,
      connection: undefined,
      request: undefined,
    });
  }

  #onSignal(request: Request): void {
    switch (request) {
      case 'stop':
      case 'graceful-stop':
        this.#stop(request === 'graceful-stop');
        break;
      case 'restart':
        this.#notice(MPM, 'AH00494', 'SIGHUP received.  Attempting to restart');
        this.#queueReload();
        break;
      case 'graceful':
        this.#notice(MPM, 'AH00493', 'SIGUSR1 received.  Doing graceful restart');
        this.#queueReload();
        break;
    }
  }

  /** One reload at a time; any number of requests that come meanwhile make one more. */
  #queueReload(): void {
    if (this.#reloadWaits || this.#stopping !== 'no') return;
    this.#reloadWaits = true;
    this.#reloads = this.#reloads.then(async () => {
      this.#reloadWaits = false;
      if (this.#stopping !== 'no') return;
      try {
        await this.#reload();
      } catch (error) {
        this.#stays(error instanceof StartError ? error.lines : [String(error)]);
      }
    });
  }

  async #reload(): Promise<void> {
    const loaded = await this.#options.reload();
    const text = this.#options.describeProblems(loaded);
    if (text !== '') this.#logs?.writeText(text);
    const { configuration } = loaded;
    if (configuration === undefined) return this.#stays([]);
    if (listenAddresses(configuration).length === 0) throw new StartError(UNABLE_TO_LISTEN);
    const logs = await this.#options.logs.open(configuration);
    try {
      await this.#http.reload(configuration, () => this.#options.detach(configuration));
    } catch (error) {
      await logs.close();
      if (error instanceof ListenError) throw new StartError(bindErrors(error), error);
      // The error stream may be the other log's already.
      this.#options.detach(this.#configuration);
      throw error;
    }
    const before = this.#logs;
    this.#configuration = configuration;
    this.#logs = logs;
    this.#movePid(pidFilePath(configuration));
    this.#announce();
    await before?.close();
  }

  /** A configuration that cannot serve changes nothing: the one before goes on. */
  #stays(lines: readonly string[]): void {
    if (lines.length > 0) this.#logs?.writeText(`${lines.join('\n')}\n`);
    const message = 'the new configuration cannot be used: the one in force stays';
    logServer(this.#configuration.main, 'core', Level.error, 'AL0100', message);
  }

  #movePid(path: string): void {
    if (path === this.#pidFile) return;
    const before = this.#pidFile;
    try {
      this.#writePid(path);
      if (before !== undefined) removePidFile(before, process.pid);
    } catch (error) {
      if (error instanceof StartError) this.#logs?.writeText(`${error.lines.join('\n')}\n`);
    }
  }

  #removePid(): void {
    const path = this.#pidFile;
    this.#pidFile = undefined;
    if (path === undefined || !removePidFile(path, process.pid)) return;
    logServer(
      this.#configuration.main,
      'core',
      Level.info,
      'AH00096',
      `removed PID file ${path} (pid=${process.pid})`,
    );
  }

  #stop(isGraceful: boolean): void {
    if (this.#stopping === 'now' || (isGraceful && this.#stopping === 'gracefully')) return;
    this.#removePid();
    if (isGraceful) this.#notice(MPM, 'AH00492', 'caught SIGWINCH, shutting down gracefully');
    else this.#notice(MPM, 'AH00491', 'caught SIGTERM, shutting down');
    this.#stopping = isGraceful ? 'gracefully' : 'now';
    const patience = coreServer(this.#configuration.main).gracefulShutdownTimeout ?? 0;
    if (isGraceful && patience > 0) setTimeout(() => void this.#http.stop(false), patience * 1000).unref();
    void this.#http
      .stop(isGraceful)
      .then(() => this.#logs?.close())
      .then(
        () => this.#finish(0),
        () => this.#finish(1),
      );
  }

  /** What nobody expected of one request must not end all the others. */
  #surviveBugs(): void {
    const log = (error: unknown): void => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      logServer(this.#configuration.main, 'core', Level.crit, 'AL0101', `unexpected error: ${text}`);
    };
    process.on('uncaughtException', log);
    process.on('unhandledRejection', log);
  }
}

const UNABLE_TO_LISTEN = ['no listening sockets available, shutting down', 'AH00015: Unable to open logs'];

/** httpd tries 0.0.0.0 where [::] failed, and says so of both. */
function bindErrors({ errno, address, message }: ListenError): string[] {
  const addresses = address.startsWith('[::]:') ? [address, address.replace('[::]', '0.0.0.0')] : [address];
  return addresses.map(
    (one) => `${errnoPrefix(errno, message)}AH00072: make_sock: could not bind to address ${one}`,
  );
}

/** What -k start finds: whether a server runs that wrote the pid file. */
export type ServerState =
  | { readonly kind: 'running'; readonly pid: number }
  /** `status` as httpd prints it. */
  | { readonly kind: 'down'; readonly status: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export function serverState(pidFile: string): ServerState {
  const recorded = readPidFile(pidFile);
  if (recorded.kind === 'none') return { kind: 'down', status: '(no pid file) not running' };
  if (recorded.kind === 'unusable') return { kind: 'unknown', reason: recorded.reason };
  if (isOtherProcess(recorded.pid)) return { kind: 'running', pid: recorded.pid };
  return { kind: 'down', status: `(pid ${recorded.pid}?) not running` };
}
