/** What a reading is given and what comes of it. */
import type { Problems } from '../../diagnostics/problem.ts';
import type { Span } from '../../diagnostics/source.ts';
import type { AnyRow } from '../directive.ts';
import type { ConfigNode } from '../tree.ts';
import type { ModuleName, ReadCommand } from './on-read.ts';
import type { Environment } from './variables.ts';

/** What is found in a directory. `symlink` is not followed: httpd goes by the directory entry alone when a wildcard names a folder. */
export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'directory' | 'file' | 'symlink' | 'other';
}

/** Names of files are byte strings. Errors are thrown as Node's, with a `code`. */
export interface ConfigFiles {
  /** The file's bytes as a latin1 string. */
  read(path: string): string;
  list(path: string): readonly DirectoryEntry[];
  /** Follows symbolic links; undefined when there is nothing. */
  kind(path: string): 'directory' | 'file' | 'other' | undefined;
}

export interface ReadEntry {
  readonly row: AnyRow<unknown, unknown>;
  readonly module: ModuleName;
}

export interface ReadOptions {
  /** The text to start with: a file, or a text under a name. */
  readonly entry: { readonly file: string } | { readonly name: string; readonly text: string };
  /** Absolute. */
  readonly serverRoot: string;
  /** Names given by -D. */
  readonly defines?: readonly string[];
  /** Directives given by -C and -c: read before and after the entry. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** What `${VAR}` falls back to; empty when left out. */
  readonly environment?: Environment;
  /** All rows of all built-in modules, by key; whether the module is loaded the reader looks after. */
  lookup(key: string): ReadEntry | undefined;
  readonly builtIn: readonly ModuleName[];
  /** Structure names of modules that are there without LoadModule. */
  readonly staticModules: readonly string[];
  /** Structure names of modules that only LoadModule loads, even where nothing else is loaded (the MPMs that are not the default). */
  readonly explicitModules?: readonly string[];
  readonly files?: ConfigFiles;
  /** Told of every conditional section that is passed over. */
  onSkip?(command: ReadCommand): void;
  /** Where problems go; a list of its own when left out. */
  readonly problems?: Problems;
}

/** A file that was read, in the order read. */
export interface IncludedFile {
  readonly path: string;
  /** The Include that named it; undefined for the entry. */
  readonly span: Span | undefined;
  /** 0 for the entry. */
  readonly depth: number;
}

export interface ReadResult {
  readonly tree: readonly ConfigNode[];
  readonly problems: Problems;
  readonly defines: ReadonlySet<string>;
  /** Values of Define by ASCII-lower-case name. */
  readonly variables: ReadonlyMap<string, string>;
  /** In force: static ones and those LoadModule named; all of them when no LoadModule was executed. */
  readonly loaded: readonly ModuleName[];
  /** Where LoadModule named one of them, by structure name. */
  readonly loadedAt: ReadonlyMap<string, Span>;
  /** False when no LoadModule was executed, so that every built-in module counts as loaded. */
  readonly loadModuleSeen: boolean;
  readonly serverRoot: string;
  /** DefaultRuntimeDir, absolute. */
  readonly runtimeDir: string | undefined;
  readonly includes: readonly IncludedFile[];
}
