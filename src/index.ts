/**
 * apache-lite as a library: servers from configuration files or texts, in this process. Nothing of the process is touched: no signals, no pid
 * file, no change of user, no working directory. The command (src/cli) is for those.
 *
 * Text goes in and out as ordinary strings (UTF-8 outside, bytes inside).
 */
import path from 'node:path';
import type { Configuration } from './core/configuration.ts';
import { type Loaded, loadConfiguration } from './core/load.ts';
import type { Problem as SourceProblem } from './diagnostics/problem.ts';
import { type ProblemData, problemData, renderProblem } from './diagnostics/render.ts';
import { bytesOfEnvironment, serverRootOf, toBytes } from './lib/byte-string.ts';
import type { LintOptions, LintProblem } from './lint/index.ts';
import { modules } from './modules/index.ts';
import { HttpServer, listenAddresses } from './server/http-server.ts';
import { ConfiguredLogs } from './server/logs.ts';
import { type OpenLogs, StartError } from './server/process.ts';

export type { Severity } from './diagnostics/problem.ts';
export {
  createFcgiServer,
  type FcgiHandler,
  FcgiReply,
  FcgiRequest,
  type FcgiServerOptions,
} from './fcgi/responder-server.ts';
export type { LintContext, LintOptions, LintProblem } from './lint/index.ts';
export { ListenError } from './server/http-server.ts';
export { StartError } from './server/process.ts';

