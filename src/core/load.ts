/** From files to a configuration that serves: reading, applying, completing. */
import {
  type Environment,
  type IncludedFile,
  type ReadOptions,
  type ReadResult,
  readConfiguration,
} from '../config/read/index.ts';
import { Problems } from '../diagnostics/problem.ts';
import type { Configuration } from './configuration.ts';
import { configure, rowTable } from './configure.ts';
import type { AnyModule } from './module.ts';

export interface LoadOptions {
  /** The main file, or a text under a name. */
  readonly entry: ReadOptions['entry'];
  /** ServerRoot where the configuration names none (`-d`). Absolute. */
  readonly serverRoot: string;
  /** Names given by `-D`. */
  readonly defines?: readonly string[];
  /** Directives given by `-C` and `-c`. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** What `${VAR}` and PassEnv fall back to; empty when left out. */
  readonly environment?: Environment;
  /** `-T`: DocumentRoots need not be there. */
  readonly skipsDocumentRoots?: boolean;
}

export interface Loaded {
  /** Undefined when there were errors: nothing may start. */
  readonly configuration: Configuration | undefined;
  readonly problems: Problems;
  /** Files read, in order (`-D DUMP_INCLUDES`). */
  readonly includes: readonly IncludedFile[];
  readonly read: ReadResult;
}

/** Modules that are there without LoadModule, as in Debian's httpd. */
export const STATIC_MODULES: readonly string[] = [
  'core_module',
  'so_module',
  'watchdog_module',
  'http_module',
  'log_config_module',
  'logio_module',
  'version_module',
  'unixd_module',
  'php_directives_module',
];

/** One of them is always in force; the first unless another is loaded. */
const MPM_MODULES: readonly string[] = ['mpm_event_module', 'mpm_worker_module', 'mpm_prefork_module'];

/** Loads a configuration against a list of built-in modules. Problems come back as data; nothing is thrown for what a file says. */
export async function loadConfiguration(
  modules: readonly AnyModule[],
  options: LoadOptions,
): Promise<Loaded> {
  const problems = new Problems();
  const read = readConfiguration({
    ...options,
    builtIn: modules,
    staticModules: STATIC_MODULES,
    explicitModules: MPM_MODULES.slice(1),
    lookup: rowTable(modules) as ReadOptions['lookup'],
    problems,
  });
  const names = new Set(read.loaded.map(({ name }) => name));
  const mpms = MPM_MODULES.filter((name) => names.has(name));
  if (mpms.length === 0) names.add(MPM_MODULES[0] as string);
  if (mpms.length > 1) {
    const message = 'AH00534: apache-lite: Configuration error: More than one MPM loaded.';
    const span = [...read.loadedAt].findLast(([name]) => mpms.includes(name))?.[1];
    problems.add({ code: 'AL0002', severity: 'error', message, span });
  }
  const loaded = new Set(modules.filter(({ name }) => names.has(name)));
  const { tree, serverRoot, runtimeDir, defines, variables } = read;
  const configuration = await configure(
    {
      tree,
      serverRoot,
      runtimeDir,
      defines,
      variables,
      environment: options.environment ?? {},
      loaded,
      skipsDocumentRoots: options.skipsDocumentRoots,
    },
    modules,
    problems,
  );
  return { configuration, problems, includes: read.includes, read };
}
