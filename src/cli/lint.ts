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

/** Runs the command; the answer is its exit code. */
export function lintCommand(args: readonly string[]): number {
  const command = parseLintArguments(args);
  if (command === undefined) {
    print(LINT_USAGE);
    return CLEAN;
  }
  if (typeof command === 'string') {
    printError(`apache-lite lint: ${command}\n${LINT_USAGE}`);
    return USAGE;
  }
  const checked = command.files.map((file) => check(file, command));
  print(command.format === 'json' ? jsonOf(checked) : textOf(checked));
  const hasErrors = checked.some(({ problems }) => problems.some(({ severity }) => severity === 'error'));
  return hasErrors ? ERRORS : CLEAN;
}

function check(file: string, { context, defines }: LintCommand): Checked {
  const source: Source | { readonly problem: Problem } = file === '-' ? standardInput() : readSource(file);
  if ('problem' in source) return { name: file, problems: [source.problem] };
  const options: LintOptions = {
    defines,
    ...(context === undefined ? {} : { context }),
    ...(file === '-' ? { serverRoot: process.cwd() } : {}),
  };
  return { name: source.name, problems: findings(source, options) };
}

function standardInput(): Source {
  return { name: '<stdin>', text: readFileSync(0, 'latin1') };
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

function print(text: string): void {
  writeAll(1, Buffer.from(text, 'utf8'));
}