/** Where a configuration comes from: `file` or `text`, one of the two. */
export interface HttpdOptions {
  /** The main file; relative to the working directory. */
  readonly file?: string;
  /** The configuration itself. */
  readonly text?: string;
  /** What messages call the text; `httpd.conf`. */
  readonly name?: string;
  /**
   * Where relative paths start until a ServerRoot says otherwise. The directory of the file (of its parent, when the file stands in a
   * directory called `conf`), or the working directory.
   */
  readonly serverRoot?: string;
  /** Names for `<IfDefine>` and `${...}`, as by `-D`. */
  readonly defines?: readonly string[];
  /** Directives read before and after the file, a line each, as by `-C` and `-c`. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** What `${VAR}` and PassEnv fall back to; `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Something to say about a configuration: lines and columns count from 1, columns and lengths in bytes. */
export interface Problem extends ProblemData {
  readonly severity: SourceProblem['severity'];
  /** In full, several lines: httpd's words, the line it is about with carets, the hint, the Includes that led there. */
  readonly text: string;
}

/** A configuration has errors; nothing was changed by it. */
export class ConfigurationError extends Error {
  readonly code = 'ERR_CONFIGURATION';
  /** All that was found, errors and warnings, in the order found; at least one error. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ text }) => text).join('\n'));
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/** A socket that listens. */
export interface Address {
  /** An IP address: `127.0.0.1`, `::`. */
  readonly host: string;
  readonly port: number;
}

/** One server: what httpd is with one configuration file. */
export interface Httpd {
  /** What there is to say about the configuration in force that kept nothing from starting. */
  readonly warnings: readonly Problem[];
  /** Where it listens; empty before listen() and after close(). */
  readonly addresses: readonly Address[];
  /**
   * Opens the logs and every address that Listen names; served when the promise is met.
   * @throws StartError when a log cannot be opened or nothing is to be listened on; ListenError when an address cannot be bound. Nothing stays
   * open then, and it may be called again.
   */
  listen(): Promise<void>;
  /**
   * Reads the configuration again (or another one) and serves by it from now on; requests under way end as they began. Logs are opened anew.
   * @throws ConfigurationError, StartError, ListenError: the configuration in force stays, and goes on serving.
   */
  reload(options?: HttpdOptions): Promise<void>;
  /**
   * Stops listening and closes the logs. Connections are cut; with `graceful` the requests under way are answered first, however long they take.
   * A second call may hurry a first one.
   */
  close(options?: { readonly graceful?: boolean }): Promise<void>;
}

/**
 * A server of a configuration, which does not listen yet.
 * @throws ConfigurationError when the configuration has errors; TypeError when `options` name no configuration, or two.
 */
export async function createHttpd(options: HttpdOptions): Promise<Httpd> {
  return new LibraryHttpd(options, await readValid(options));
}

/**
 * What `apache-lite -t` says of a configuration, as data; an empty list: nothing. Never throws for what the configuration holds, a file that
 * is not there included.
 * @throws TypeError when `options` name no configuration, or two.
 */
export async function checkConfiguration(options: HttpdOptions): Promise<readonly Problem[]> {
  return problemsOf(await read(options));
}

/**
 * What is wrong with pieces of configuration, as `apache-lite lint` says it: a text (`options.name` is what problems call it), or a list of
 * files. Needs nothing of the machine that will serve it and starts nothing. Loaded when it is first called.
 */
export async function lint(
  input: string | readonly string[],
  options: LintOptions = {},
): Promise<readonly LintProblem[]> {
  const { lintFile, lintText } = await import('./lint/index.ts');
  if (typeof input !== 'string') return input.flatMap((file) => lintFile(file, options));
  return lintText({ name: toBytes(options.name ?? 'httpd.conf'), text: toBytes(input) }, options);
}

/** A directive that a built-in module has. */
export interface DirectiveInfo {
  /** Sections with their `<`: `<Directory`. */
  readonly name: string;
  /** httpd's one-line help. */
  readonly usage: string;
  /** Why it is accepted but does nothing here; undefined for one that works. */
  readonly withoutEffect: string | undefined;
}
export interface ModuleInfo {
  /** `alias_module`, as LoadModule names it. */
  readonly name: string;
  /** `mod_alias.c`, the other name that `<IfModule>` knows. */
  readonly file: string;
  readonly directives: readonly DirectiveInfo[];
}

/** The built-in modules with their directives, in the order httpd loads them. */
export const builtInModules: readonly ModuleInfo[] = modules.map(({ name, file, directives }) => ({
  name,
  file,
  directives: directives.map((row) => ({ name: row.name, usage: row.usage, withoutEffect: row.noEffect })),
}));

// ---- reading ----

function read(options: HttpdOptions): Promise<Loaded> {
  const { file, text, defines = [], before = [], after = [], environment = process.env } = options;
  if ((file === undefined) === (text === undefined)) throw new TypeError('either file or text must be given');
  const entry =
    file === undefined
      ? { name: toBytes(options.name ?? 'httpd.conf'), text: toBytes(text ?? '') }
      : { file: toBytes(path.resolve(file)) };
  const root = file === undefined ? process.cwd() : serverRootOf(file);
  return loadConfiguration(modules, {
    entry,
    serverRoot: toBytes(path.resolve(options.serverRoot ?? root)),
    defines: defines.map(toBytes),
    before: before.map(toBytes),
    after: after.map(toBytes),
    environment: bytesOfEnvironment(environment),
  });
}

function problemsOf({ problems }: Loaded): readonly Problem[] {
  return problems.list.map((problem) => {
    const { severity } = problem;
    return { ...problemData(problem), severity, text: renderProblem(problem) };
  });
}

interface Valid {
  readonly configuration: Configuration;
  readonly warnings: readonly Problem[];
}

async function readValid(options: HttpdOptions): Promise<Valid> {
  const loaded = await read(options);
  const problems = problemsOf(loaded);
  if (loaded.configuration === undefined) throw new ConfigurationError(problems);
  return { configuration: loaded.configuration, warnings: problems };
}

// ---- serving ----

class LibraryHttpd implements Httpd {
  #options: HttpdOptions;
  #valid: Valid;
  readonly #logFiles = new ConfiguredLogs();
  #logs: OpenLogs | undefined;
  #http: HttpServer | undefined;
  #isClosed = false;
  /** listen() and reload() come one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: HttpdOptions, valid: Valid) {
    this.#options = options;
    this.#valid = valid;
  }

  get warnings(): readonly Problem[] {
    return this.#valid.warnings;
  }

  get addresses(): readonly Address[] {
    return this.#http?.addresses ?? [];
  }

  listen(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#http !== undefined) throw new Error('listen() was called already');
      const { configuration } = this.#valid;
      const logs = await this.#openLogs(configuration);
      const http = new HttpServer(configuration);
      try {
        await http.listen();
      } catch (error) {
        await http.stop(false);
        await logs.close();
        throw error;
      }
      this.#logs = logs;
      this.#http = http;
    });
  }

  reload(options: HttpdOptions = this.#options): Promise<void> {
    return this.#inTurn(async () => {
      const valid = await readValid(options);
      const { configuration } = valid;
      if (this.#http !== undefined) {
        const logs = await this.#openLogs(configuration);
        try {
          await this.#http.reload(configuration);
        } catch (error) {
          await logs.close();
          throw error;
        }
        const before = this.#logs;
        this.#logs = logs;
        await before?.close();
      }
      this.#options = options;
      this.#valid = valid;
    });
  }

  async close({ graceful = false }: { readonly graceful?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    await this.#turn;
    await this.#http?.stop(graceful);
    const logs = this.#logs;
    this.#logs = undefined;
    await logs?.close();
    this.#logFiles.dispose();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(() => {
      if (this.#isClosed) throw new Error('the server is closed');
      return work();
    });
    // What fails is the caller's to hear of; the next one gets its turn all the same.
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #openLogs(configuration: Configuration): Promise<OpenLogs> {
    if (listenAddresses(configuration).length === 0)
      throw new StartError(['no listening sockets available, shutting down']);
    return this.#logFiles.open(configuration);
  }
}
