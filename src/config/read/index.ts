/** Pass one, as others use it: reads text into the directive tree. */
import { Problems } from '../../diagnostics/problem.ts';
import { type AnyRow, OR_ALL, SERVER_OVERRIDE } from '../directive.ts';
import type { ConfigNode } from '../tree.ts';
import { diskFiles } from './files.ts';
import type { ModuleName, ReadCommand } from './on-read.ts';
import type { ReadOptions, ReadResult } from './options.ts';
import { Reader } from './reader.ts';
import { ReadingState } from './reading.ts';
import type { SourceParts } from './texts.ts';
import type { Environment } from './variables.ts';

export { coreReadRows } from './core-rows.ts';
export { diskFiles } from './files.ts';
export { macroRows } from './macro-rows.ts';
export type { ModuleName, OnRead, ReadCommand } from './on-read.ts';
export type {
  ConfigFiles,
  DirectoryEntry,
  IncludedFile,
  ReadEntry,
  ReadOptions,
  ReadResult,
} from './options.ts';

export { argumentSpan } from './place.ts';
export { httpdModuleNames, isHttpdModule, soRows } from './so-rows.ts';
export { type Environment, environmentVariable } from './variables.ts';
export { versionRows } from './version-rows.ts';

/** VARBUF_MAX_LEN of httpd's server/config.c. */
const LINE_LIMIT = 16 * 1024 * 1024;
/** HUGE_STRING_LEN: the limit of .htaccess files. */
const HTACCESS_LINE_LIMIT = 8192;
/** How httpd names the text of -C and -c. */
const COMMAND_LINE = '-c/-C directives';

/**
 * Reads a whole configuration. The static modules count as loaded from the start; when nothing in the text loads a module, the text is
 * taken for a snippet and read as if all built-in modules were loaded.
 */
export function readConfiguration(options: ReadOptions): ReadResult {
  const parsed = new Map<string, SourceParts>();
  const problems = options.problems ?? new Problems();
  const trial = new Problems();
  const isStatic = new Set(options.staticModules);
  const first = readOnce(
    options,
    options.builtIn.filter((module) => isStatic.has(module.name)),
    trial,
    parsed,
  );
  if (first.loadModuleSeen) {
    for (const problem of trial.list) problems.add(problem);
    return { ...first, problems };
  }
  const explicit = new Set(options.explicitModules);
  const all = options.builtIn.filter((module) => !explicit.has(module.name));
  return { ...readOnce(options, all, problems, parsed), loadModuleSeen: false };
}

function readOnce(
  options: ReadOptions,
  loaded: readonly ModuleName[],
  problems: Problems,
  parsed: Map<string, SourceParts>,
): ReadResult {
  const files = options.files ?? diskFiles;
  const state = new ReadingState({
    serverRoot: options.serverRoot.length > 1 ? options.serverRoot.replace(/\/+$/, '') : options.serverRoot,
    defines: options.defines ?? [],
    variables: [],
    loaded,
    builtIn: options.builtIn,
    staticModules: options.staticModules,
    files,
    lookup: (key) => options.lookup(key),
  });
  const reader = new Reader({
    state,
    problems,
    files,
    environment: options.environment ?? {},
    isHtaccess: false,
    override: SERVER_OVERRIDE,
    isOverrideNonfatal: false,
    lineLimit: LINE_LIMIT,
    parsed,
    onSkip: (command) => options.onSkip?.(command),
  });
  const { before = [], after = [], entry } = options;
  if (before.length > 0) reader.readText(COMMAND_LINE, before.map((line) => `${line}\n`).join(''));
  if ('file' in entry) reader.readFile(entry.file);
  else reader.readText(entry.name, entry.text);
  if (after.length > 0) reader.readText(COMMAND_LINE, after.map((line) => `${line}\n`).join(''));
  return {
    tree: reader.tree,
    problems,
    defines: state.defined,
    variables: state.variables,
    loaded: [...state.loaded.values()],
    loadedAt: state.loadedAt,
    loadModuleSeen: state.loadModuleSeen,
    serverRoot: state.serverRoot,
    runtimeDir: state.runtimeDir,
    includes: reader.includes,
  };
}

/** What a .htaccess file finds around it: the configuration it adds to. */
export interface HtaccessSurroundings {
  /** Rows of loaded modules. */
  lookup(key: string): { readonly row: AnyRow<unknown, unknown> } | undefined;
  readonly loaded: Iterable<ModuleName>;
  readonly serverRoot: string;
  readonly defines: Iterable<string>;
  /** Values of Define by lower-case name, and the environment, for `${VAR}`. */
  readonly variables?: Iterable<readonly [string, string]>;
  readonly environment: Environment;
  /** As ReadOptions.onSkip. */
  onSkip?(command: ReadCommand): void;
}

const HTACCESS_MODULE: ModuleName = { name: '', file: '' };

/** Reads the text of a .htaccess file (ap_parse_htaccess). `override`: the classes that AllowOverride grants; the rest is skipped where that is nonfatal. */
export function readHtaccess(
  path: string,
  text: string,
  surroundings: HtaccessSurroundings,
  problems: Problems,
  override = OR_ALL,
  isOverrideNonfatal = false,
): readonly ConfigNode[] {
  const state = new ReadingState({
    serverRoot: surroundings.serverRoot,
    defines: surroundings.defines,
    variables: surroundings.variables ?? [],
    loaded: [HTACCESS_MODULE, ...surroundings.loaded],
    builtIn: [],
    staticModules: [],
    files: diskFiles,
    lookup(key) {
      const found = surroundings.lookup(key);
      return found === undefined ? undefined : { row: found.row, module: HTACCESS_MODULE };
    },
  });
  const reader = new Reader({
    state,
    problems,
    files: diskFiles,
    environment: surroundings.environment,
    isHtaccess: true,
    override,
    isOverrideNonfatal,
    lineLimit: HTACCESS_LINE_LIMIT,
    parsed: new Map(),
    onSkip: (command) => surroundings.onSkip?.(command),
  });
  reader.readText(path, text);
  return reader.tree;
}
