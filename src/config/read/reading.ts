/** What one reading knows: defines, loaded modules, ServerRoot. */
import type { Span } from '../../diagnostics/source.ts';
import { asciiLower } from '../../lib/ascii.ts';
import type { AnyRow } from '../directive.ts';
import { rootRelative } from './files.ts';
import type { ModuleName, Reading } from './on-read.ts';
import type { ConfigFiles, ReadEntry } from './options.ts';

export interface ReadingOptions {
  readonly serverRoot: string;
  readonly defines: Iterable<string>;
  readonly variables: Iterable<readonly [name: string, value: string]>;
  readonly loaded: Iterable<ModuleName>;
  readonly builtIn: readonly ModuleName[];
  readonly staticModules: readonly string[];
  readonly files: ConfigFiles;
  lookup(key: string): ReadEntry | undefined;
}

export class ReadingState implements Reading {
  readonly defined: Set<string>;
  readonly variables: Map<string, string>;
  readonly loaded = new Map<string, ModuleName>();
  readonly loadedAt = new Map<string, Span>();
  readonly builtIn: readonly ModuleName[];
  readonly staticModules: ReadonlySet<string>;
  readonly files: ConfigFiles;
  serverRoot: string;
  runtimeDir: string | undefined;
  loadModuleSeen = false;
  readonly #lookup: ReadingOptions['lookup'];

  constructor(options: ReadingOptions) {
    this.serverRoot = options.serverRoot;
    this.defined = new Set(options.defines);
    this.variables = new Map();
    for (const [name, value] of options.variables) this.variables.set(asciiLower(name), value);
    for (const module of options.loaded) this.loaded.set(module.name, module);
    this.builtIn = options.builtIn;
    this.staticModules = new Set(options.staticModules);
    this.files = options.files;
    this.#lookup = options.lookup;
  }

  /** The row of a directive, when its module is loaded by now. */
  rowOf(key: string): AnyRow<unknown, unknown> | undefined {
    const entry = this.#lookup(key);
    return entry !== undefined && this.loaded.has(entry.module.name) ? entry.row : undefined;
  }

  hasDirective(key: string): boolean {
    return this.rowOf(key) !== undefined;
  }

  fileExists(path: string): boolean {
    return this.files.kind(path) !== undefined;
  }

  isDirectory(path: string): boolean {
    return this.files.kind(path) === 'directory';
  }

  serverRootRelative(path: string): string {
    return rootRelative(this.serverRoot, path);
  }
}
