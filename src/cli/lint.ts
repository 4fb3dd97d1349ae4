/** `apache-lite lint`: problems of configuration files, without a server. */
import { readFileSync } from 'node:fs';
import type { Problem } from '../diagnostics/problem.ts';
import { renderFinding } from '../diagnostics/render.ts';
import { findings, type LintOptions, readSource, type Source } from '../lint/index.ts';
import { lintProblem } from '../lint/problem.ts';
import { LINT_USAGE, type LintCommand, parseLintArguments } from './lint-options.ts';
import { printError, writeAll } from './output.ts';

/** Exit codes: nothing worse than warnings, errors, wrong usage. */
const CLEAN = 0;
const ERRORS = 1;
const USAGE = 2;

interface Checked {
  readonly name: string;
  readonly problems: readonly Problem[];
}

/** Where the command reads and writes. */
export interface LintStreams {
  print(text: string): void;
  printError(text: string): void;
  /** Standard input to its end, as bytes. */
  input(): string;
}

const processStreams: LintStreams = {
  print: (text) => writeAll(1, Buffer.from(text, 'utf8')),
  printError,
  input: () => readFileSync(0, 'latin1'),
};

/** Runs the command; the answer is its exit code. */
export function lintCommand(args: readonly string[], streams: LintStreams = processStreams): number {
  const { print } = streams;
  const command = parseLintArguments(args);
  if (command === undefined) {
    print(LINT_USAGE);
    return CLEAN;
  }
  if (typeof command === 'string') {
    streams.printError(`apache-lite lint: ${command}\n${LINT_USAGE}`);
    return USAGE;
  }
  const checked = command.files.map((file) => check(file, command, streams));
  print(command.format === 'json' ? jsonOf(checked) : textOf(checked));
  const hasErrors = checked.some(({ problems }) => problems.some(({ severity }) => severity === 'error'));
  return hasErrors ? ERRORS : CLEAN;
}

function check(file: string, { context, defines }: LintCommand, streams: LintStreams): Checked {
  const source: Source | { readonly problem: Problem } =
    file === '-' ? { name: '<stdin>', text: streams.input() } : readSource(file);
  if ('problem' in source) return { name: file, problems: [source.problem] };
  const options: LintOptions = {
    defines,
    ...(context === undefined ? {} : { context }),
    ...(file === '-' ? { serverRoot: process.cwd() } : {}),
  };
  return { name: source.name, problems: findings(source, options) };
}

function jsonOf(checked: readonly Checked[]): string {
  const all = checked.flatMap(({ name, problems }) => problems.map((problem) => lintProblem(problem, name)));
  return `${JSON.stringify(all, undefined, 2)}\n`;
}

function textOf(checked: readonly Checked[]): string {
  const all = checked.flatMap(({ problems }) => problems);
  if (all.length === 0) return '';
  const texts = checked.flatMap(({ name, problems }) =>
    problems.map((one) => `${renderFinding(one, name)}\n`),
  );
  const count = (severity: string): string => {
    const number = all.filter((problem) => problem.severity === severity).length;
    return `${number} ${severity}${number === 1 ? '' : 's'}`;
  };
  return `${texts.join('')}${count('error')}, ${count('warning')}, ${count('note')}\n`;
}
