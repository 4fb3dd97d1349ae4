/** Conditions as closures. Those that cannot wait answer a boolean and never create a promise. */
import type {
  BooleanNode,
  CompareNode,
  JunctionNode,
  MatchNode,
  MembershipNode,
  UnaryNode,
} from '../../grammar/ap-expr/index.ts';
import type { ExprContext } from './context.ts';
import { INTEGER_TESTS, LENGTH_TESTS, parseInteger, STRING_TESTS } from './operators.ts';
import { isInSubnet } from './subnet.ts';
import { compileWord, constantOf, MAX_LEVEL, recursionLimit, resolvedOf, type Scope } from './word.ts';

export type SyncTest = (context: ExprContext) => boolean;
export type WaitingTest = (context: ExprContext) => boolean | Promise<boolean>;
export type Condition =
  | { readonly mayWait: false; readonly test: SyncTest }
  | { readonly mayWait: true; readonly test: WaitingTest };

const sync = (test: SyncTest): Condition => ({ mayWait: false, test });

/** @param level httpd's recursion level: the last operand of a junction is evaluated in its loop, the others one deeper */
export const compileCondition = (node: BooleanNode, scope: Scope, level: number): Condition => {
  if (level > MAX_LEVEL) return sync(recursionLimit);
  switch (node.kind) {
    case 'literal': {
      const { value } = node;
      return sync(() => value);
    }
    case 'not':
      return negate(compileCondition(node.operand, scope, level), node.count % 2 === 1);
    case 'and':
    case 'or':
      return compileJunction(node, scope, level);
    case 'unary':
      return compileUnary(node, scope, level);
    case 'binary': {
      const left = compileWord(node.left, scope, level + 1);
      const subnet = scope.resolved.subnets.get(node);
      if (subnet !== undefined) return sync((context) => isInSubnet(subnet, left(context)));
      const test = resolvedOf(scope.resolved.binaries, node);
      const right = compileWord(node.right, scope, level + 1);
      return sync((context) => test(context, left(context), right(context)));
    }
    case 'compare':
      return sync(
        node.type === 'string' || scope.comparesByLength === true
          ? compareStrings(node, scope, level)
          : compareIntegers(node, scope, level),
      );
    case 'match':
      return sync(compileMatch(node, scope, level));
    case 'in':
      return sync(compileMembership(node, scope, level));
  }
};

const negate = (condition: Condition, odd: boolean): Condition => {
  if (!odd) return condition;
  if (!condition.mayWait) {
    const { test } = condition;
    return sync((context) => !test(context));
  }
  const { test } = condition;
  return {
    mayWait: true,
    test: (context) => {
      const answer = test(context);
      return typeof answer === 'boolean' ? !answer : answer.then((value) => !value);
    },
  };
};

const compileJunction = (node: JunctionNode, scope: Scope, level: number): Condition => {
  const last = node.operands.length - 1;
  const conditions = node.operands.map((operand, at) =>
    compileCondition(operand, scope, at === last ? level : level + 1),
  );
  // An `or` is decided by the first true, an `and` by the first false.
  const decisive = node.kind === 'or';
  const tests: SyncTest[] = [];
  for (const condition of conditions) {
    if (condition.mayWait) return { mayWait: true, test: waitingJunction(conditions, decisive) };
    tests.push(condition.test);
  }
  return sync((context) => {
    for (const test of tests) if (test(context) === decisive) return decisive;
    return !decisive;
  });
};

const waitingJunction = (conditions: readonly Condition[], decisive: boolean): WaitingTest => {
  const from = (context: ExprContext, start: number): boolean | Promise<boolean> => {
    for (let at = start; at < conditions.length; at += 1) {
      const answer = conditions[at]?.test(context);
      if (answer === decisive) return decisive;
      if (typeof answer === 'object') {
        return answer.then((value) => (value === decisive ? decisive : from(context, at + 1)));
      }
    }
    return !decisive;
  };
  return (context) => from(context, 0);
};

const compileUnary = (node: UnaryNode, scope: Scope, level: number): Condition => {
  const subnet = scope.resolved.subnets.get(node);
  if (subnet !== undefined) return sync((context) => isInSubnet(subnet, context.clientAddress));
  const { test, mayWait } = resolvedOf(scope.resolved.unaries, node);
  const operand = compileWord(node.operand, scope, level + 1);
  if (mayWait) return { mayWait, test: (context) => test(context, operand(context)) };
  return sync((context) => test(context, operand(context)) === true);
};

const compareStrings = (node: CompareNode, scope: Scope, level: number): SyncTest => {
  const left = compileWord(node.left, scope, level + 1);
  const right = compileWord(node.right, scope, level + 1);
  const constant = constantOf(node.right);
  if (constant !== undefined && node.comparison === 'eq') return (context) => left(context) === constant;
  if (constant !== undefined && node.comparison === 'ne') return (context) => left(context) !== constant;
  const tests = scope.comparesByLength === true ? LENGTH_TESTS : STRING_TESTS;
  const test = tests[node.comparison];
  return (context) => test(left(context), right(context));
};

const compareIntegers = (node: CompareNode, scope: Scope, level: number): SyncTest => {
  const left = compileWord(node.left, scope, level + 1);
  const right = compileWord(node.right, scope, level + 1);
  const test = INTEGER_TESTS[node.comparison];
  const constant = constantOf(node.right);
  if (constant !== undefined) {
    const value = parseInteger(constant);
    return (context) => test(parseInteger(left(context)), value);
  }
  return (context) => test(parseInteger(left(context)), parseInteger(right(context)));
};

const compileMatch = (node: MatchNode, scope: Scope, level: number): SyncTest => {
  const subject = compileWord(node.subject, scope, level + 1);
  const regex = resolvedOf(scope.resolved.regexes, node.regex);
  const expected = !node.negated;
  if (!scope.keepsCaptures) return (context) => regex.test(subject(context)) === expected;
  return (context) => {
    const match = regex.exec(subject(context));
    // A failed match empties the groups, whichever operator asked.
    context.captures = match?.groups;
    return (match !== null) === expected;
  };
};

const compileMembership = (node: MembershipNode, scope: Scope, level: number): SyncTest => {
  const needle = compileWord(node.needle, scope, level + 1);
  if ('kind' in node.list) {
    const list = resolvedOf(scope.resolved.lists, node.list);
    const argument = compileWord(node.list.argument, scope, level + 1);
    return (context) => {
      const wanted = needle(context);
      return list(context, argument(context)).includes(wanted);
    };
  }
  const constants = node.list.map(constantOf);
  if (!constants.includes(undefined)) {
    const set = new Set(constants);
    return (context) => set.has(needle(context));
  }
  const words = node.list.map((word) => compileWord(word, scope, level + 1));
  return (context) => {
    const wanted = needle(context);
    return words.some((word) => word(context) === wanted);
  };
};
