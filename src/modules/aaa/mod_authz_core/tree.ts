/**
 * Trees of Require lines: how they are put together, checked and asked (authz_section_conf and the functions around it in
 * modules/aaa/mod_authz_core.c).
 */
import { isLogged, Level, logRequest } from '../../../core/log.ts';
import { EVERY_METHOD, type MethodScope, NO_METHOD } from '../../../core/method-scope.ts';
import type { AuthzAnswer, AuthzCheck, AuthzResult } from '../../../core/providers.ts';
import type { Request } from '../../../core/request.ts';

/** `all`: none may deny and one must grant; `any`: one must grant. */
export type Logic = 'all' | 'any';

/** `Require [not] name args`. */
export interface RequireLine {
  readonly kind: 'line';
  /** Provider name, a blank and its arguments, as log lines show it. */
  readonly text: string;
  readonly negate: boolean;
  readonly scope: MethodScope;
  readonly check: AuthzCheck;
}

/** `<RequireAll>`, `<RequireAny>`, `<RequireNone>` (a negated `any`), and what AuthMerging joins. */
export interface RequireBlock {
  readonly kind: 'block';
  readonly logic: Logic;
  readonly negate: boolean;
  readonly isMerge: boolean;
  /** Methods that anything in it is for. */
  scope: MethodScope;
  /** Grows while the configuration is read; fixed from then on. */
  children: RequireNode[];
}
export type RequireNode = RequireLine | RequireBlock;

export function newBlock(logic: Logic, negate = false): RequireBlock {
  return { kind: 'block', logic, negate, isMerge: false, scope: NO_METHOD, children: [] };
}

/** Two sections' trees under AuthMerging. */
export function mergeBlocks(base: RequireBlock, add: RequireBlock, logic: Logic): RequireBlock {
  return {
    kind: 'block',
    logic,
    negate: false,
    isMerge: true,
    scope: base.scope.or(add.scope),
    children: [base, add],
  };
}

/** What log lines and errors call a node (format_authz_command). */
export function nameOf(node: RequireNode): string {
  if (node.kind === 'line') return `Require ${node.negate ? 'not ' : ''}${node.text}`;
  const name = node.logic === 'all' ? (node.negate ? 'NotAll' : 'All') : node.negate ? 'None' : 'Any';
  return node.isMerge ? `AuthMerging ${name}` : `<Require${name}>`;
}

/** Puts a node into a block; answers what is wrong with that, in httpd's words. */
export function addTo(block: RequireBlock, node: RequireNode): string | undefined {
  if (node.negate && block.logic === 'any') {
    const what = node.kind === 'line' ? 'negative Require' : nameOf(node);
    return `${what} directive has no effect in ${nameOf(block)} directive`;
  }
  block.scope = block.scope.or(node.scope);
  // An any within an any is no level of its own, nor an all within an all.
  const isSame = node.kind === 'block' && !node.negate && !block.negate && node.logic === block.logic;
  if (isSame) block.children.push(...node.children);
  else block.children.push(node);
  return undefined;
}

/**
 * Looks for blocks that can never grant anything, and turns a negated block into negated lines where that comes to the same
 * (authz_core_check_section). Answers the block at fault.
 */
export function checkBlock(block: RequireBlock): RequireBlock | undefined {
  const children: RequireNode[] = [];
  for (const child of block.children) {
    if (child.kind === 'block') {
      const fault = checkBlock(child);
      if (fault !== undefined) return fault;
      if (child.negate && child.logic !== block.logic) {
        for (const inner of child.children) children.push({ ...inner, negate: !inner.negate });
        continue;
      }
    }
    children.push(child);
  }
  block.children = children;
  return children.every((child) => child.negate) ? block : undefined;
}

/** Asks a tree. `parent`: the logic of what it stands in, which decides what a node for other methods counts as. */
export function ask(r: Request, node: RequireNode, parent: Logic): AuthzAnswer {
  if (node.scope !== EVERY_METHOD && !node.scope.includes(r.method)) {
    const result = parent === 'all' ? 'granted' : 'neutral';
    if (isLogged(r, 'authz_core', Level.debug)) {
      logResult(r, 'AH01625', node, result, ' (directive limited to other methods)');
    }
    return result;
  }
  const answer = node.kind === 'line' ? node.check(r) : askChildren(r, node, 0, 'neutral');
  return typeof answer === 'string'
    ? conclude(r, node, answer)
    : answer.then((result) => conclude(r, node, result));
}

function askChildren(r: Request, block: RequireBlock, from: number, before: AuthzResult): AuthzAnswer {
  const { children, logic } = block;
  let result = before;
  for (let i = from; i < children.length; i++) {
    const answer = ask(r, children[i] as RequireNode, logic);
    if (typeof answer !== 'string') {
      return answer.then((late) => {
        const joined = join(logic, result, late);
        return isFinal(logic, joined) ? joined : askChildren(r, block, i + 1, joined);
      });
    }
    result = join(logic, result, answer);
    if (isFinal(logic, result)) return result;
  }
  return result;
}

/** What one more child's answer makes of the answers so far: `denied-no-user` where a user name may still change the whole. */
export function join(logic: Logic, soFar: AuthzResult, child: AuthzResult): AuthzResult {
  if (child === 'neutral') return soFar;
  if (child === 'general-error' || soFar === 'neutral') return child;
  if (logic === 'all') return child === 'denied' || child === 'denied-no-user' ? child : soFar;
  if (child === 'granted') return child;
  return child === 'denied-no-user' && soFar === 'denied' ? child : soFar;
}

function isFinal(logic: Logic, result: AuthzResult): boolean {
  return result === 'general-error' || result === (logic === 'all' ? 'denied' : 'granted');
}

function conclude(r: Request, node: RequireNode, answer: AuthzResult): AuthzResult {
  // A block that could not be asked to its end says nothing more.
  if (answer === 'general-error' && node.kind === 'block') return answer;
  const result = node.negate ? negated(answer) : answer;
  if (isLogged(r, 'authz_core', Level.debug)) logResult(r, 'AH01626', node, result, '');
  return result;
}

/** That something was not refused grants nothing: a negated denial is neutral. */
function negated(result: AuthzResult): AuthzResult {
  switch (result) {
    case 'granted':
      return 'denied';
    case 'denied':
    case 'denied-no-user':
      return 'neutral';
    default:
      return result;
  }
}

const SHOWN: Readonly<Record<AuthzResult, string>> = {
  denied: 'denied',
  granted: 'granted',
  'denied-no-user': 'denied (no authenticated user yet)',
  neutral: 'neutral',
  'general-error': 'neutral',
};

function logResult(r: Request, tag: string, node: RequireNode, result: AuthzResult, note: string): void {
  const message = `authorization result of ${nameOf(node)}: ${SHOWN[result]}${note}`;
  logRequest(r, 'authz_core', Level.debug, tag, message);
}
