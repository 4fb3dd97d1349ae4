/** RewriteCond: the patterns it knows, compiled, and whether one holds (cmd_rewritecond, apply_rewrite_cond). */
import type { Stats } from 'node:fs';
import { atoi } from '../../../config/values.ts';
import { evaluateBoolean, RequestExprContext } from '../../../core/expression-context.ts';
import { lstatFile, type StatResult, statFile } from '../../../core/files.ts';
import type { Request } from '../../../core/request.ts';
import { lookupFile, lookupUri } from '../../../core/subrequest.ts';
import type { BooleanExpr } from '../../../expr/index.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { Comparison, Condition, Test } from './conf.ts';
import { type Eventual, type Pass, traceRequest } from './pass.ts';
import { expand } from './template.ts';
import { mayLookAhead } from './variables.ts';

/** A pattern that is neither a regular expression nor an expression; undefined for those. */
export function parseTest(pattern: string): { readonly test: Test; readonly operand: string } | undefined {
  if (pattern.length < 2) return undefined;
  if (pattern.startsWith('-')) return parseDashTest(pattern);
  const found = /^(<=|>=|<|>|=)/.exec(pattern)?.[1];
  if (found === undefined) return undefined;
  const rest = pattern.slice(found.length);
  const operand = found === '=' && rest === '""' ? '' : rest;
  return { test: { kind: 'text', operator: TEXT_OPERATORS[found] as Comparison, text: operand }, operand };
}

const TEXT_OPERATORS: Readonly<Record<string, Comparison>> = {
  '<': 'lt',
  '<=': 'le',
  '=': 'eq',
  '>=': 'ge',
  '>': 'gt',
};

const DASH_TESTS: Readonly<Record<string, Test>> = {
  f: { kind: 'file', test: 'f' },
  s: { kind: 'file', test: 's' },
  d: { kind: 'file', test: 'd' },
  x: { kind: 'file', test: 'x' },
  h: { kind: 'file', test: 'l' },
  l: { kind: 'file', test: 'l' },
  L: { kind: 'file', test: 'l' },
  U: { kind: 'url-lookup' },
  F: { kind: 'file-lookup' },
};

function parseDashTest(pattern: string): { readonly test: Test; readonly operand: string } | undefined {
  if (pattern.length === 2) {
    const test = DASH_TESTS[pattern[1] as string];
    return test === undefined ? undefined : { test, operand: pattern };
  }
  const operator = /^-(lt|le|eq|ne|ge|gt)./s.exec(pattern)?.[1];
  if (operator === undefined) return undefined;
  const operand = pattern.slice(3);
  return {
    test: { kind: 'number', operator: operator as Comparison | 'ne', number: atoi(operand) },
    operand,
  };
}

/** Conditions from number `from` on: all must hold, but of those joined by OR one is enough. */
export function checkConditions(
  conditions: readonly Condition[],
  from: number,
  pass: Pass,
): Eventual<boolean> {
  for (let i = from; i < conditions.length; i++) {
    const condition = conditions[i] as Condition;
    const holds = checkCondition(condition, pass);
    if (typeof holds !== 'boolean') {
      return holds.then((value) => {
        const next = afterCondition(conditions, i, value, pass);
        return next >= 0 && checkConditions(conditions, next, pass);
      });
    }
    const next = afterCondition(conditions, i, holds, pass);
    if (next < 0) return false;
    i = next - 1;
  }
  return true;
}

/** Number of the condition to look at next; -1 when the rule is out. */
function afterCondition(conditions: readonly Condition[], at: number, holds: boolean, pass: Pass): number {
  const { orNext, noVary } = conditions[at] as Condition;
  let next = at + 1;
  if (noVary || (orNext && !holds)) pass.varyOfCondition = '';
  if (orNext && !holds) return next;
  if (!holds) return -1;
  if (orNext) {
    // The rest of the chain does not matter, and neither does the one that ends it.
    while (next < conditions.length && (conditions[next] as Condition).orNext) next++;
    next++;
  }
  if (pass.varyOfCondition !== '') {
    pass.vary += pass.vary === '' ? pass.varyOfCondition : `, ${pass.varyOfCondition}`;
    pass.varyOfCondition = '';
  }
  return next;
}

function checkCondition(condition: Condition, pass: Pass): Eventual<boolean> {
  const { test } = condition;
  if (test.kind === 'expression') return checkExpression(condition, test.expression, test.varies, pass);
  const input = expand(condition.input, pass);
  return typeof input === 'string'
    ? checkInput(condition, input, pass)
    : input.then((value) => checkInput(condition, value, pass));
}

function checkInput(condition: Condition, input: string, pass: Pass): Eventual<boolean> {
  const found = runTest(condition, input, pass);
  return typeof found === 'boolean'
    ? conclude(condition, input, found, pass)
    : found.then((value) => conclude(condition, input, value, pass));
}

