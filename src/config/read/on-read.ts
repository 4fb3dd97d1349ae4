/**
 * What a row may do while the text is read (httpd's EXEC_ON_READ): before any directive is applied, in the order of the lines.
 * The reader (reader.ts) implements `ReadCommand`; the actions are in this folder, the rows that carry them in the modules that own them.
 */
import type { SourceText, Span } from '../../diagnostics/source.ts';
import type { ApplyResult } from '../directive.ts';
import type { ConfigFiles } from './options.ts';

/** A module that configuration text may ask for. */
export interface ModuleName {
  /** Name of the module structure, as LoadModule writes it: `alias_module`. */
  readonly name: string;
  /** Name of its source file, as `<IfModule mod_alias.c>` writes it. */
  readonly file: string;
}

/** One logical line handed to an action that takes lines raw (a macro's body): trimmed, continuations joined, `${VAR}` not expanded. */
export interface LogicalLine {
  readonly text: string;
  readonly span: Span;
}

/** What one reading knows: lives as long as the reading, and is changed by the actions. */
export interface Reading {
  /** Names that `<IfDefine>` tests: case matters. */
  readonly defined: Set<string>;
  /** Values that `${VAR}` stands for, by ASCII-lower-case name (httpd keeps them in an apr_table). */
  readonly variables: Map<string, string>;
  /** Loaded modules by structure name. */
  readonly loaded: Map<string, ModuleName>;
  /** Where LoadModule named one of them, by structure name. */
  readonly loadedAt: Map<string, Span>;
  /** ServerRoot without a slash at its end. */
  serverRoot: string;
  /** DefaultRuntimeDir, absolute; undefined until it is set. */
  runtimeDir: string | undefined;
  /** The modules that this program has. */
  readonly builtIn: readonly ModuleName[];
  /** Built in and loaded without any LoadModule. */
  readonly staticModules: ReadonlySet<string>;
  readonly files: ConfigFiles;
  /** Set once a LoadModule was executed. */
  loadModuleSeen: boolean;
  /** Is there such a directive (`<` in front of a section's name) in a loaded module? */
  hasDirective(key: string): boolean;
  fileExists(path: string): boolean;
  isDirectory(path: string): boolean;
  /** ap_server_root_relative. */
  serverRootRelative(path: string): string;
}

/** One executed line. */
export interface ReadCommand {
  readonly reading: Reading;
  /** Name as written, a section's with its `<`. */
  readonly name: string;
  /** Argument text as `ConfigNode.args`; of a section never empty: `>` at the least. */
  readonly args: string;
  /** Where the name stands. */
  readonly span: Span;
  /** Where the arguments stand. */
  readonly argsSpan: Span;
  /** The line as httpd counts it, and the text it stands in, for messages that name them. */
  readonly line: number;
  /** In a .htaccess file. */
  readonly isHtaccess: boolean;
  /** A problem that stops nothing; printed with the directive's place unless `span` names another. */
  warn(code: string, message: string, hint?: string, span?: Span): void;
  /** The section's lines count as if they stood here without it, up to its end line (ap_build_cont_config). Sections only. */
  readSection(): void;
  /** Skips the section's lines unread (ap_soak_end_container); answers httpd's error when its end is missing. Sections only. */
  skipSection(): ApplyResult;
  /**
   * The next logical line of this text, for actions that take lines raw; undefined at the end of the file. Comments and blank lines
   * are among them.
   */
  takeLine(): LogicalLine | undefined;
  /** Reads these lines next, as if they stood here (mod_macro). */
  insertText(source: SourceText): void;
  /** Reads these files next, each a text of its own (Include). */
  includeFiles(items: readonly IncludeItem[]): void;
}

/** One result of resolving an Include: a file to read, or the error met in its place. */
export type IncludeItem = { readonly file: string; readonly optional: boolean } | { readonly error: string };

/**
 * The action of a row. `words` are the arguments split and checked after the row's shape: what was left out is not there; RAW_ARGS has
 * one word, the whole text; FLAG has `on` or `off`; ITERATE is called once a word.
 */
export type OnRead = (cmd: ReadCommand, words: readonly string[]) => ApplyResult;
