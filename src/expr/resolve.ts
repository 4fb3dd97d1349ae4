/** Resolves what an expression names, while the configuration is read and in the order in which httpd's parser does. */
import type {
  BinaryNode,
  CallNode,
  ListCallNode,
  Reference,
  RegexNode,
  UnaryNode,
  VariableNode,
  WordNode,
} from '../../grammar/ap-expr/index.ts';
import { compilePcre, type Pcre, PcreError } from '../lib/pcre/index.ts';
import type { ExprContext, ExprExtensions, StringFunction } from './context.ts';
import { FILE_TESTS } from './files.ts';
import { FILE_FUNCTIONS, STRING_FUNCTIONS, VARYING_FUNCTIONS } from './functions.ts';
import {
  type BinaryTest,
  matchPattern,
  PATTERN_OPERATORS,
  UNARY_OPERATORS,
  type UnaryTest,
  WAITING_OPERATORS,
} from './operators.ts';
import { parseSubnet, type Subnet } from './subnet.ts';
import { VARIABLES, VARIABLES_WITHOUT_VARY, type VariableReader } from './variables.ts';

export type ListFunction = (context: ExprContext, argument: string) => readonly string[];

/**
 * Where the expression stands. `true`: in an .htaccess file, file() and filesize() are refused. `'include'`: in a page
 * of mod_include, the file tests are refused as well.
 */
export type Restriction = boolean | 'include';

export interface ResolveOptions {
  /** Whether reading a request header names it to Vary. */
  readonly varies: boolean;
  readonly restricted?: Restriction | undefined;
  readonly extensions?: ExprExtensions<ExprContext> | undefined;
}

/** What each reference stands for, by node. */
export interface Resolved {
  readonly variables: Map<VariableNode, VariableReader>;
  readonly calls: Map<CallNode, StringFunction<ExprContext>>;
  readonly lists: Map<ListCallNode, ListFunction>;
  readonly regexes: Map<RegexNode, Pcre>;
  readonly unaries: Map<UnaryNode, { readonly test: UnaryTest; readonly mayWait: boolean }>;
  readonly binaries: Map<BinaryNode, BinaryTest>;
  /** Subnets of -R and -ipmatch. */
  readonly subnets: Map<UnaryNode | BinaryNode, Subnet>;
}

export interface Unresolved {
  readonly node: Reference;
  /** In httpd's words. */
  readonly message: string;
  /** What httpd does not say: why a regular expression was refused. */
  readonly detail?: string;
}

/**
 * Resolves all references. httpd reports the last name that failed; a regex that does not compile ends its parser at
 * once (`aborted`), so that a syntax error behind it is never seen.
 */
export const resolveReferences = (
  references: readonly Reference[],
  options: ResolveOptions,
): { resolved: Resolved; unresolved: Unresolved | undefined; aborted: boolean } => {
  const resolved: Resolved = {
    variables: new Map(),
    calls: new Map(),
    lists: new Map(),
    regexes: new Map(),
    unaries: new Map(),
    binaries: new Map(),
    subnets: new Map(),
  };
  let unresolved: Unresolved | undefined;
  for (const node of references) {
    const problem = resolveNode(node, resolved, options);
    if (problem === undefined) continue;
    unresolved = typeof problem === 'string' ? { node, message: problem } : problem;
    if (node.kind === 'regex') return { resolved, unresolved, aborted: true };
  }
  return { resolved, unresolved, aborted: false };
};

/** Puts what the node stands for into `resolved`, or answers what is wrong with it. */
const resolveNode = (
  node: Reference,
  resolved: Resolved,
  options: ResolveOptions,
): string | Unresolved | undefined => {
  switch (node.kind) {
    case 'variable':
      return resolveVariable(node, resolved, options);
    case 'call':
      return resolveCall(node, resolved, options);
    case 'listCall': {
      const list = options.extensions?.listFunction?.(node.name);
      if (list === undefined) return `List-returning function '${node.name}' does not exist`;
      resolved.lists.set(node, list);
      return undefined;
    }
    case 'regex':
      return resolveRegex(node, resolved);
    case 'unary':
      return resolveUnary(node, resolved, options);
    case 'binary':
      return resolveBinary(node, resolved, options);
  }
};

const resolveVariable = (
  node: VariableNode,
  resolved: Resolved,
  options: ResolveOptions,
): string | undefined => {
  const builtIn = options.varies ? VARIABLES : VARIABLES_WITHOUT_VARY;
  const reader = builtIn.get(node.name.toUpperCase()) ?? options.extensions?.variable?.(node.name);
  if (reader === undefined) return `Variable '${node.name}' does not exist`;
  resolved.variables.set(node, reader);
  return undefined;
};

const resolveCall = (node: CallNode, resolved: Resolved, options: ResolveOptions): string | undefined => {
  const name = node.name.toLowerCase();
  const builtIn = !options.varies && VARYING_FUNCTIONS.has(name) ? 'req_novary' : name;
  const call = STRING_FUNCTIONS.get(builtIn) ?? options.extensions?.stringFunction?.(node.name);
  if (call === undefined) return `Function '${node.name}' does not exist`;
  if (options.restricted && FILE_FUNCTIONS.has(name)) {
    return `${node.name} not available in restricted context`;
  }
  resolved.calls.set(node, call);
  return undefined;
};

const resolveRegex = (node: RegexNode, resolved: Resolved): Unresolved | undefined => {
  try {
    resolved.regexes.set(node, compilePcre(node.source, { ignoreCase: node.ignoreCase }));
    return undefined;
  } catch (error) {
    if (!(error instanceof PcreError)) throw error;
    return { node, message: 'Failed to compile regular expression', detail: error.message };
  }
};

const resolveSubnet = (
  node: UnaryNode | BinaryNode,
  operator: string,
  word: WordNode,
  resolved: Resolved,
): string | undefined => {
  if (word.kind !== 'text' || word.form !== 'quoted')
    return `${operator} requires subnet/netmask as constant argument`;
  const subnet = parseSubnet(word.value);
  if (subnet === undefined) return 'parsing of subnet/netmask failed';
  resolved.subnets.set(node, subnet);
  return undefined;
};

const resolveUnary = (node: UnaryNode, resolved: Resolved, options: ResolveOptions): string | undefined => {
  const { operator, operand } = node;
  if (operator === '-R') return resolveSubnet(node, operator, operand, resolved);
  const test = UNARY_OPERATORS.get(operator) ?? options.extensions?.unaryOperator?.(operator);
  if (test === undefined) return `Unary operator '${operator}' does not exist`;
  if (options.restricted === 'include' && FILE_TESTS.has(operator)) {
    return `${operator} not available in restricted context`;
  }
  resolved.unaries.set(node, { test, mayWait: WAITING_OPERATORS.has(operator) });
  return undefined;
};

const resolveBinary = (node: BinaryNode, resolved: Resolved, options: ResolveOptions): string | undefined => {
  const operator = node.operator.toLowerCase();
  if (operator === '-ipmatch') return resolveSubnet(node, operator, node.right, resolved);
  const pattern = PATTERN_OPERATORS.get(operator);
  const constant = node.right.kind === 'text' ? node.right.value : undefined;
  const test = pattern
    ? matchPattern(pattern, constant)
    : options.extensions?.binaryOperator?.(node.operator);
  if (test === undefined) return `Binary operator '${node.operator}' does not exist`;
  resolved.binaries.set(node, test);
  return undefined;
};
