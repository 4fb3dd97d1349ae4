/** Words of an expression as closures. */
import type { WordNode } from '../../grammar/ap-expr/index.ts';
import { type ExprContext, ExprEvaluationError } from './context.ts';
import type { Resolved } from './resolve.ts';

export type Word = (context: ExprContext) => string;

/** What all closures of one expression are compiled against. */
export interface Scope {
  readonly resolved: Resolved;
  /** Whether regex matches must leave their groups in the context. */
  readonly keepsCaptures: boolean;
  /** All comparisons are of strings, by length first. */
  readonly comparesByLength?: boolean;
}

/** AP_EXPR_MAX_RECURSION: what lies deeper fails when, and only when, it is evaluated. */
export const MAX_LEVEL = 20;

export const recursionLimit = (): never => {
  throw new ExprEvaluationError('Recursion limit reached');
};

/** The node of a reference is always resolved: an expression with an unresolved one is never compiled. */
export const resolvedOf = <Node, Value>(map: ReadonlyMap<Node, Value>, node: Node): Value => {
  const value = map.get(node);
  if (value === undefined) throw new Error('ap_expr: reference without resolution');
  return value;
};

export const compileWord = (node: WordNode, scope: Scope, level: number): Word => {
  if (level > MAX_LEVEL) return recursionLimit;
  switch (node.kind) {
    case 'text': {
      const { value } = node;
      return () => value;
    }
    case 'variable': {
      const read = resolvedOf(scope.resolved.variables, node);
      return (context) => read(context) ?? '';
    }
    case 'backReference': {
      const { group } = node;
      return (context) => context.captures?.[group] ?? '';
    }
    case 'call': {
      const call = resolvedOf(scope.resolved.calls, node);
      const argument = compileWord(node.argument, scope, level + 1);
      return (context) => call(context, argument(context)) ?? '';
    }
    case 'concat': {
      const parts = node.parts.map((part) => compileWord(part, scope, level + 1));
      return (context) => {
        let text = '';
        for (const part of parts) text += part(context);
        return text;
      };
    }
  }
};

/** The value of a word that is known beforehand. */
export const constantOf = (node: WordNode): string | undefined =>
  node.kind === 'text' ? node.value : undefined;