function conclude(condition: Condition, input: string, found: boolean, pass: Pass): boolean {
  const holds = found !== condition.isNegated;
  if (pass.trace >= 4) {
    const { pattern, ignoresCase } = condition;
    const result = `${ignoresCase ? ' [NC]' : ''} => ${holds ? 'matched' : 'not-matched'}`;
    pass.log(4, `RewriteCond: input='${input}' pattern='${pattern}'${result}`);
  }
  return holds;
}

function runTest(condition: Condition, input: string, pass: Pass): Eventual<boolean> {
  const { test } = condition;
  switch (test.kind) {
    case 'regex': {
      // Not caught: the groups of a negated pattern, they would be those of a failure.
      if (condition.isNegated) return test.regex.test(input);
      const match = test.regex.exec(input);
      if (match === null) return false;
      pass.conditionGroups = match.groups;
      return true;
    }
    case 'file':
      return checkFile(test.test, input, pass);
    case 'text':
      return compares(test.operator, compareTexts(input, test.text, test.operator, condition.ignoresCase));
    case 'number': {
      const number = atoi(input);
      return test.operator === 'ne' ? number !== test.number : compares(test.operator, number - test.number);
    }
    case 'url-lookup':
      return checkUrl(input, pass);
    case 'file-lookup':
      return checkAccess(input, pass);
    default:
      return false;
  }
}

function compares(operator: Comparison, difference: number): boolean {
  switch (operator) {
    case 'lt':
      return difference < 0;
    case 'le':
      return difference <= 0;
    case 'eq':
      return difference === 0;
    case 'ge':
      return difference >= 0;
    case 'gt':
      return difference > 0;
  }
}

/** compare_lexicography: the longer text is the greater one, whatever is in it; without case they are compared as anyone would expect. */
export function compareTexts(a: string, b: string, operator: Comparison, ignoresCase: boolean): number {
  if (ignoresCase) return compareBytes(asciiLower(a), asciiLower(b));
  if (operator === 'eq' || a.length === b.length) return compareBytes(a, b);
  return a.length - b.length;
}

function compareBytes(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** A relative name is one below the root: that is where httpd works. */
function absolute(name: string): string {
  return name.startsWith('/') || name === '' ? name : `/${name}`;
}

function checkFile(test: 'f' | 's' | 'd' | 'x' | 'l', input: string, pass: Pass): boolean {
  if (test === 'l') {
    const link = lstatFile(absolute(input));
    return typeof link === 'object' && link.isSymbolicLink();
  }
  const found = statOf(input, pass);
  if (typeof found !== 'object') return false;
  switch (test) {
    case 'f':
      return found.isFile();
    case 's':
      return found.isFile() && found.size > 0;
    case 'd':
      return found.isDirectory();
    case 'x':
      return (found.mode & 0o111) !== 0;
  }
}

/** What the walk of this request has just found is not asked of the system again. */
function statOf(input: string, pass: Pass): StatResult | Stats {
  if (input === pass.walked) return pass.r.finfo ?? 'missing';
  return input === '' ? 'missing' : statFile(absolute(input));
}

/** -U. */
function checkUrl(input: string, pass: Pass): Eventual<boolean> {
  const { r } = pass;
  if (input === '' || !mayLookAhead(r)) return false;
  const judge = (sub: Request): boolean => {
    if (pass.trace >= 5)
      traceRequest(r, 5, undefined, `RewriteCond URI (-U check: path=${input} -> status=${sub.status}`);
    return sub.status < 400;
  };
  const sub = lookupUri(r, input);
  return sub instanceof Promise ? sub.then(judge) : judge(sub);
}

/** -F. */
function checkAccess(input: string, pass: Pass): Eventual<boolean> {
  const { r } = pass;
  if (input === '' || !mayLookAhead(r)) return false;
  const judge = (sub: Request): boolean => {
    const filename = sub.filename ?? '';
    if (pass.trace >= 5) {
      const text = `RewriteCond file (-F check: path=${input} -> file=${filename} status=${sub.status}`;
      traceRequest(r, 5, undefined, text);
    }
    return sub.status < 300 && filename !== '' && typeof statFile(absolute(filename)) === 'object';
  };
  // A directory is looked up without its slash, and so is no file but a redirect.
  let end = input.length;
  while (end > 1 && input.charCodeAt(end - 1) === 0x2f) end--;
  const sub = lookupFile(r, input.slice(0, end));
  return sub instanceof Promise ? sub.then(judge) : judge(sub);
}

function checkExpression(
  condition: Condition,
  expression: BooleanExpr,
  varies: boolean,
  pass: Pass,
): Eventual<boolean> {
  // [NV]: what the expression asks of the request's fields is no matter of the answer's.
  const context = new RequestExprContext(pass.r, varies);
  const failed = (reason: string): void => {
    if (pass.trace >= 1) pass.log(1, `RewriteCond: expr='${condition.pattern}' evaluation failed: ${reason}`);
  };
  const judge = (value: boolean): boolean => {
    if (value && !condition.isNegated) pass.conditionGroups = context.captures;
    return conclude(condition, '(null)', value, pass);
  };
  const value = evaluateBoolean(expression, pass.r, failed, context);
  return typeof value === 'boolean' ? judge(value) : value.then(judge);
}
