/** The Require lines that need no other module: all, env, method, expr (modules/aaa/mod_authz_core.c). */
import { parseBooleanExpression } from '../../../../grammar/ap-expr/index.ts';
import { RequestExprContext } from '../../../core/expression-context.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { MethodScope } from '../../../core/method-scope.ts';
import type { AuthzAnswer, AuthzProvider, AuthzResult } from '../../../core/providers.ts';
import type { Request } from '../../../core/request.ts';
import { wordsOf } from '../../../core/require-words.ts';
import { type BooleanExpr, compileBoolean, ExprEvaluationError } from '../../../expr/index.ts';

const granted = (): AuthzResult => 'granted';
const denied = (): AuthzResult => 'denied';

/** `Require all granted`, `Require all denied`. The argument is not unquoted. */
export const requireAll: AuthzProvider = {
  compile(_cmd, args) {
    switch (args.toLowerCase()) {
      case 'granted':
        return granted;
      case 'denied':
        return denied;
      default:
        return { message: "Argument for 'Require all' must be 'granted' or 'denied'" };
    }
  },
};

/** `Require env A B`: one of them is set, to whatever. */
export const requireEnv: AuthzProvider = {
  compile(_cmd, args) {
    const names = wordsOf(args);
    return (r) => {
      for (let i = 0; i < names.length; i++) {
        if (r.getEnv(names[i] as string) !== undefined) return 'granted';
      }
      return 'denied';
    };
  },
};

/** `Require method GET POST`. */
export const requireMethod: AuthzProvider = {
  compile(cmd, args) {
    const methods = wordsOf(args);
    const unknown = methods.find((method) => !cmd.isRegisteredMethod(method));
    if (unknown !== undefined) return { message: `Invalid Method '${unknown}'` };
    const scope = new MethodScope(methods, false);
    return (r) => (scope.includes(r.method) ? 'granted' : 'denied');
  },
};

/** `Require expr`: the rest of the line, or all of it between double quotes. */
export const requireExpr: AuthzProvider = {
  compile(cmd, args) {
    const isQuoted = args.length > 1 && args.startsWith('"') && args.endsWith('"');
    const source = isQuoted ? args.slice(1, -1) : args;
    const compiled = compileBoolean(source, { restricted: cmd.isHtaccess });
    if (!compiled.ok) {
      const { message, offset, length } = compiled.error;
      return {
        message: `Cannot parse expression in require line: ${message}`,
        offset: offset + (isQuoted ? 1 : 0),
        length: Math.max(1, length),
      };
    }
    // What fails without a user may hold with one.
    const otherwise: AuthzResult = asksForUser(source) ? 'denied-no-user' : 'denied';
    const { expr } = compiled;
    return (r) => evaluate(r, expr, otherwise);
  },
};

function asksForUser(source: string): boolean {
  return parseBooleanExpression(source).references.some(
    (node) => node.kind === 'variable' && node.name.toUpperCase() === 'REMOTE_USER',
  );
}

function evaluate(r: Request, expr: BooleanExpr, otherwise: AuthzResult): AuthzAnswer {
  try {
    const value = expr.evaluate(new RequestExprContext(r));
    if (typeof value === 'boolean') return value ? 'granted' : otherwise;
    return value.then(
      (late) => (late ? 'granted' : otherwise),
      (error: unknown) => failed(r, error),
    );
  } catch (error) {
    return failed(r, error);
  }
}

function failed(r: Request, error: unknown): AuthzResult {
  if (!(error instanceof ExprEvaluationError)) throw error;
  const message = `Error evaluating expression in 'Require expr': ${error.message}`;
  logRequest(r, 'authz_core', Level.error, 'AH02320', message);
  return 'general-error';
}
