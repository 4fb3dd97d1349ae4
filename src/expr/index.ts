/**
 * ap_expr, compiled. `compileBoolean` takes a condition (`<If>`, `Require expr`, `expr=` conditions), `compileString`
 * text with `%{...}` in it. Regexes, lists and subnets are compiled here, once; evaluation only calls closures.
 */
import {
  type ParseResult,
  parseBooleanExpression,
  parseStringExpression,
  type Span,
} from '../../grammar/ap-expr/index.ts';
import { compileCondition, type SyncTest, type WaitingTest } from './condition.ts';
import type { ExprContext, ExprExtensions } from './context.ts';
import { type Resolved, type Restriction, resolveReferences } from './resolve.ts';
import { compileWord, constantOf, type Scope } from './word.ts';

export {
  type ExprContext,
  ExprEvaluationError,
  type ExprExtensions,
  type RequestVariable,
  type StringFunction,
} from './context.ts';
export { osEnvironment } from './functions.ts';
export type { Restriction } from './resolve.ts';
export { TIME_VARIABLES } from './variables.ts';

export interface ExprOptions<Context extends ExprContext = ExprContext> {
  readonly restricted?: Restriction;
  readonly extensions?: ExprExtensions<Context>;
  /**
   * Whose the regex groups are. `own` (the default): `$0`..`$9` start empty with each evaluation. `shared`: they start
   * with what `context.captures` holds, and the groups of the last match stay there afterwards, for directives that
   * use them outside the expression (SetEnvIfExpr, mod_include).
   */
  readonly captures?: 'own' | 'shared';
  /** SSLRequire's way: all comparisons are of strings, the longer one being the greater (AP_EXPR_FLAG_SSL_EXPR_COMPAT). */
  readonly comparesByLength?: boolean;
}

let moduleExtensions: ExprExtensions<ExprContext> | undefined;

/** Runs `work`; the expressions it compiles know what the modules of their configuration add to every one. */
export function withModuleExtensions<T>(
  extensions: ExprExtensions<ExprContext> | undefined,
  work: () => T,
): T {
  const before = moduleExtensions;
  moduleExtensions = extensions;
  try {
    return work();
  } finally {
    moduleExtensions = before;
  }
}

/** A condition. `evaluate` throws ExprEvaluationError (or rejects with it) where httpd's evaluation fails. */
export type BooleanExpr<Context extends ExprContext = ExprContext> = {
  readonly kind: 'boolean';
  readonly source: string;
} & (
  | { readonly mayWait: false; evaluate(context: Context): boolean }
  /** -F, -U or -A is in it: they may need a sub-request. */
  | { readonly mayWait: true; evaluate(context: Context): boolean | Promise<boolean> }
);

/** Text with interpolation; it never adds to Vary, as in httpd. `evaluate` throws ExprEvaluationError where httpd's evaluation fails. */
export interface StringExpr<Context extends ExprContext = ExprContext> {
  readonly kind: 'string';
  readonly source: string;
  /** The value where it depends on nothing. */
  readonly constant: string | undefined;
  evaluate(context: Context): string;
}

/** Why an expression was refused; the span lies within its text. */
export interface ExprError extends Span {
  /** In httpd's words, without the directive's prefix ("Cannot parse condition clause: ", "Can't parse value expression : "). */
  readonly message: string;
  /** What httpd does not say: why a regular expression was refused. */
  readonly detail: string | undefined;
}

export type CompileResult<Expr> =
  | { readonly ok: true; readonly expr: Expr }
  | { readonly ok: false; readonly error: ExprError };

export const compileBoolean = <Context extends ExprContext = ExprContext>(
  source: string,
  options: ExprOptions<Context> = {},
): CompileResult<BooleanExpr<Context>> => {
  const prepared = prepare(parseBooleanExpression(source), options, true);
  if ('error' in prepared) return { ok: false, error: prepared.error };
  const scope = scopeOf(source, prepared.resolved, options);
  const condition = compileCondition(prepared.root, scope, 1);
  const resets = scope.keepsCaptures && options.captures !== 'shared';
  if (condition.mayWait) {
    const evaluate = resets ? resetting<WaitingTest>(condition.test) : condition.test;
    return { ok: true, expr: { kind: 'boolean', source, mayWait: true, evaluate } };
  }
  const evaluate = resets ? resetting<SyncTest>(condition.test) : condition.test;
  return { ok: true, expr: { kind: 'boolean', source, mayWait: false, evaluate } };
};

export const compileString = <Context extends ExprContext = ExprContext>(
  source: string,
  options: ExprOptions<Context> = {},
): CompileResult<StringExpr<Context>> => {
  const prepared = prepare(parseStringExpression(source), options, false);
  if ('error' in prepared) return { ok: false, error: prepared.error };
  const scope = scopeOf(source, prepared.resolved, options);
  const evaluate = compileWord(prepared.root, scope, 1);
  const resets = scope.keepsCaptures && options.captures !== 'shared';
  return {
    ok: true,
    expr: {
      kind: 'string',
      source,
      constant: constantOf(prepared.root),
      evaluate: resets ? resetting(evaluate) : evaluate,
    },
  };
};

/** Groups cost a match more time than a yes or no: they are kept only where someone can see them. */
const scopeOf = (source: string, resolved: Resolved, options: ExprOptions<never>): Scope => ({
  resolved,
  keepsCaptures: options.captures === 'shared' || /\$[0-9]/.test(source),
  comparesByLength: options.comparesByLength === true,
});

const resetting = <Test extends (context: ExprContext) => unknown>(test: Test): Test =>
  ((context) => {
    context.captures = undefined;
    return test(context);
  }) as Test;

const prepare = <Root, Context extends ExprContext>(
  parsed: ParseResult<Root>,
  options: ExprOptions<Context>,
  varies: boolean,
): { root: Root; resolved: Resolved } | { error: ExprError } => {
  const { resolved, unresolved, aborted } = resolveReferences(parsed.references, {
    varies,
    restricted: options.restricted,
    // An expression is evaluated only with contexts of the type its options were made for.
    extensions: (options.extensions as ExprExtensions<ExprContext> | undefined) ?? moduleExtensions,
  });
  const { failure, root } = parsed;
  if (failure !== undefined && !aborted) {
    const { syntax, offset, length } = failure;
    const detail = failure.detail ?? unresolved?.message;
    const message = [syntax, detail].filter((part) => part !== undefined).join(': ');
    return { error: { message, detail: undefined, offset, length } };
  }
  if (unresolved !== undefined) {
    const { node, message, detail } = unresolved;
    return { error: { message, detail, offset: node.offset, length: node.length } };
  }
  if (root === undefined) throw new Error('ap_expr: neither tree nor failure');
  return { root, resolved };
};
