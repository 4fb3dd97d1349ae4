/** PARAMS of a request: the CGI variables, changed by ProxyFCGISetEnvIf (mod_proxy_fcgi.c: send_environment, fix_cgivars). */
import {
  addCgiVariables,
  addUncomputed,
  type CgiRequest,
  COMPUTED,
  type Variable,
} from '../../../cgi/variables.ts';
import { RequestExprContext } from '../../../core/expression-context.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { Table } from '../../../core/table.ts';
import { ExprEvaluationError } from '../../../expr/index.ts';
import { encodeParam, SteadyParams } from '../../../fcgi/params.ts';
import { type ExtraParams, REQUEST_PARAMS, type RequestParams } from '../shared/request-params.ts';
import type { EnvRule } from './config.ts';

/**
 * SCRIPT_FILENAME of a backend that is not PHP-FPM: the path alone. FPM takes the `proxy:fcgi://` off itself, and by it knows that the path
 * in SCRIPT_FILENAME counts, not PATH_TRANSLATED.
 */
export function genericFilename(filename: string, args: string | undefined): string {
  if (!filename.startsWith('proxy:fcgi://')) return filename;
  let name = filename.slice('proxy:fcgi://'.length);
  if (args !== undefined && args !== '') {
    const mark = name.lastIndexOf('?');
    if (mark >= 0 && name.slice(mark + 1) === args) name = name.slice(0, mark);
  }
  const slash = name.indexOf('/');
  return slash < 0 ? '' : name.slice(slash);
}

/** What other modules add; a status when one of them keeps the request from the application. */
export function extraParamsOf(r: Request): ExtraParams | number | undefined {
  const ask = r.configuration.providers.find(REQUEST_PARAMS, 'php') as RequestParams | undefined;
  return ask?.(r);
}

/** The pairs as they go on the wire; undefined when a rule could not be evaluated. May have to wait for a rule's sub-request. */
export function encodeParamsOf(
  r: Request,
  request: CgiRequest,
  rules: readonly EnvRule[] | undefined,
  extra: ExtraParams | undefined,
): string | undefined | Promise<string | undefined> {
  if (rules === undefined || rules.length === 0) {
    const encoded = encodeVariables(request);
    // Of a name that comes twice the application takes the last.
    return extra === undefined ? encoded : encoded + extra.encoded;
  }
  const table = new Table();
  addCgiVariables(request, (name, value) => table.set(name, value));
  for (const [name, value] of extra?.pairs ?? []) table.set(name, value);
  const done = applyRules(r, table, rules, 0);
  if (typeof done === 'boolean') return done ? encodeTable(table) : undefined;
  return done.then((isDone) => (isDone ? encodeTable(table) : undefined));
}

/** Runs of `COMPUTED`: steady ones together, and the others between them. */
const computedRuns: readonly (SteadyParams<CgiRequest> | Variable)[] = runsOf(COMPUTED);

function runsOf(variables: readonly Variable[]): (SteadyParams<CgiRequest> | Variable)[] {
  const runs: (SteadyParams<CgiRequest> | Variable)[] = [];
  let steady: Variable[] = [];
  const close = (): void => {
    if (steady.length > 0) runs.push(new SteadyParams(steady));
    steady = [];
  };
  for (const variable of variables) {
    if (variable.isSteady === true) {
      steady.push(variable);
      continue;
    }
    close();
    runs.push(variable);
  }
  close();
  return runs;
}

function encodeVariables(request: CgiRequest): string {
  let encoded = '';
  const add = (name: string, value: string): void => {
    encoded += encodeParam(name, value);
  };
  if (!addUncomputed(request, add)) {
    addCgiVariables(request, add);
    return encoded;
  }
  for (const run of computedRuns) {
    if (run instanceof SteadyParams) {
      encoded += run.encode(request);
      continue;
    }
    const value = run.of(request);
    if (value !== undefined) encoded += encodeParam(run.name, value);
  }
  return encoded;
}

function encodeTable(table: Table): string {
  let encoded = '';
  for (const [name, value] of table) encoded += encodeParam(name, value);
  return encoded;
}

/** Expressions see the variables as they are by then: reqenv() of a computed one too. */
class ParamsContext extends RequestExprContext {
  readonly #table: Table;

  constructor(r: Request, table: Table) {
    super(r);
    this.#table = table;
  }

  override environment(name: string): string | undefined {
    return this.#table.get(name);
  }
}

function applyRules(
  r: Request,
  table: Table,
  rules: readonly EnvRule[],
  from: number,
): boolean | Promise<boolean> {
  const context = new ParamsContext(r, table);
  for (let i = from; i < rules.length; i++) {
    const rule = rules[i] as EnvRule;
    context.captures = undefined;
    let holds: boolean | Promise<boolean>;
    try {
      holds = rule.condition.evaluate(context);
    } catch (error) {
      return conditionFailed(r, error);
    }
    if (typeof holds !== 'boolean') {
      return holds.then(
        (value) => (!value || applyRule(r, table, rule, context)) && applyRules(r, table, rules, i + 1),
        (error: unknown) => conditionFailed(r, error),
      );
    }
    if (holds && !applyRule(r, table, rule, context)) return false;
  }
  return true;
}

function applyRule(r: Request, table: Table, rule: EnvRule, context: ParamsContext): boolean {
  if (rule.value === undefined) {
    table.delete(rule.name);
    return true;
  }
  try {
    table.set(rule.name, rule.value.evaluate(context));
    return true;
  } catch (error) {
    if (!(error instanceof ExprEvaluationError)) throw error;
    const message = `Error evaluating expression for replacement of ${rule.name}: '${error.message}'`;
    logRequest(r, 'proxy_fcgi', Level.error, 'AH03514', message);
    return false;
  }
}

function conditionFailed(r: Request, error: unknown): false {
  if (!(error instanceof ExprEvaluationError)) throw error;
  logRequest(
    r,
    'proxy_fcgi',
    Level.error,
    'AH10241',
    `fix_cgivars: Condition eval returned -1: ${error.message}`,
  );
  return false;
}
