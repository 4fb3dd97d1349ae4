/** Conditions of health checks: expressions that look at an answer (ProxyHCExpr; mod_proxy_hcheck.c: hc_expr_func, hc_expr_var). */
import {
  type BooleanExpr,
  compileBoolean,
  type ExprContext,
  ExprEvaluationError,
  type ExprExtensions,
  type RequestVariable,
} from '../../../expr/index.ts';
import type { HeaderFields } from '../../../http/header-fields.ts';

/** What came of a check that got an answer. */
export interface ProbeAnswer {
  readonly status: number;
  readonly fields: HeaderFields;
  /** The start of it, as much as is kept. */
  readonly body: string;
}

/** An answer as an expression sees it: there is no request, and no client but the backend. */
export class ProbeContext implements ExprContext {
  captures: readonly (string | undefined)[] | undefined = undefined;
  readonly clientAddress: string;
  readonly answer: ProbeAnswer;
  readonly #method: string;

  constructor(answer: ProbeAnswer, method: string, address: string) {
    this.answer = answer;
    this.#method = method;
    this.clientAddress = address;
  }

  requestHeader(): undefined {
    return undefined;
  }
  responseHeader(name: string): string | undefined {
    return this.answer.fields.getJoined(name);
  }
  environment(): undefined {
    return undefined;
  }
  note(): undefined {
    return undefined;
  }
  now(): Date {
    return new Date();
  }
  canAccessUri(): boolean {
    return false;
  }
  canAccessFile(): boolean {
    return false;
  }
  variable(name: RequestVariable): string | undefined {
    if (name === 'REQUEST_STATUS') return String(this.answer.status);
    if (name === 'REQUEST_METHOD') return this.#method;
    if (name === 'CONTENT_TYPE') return this.answer.fields.get('content-type');
    return name === 'REMOTE_ADDR' ? this.clientAddress : undefined;
  }
}

export type Condition = BooleanExpr<ProbeContext>;

/** `hc('body')` and `%{HC_BODY}`; other words of theirs are empty, as in httpd. */
const EXTENSIONS: ExprExtensions<ProbeContext> = {
  variable(name) {
    if (!/^HC_/i.test(name)) return undefined;
    const isBody = name.toUpperCase() === 'HC_BODY';
    return ({ answer }) => (isBody ? answer.body : undefined);
  },
  stringFunction: (name) =>
    name.toLowerCase() === 'hc'
      ? ({ answer }, argument) => (argument.toLowerCase() === 'body' ? answer.body : undefined)
      : undefined,
};

/** @returns the condition, or what is wrong with it in the parser's words. */
export function compileProbeCondition(source: string): Condition | string {
  const compiled = compileBoolean<ProbeContext>(source, { extensions: EXTENSIONS });
  return compiled.ok ? compiled.expr : compiled.error.message;
}

/** One that cannot be evaluated does not hold. */
export function holds(condition: Condition, context: ProbeContext): boolean {
  try {
    return condition.evaluate(context) === true;
  } catch (error) {
    if (error instanceof ExprEvaluationError) return false;
    throw error;
  }
}
