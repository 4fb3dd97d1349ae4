/**
 * `apache-lite lint` as a library: what is wrong with a piece of configuration, without a server and without anything of the machine that will
 * serve it. No program is started, no log or socket opened, no name looked up; of files only those that an Include names are read.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { bytesOfEnvironment, serverRootOf, toBytes } from '../lib/byte-string.ts';
import { checkText } from './check.ts';
import { contextOf, type LintContext } from './context.ts';
import { type LintProblem, lintProblem } from './problem.ts';

export type { LintContext } from './context.ts';
export { LINT_CONTEXTS } from './context.ts';
export type { LintProblem } from './problem.ts';
export { lintCodes } from './rules/index.ts';

export interface LintOptions {
  /** Where the text stands; by the name of the file (`.htaccess` and its like), else the main server. */
  readonly context?: LintContext;
  /** What problems call a text; `httpd.conf`. */
  readonly name?: string;
  /** Where relative names of Include start; the directory of the file (of its parent, when that is called `conf`). */
  readonly serverRoot?: string;
  /** Names for `<IfDefine>`. */
  readonly defines?: readonly string[];
  /** What `${VAR}` falls back to; nothing when left out. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A text: byte string. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** What is found in a text, as data. */
export function lintText(source: Source, options: LintOptions = {}): readonly LintProblem[] {
  return findings(source, options).map((problem) => lintProblem(problem, source.name));
}

/** The same of a file; one that cannot be read is a problem like any other. */
export function lintFile(file: string, options: LintOptions = {}): readonly LintProblem[] {
  const source = readSource(file);
  return 'name' in source ? lintText(source, options) : [lintProblem(source.problem, toBytes(file))];
}

/** Problems with their places in the texts, for who prints them. */
export function findings({ name, text }: Source, options: LintOptions = {}): readonly Problem[] {
  return checkText({
    name,
    text,
    context: options.context ?? contextOf(name),
    serverRoot: toBytes(
      path.resolve(options.serverRoot ?? serverRootOf(Buffer.from(name, 'latin1').toString())),
    ),
    defines: (options.defines ?? []).map(toBytes),
    environment: bytesOfEnvironment(options.environment ?? {}),
  });
}

/** A file's text, under the name it was given by; or the problem in the way of reading it. */
export function readSource(file: string): Source | { readonly problem: Problem } {
  const name = toBytes(file);
  try {
    return { name, text: readFileSync(file, 'latin1') };
  } catch (error) {
    const message = `Could not open configuration file ${name}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    return { problem: { code: 'AL1000', severity: 'error', message, span: undefined } };
  }
}
