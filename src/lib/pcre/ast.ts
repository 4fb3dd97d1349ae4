import type { ByteSet } from './byte-set.ts';

/** A parsed pattern. Case, dot and anchor flags are already worked into the nodes, so no flag is left to carry. */
export type Node =
  | SetNode
  | SeqNode
  | AltNode
  | GroupNode
  | AtomicNode
  | LookNode
  | AssertNode
  | BackrefNode
  | RepeatNode
  | CondNode
  | CallNode
  | KeepNode;

/** One byte out of a set. */
export interface SetNode {
  readonly type: 'set';
  readonly set: ByteSet;
}
export interface SeqNode {
  readonly type: 'seq';
  readonly items: readonly Node[];
}
export interface AltNode {
  readonly type: 'alt';
  readonly branches: readonly Node[];
  /** Stands for `\R` or `\X`, which may not be in a lookbehind. */
  readonly isEscape?: boolean;
}
/** A capturing group under the pattern's own number. */
export interface GroupNode {
  readonly type: 'group';
  readonly number: number;
  readonly body: Node;
}
export interface AtomicNode {
  readonly type: 'atomic';
  readonly body: Node;
}
export interface LookNode {
  readonly type: 'look';
  readonly behind: boolean;
  readonly negative: boolean;
  readonly body: Node;
  /** The body's own top branches: only these may differ in length in a lookbehind. */
  readonly branches: readonly Node[];
  /** Where it opens in the pattern. */
  readonly offset: number;
}
export type AssertKind =
  | 'subject-start'
  | 'subject-end'
  | 'end-or-final-newline'
  | 'line-start'
  | 'line-end'
  | 'word-boundary'
  | 'not-word-boundary'
  | 'match-start';
export interface AssertNode {
  readonly type: 'assert';
  readonly kind: AssertKind;
}
/** Several numbers when a name stands for several groups: the first that is set counts. */
export interface BackrefNode {
  readonly type: 'backref';
  readonly groups: readonly number[];
  readonly caseless: boolean;
}
/** `max` is Infinity for an open end. Possessive quantifiers are an atomic node around this one. */
export interface RepeatNode {
  readonly type: 'repeat';
  readonly min: number;
  readonly max: number;
  readonly lazy: boolean;
  readonly body: Node;
}
export type Condition =
  | { readonly type: 'set'; readonly groups: readonly number[] }
  /** Inside a call: of any group (undefined) or of one of these. */
  | { readonly type: 'recursion'; readonly groups: readonly number[] | undefined }
  | { readonly type: 'never' }
  | { readonly type: 'look'; readonly look: LookNode };
export interface CondNode {
  readonly type: 'cond';
  readonly condition: Condition;
  readonly yes: Node;
  /** EMPTY where the pattern gives none. */
  readonly no: Node;
}
/** A subroutine call; group 0 is the whole pattern. */
export interface CallNode {
  readonly type: 'call';
  readonly group: number;
}
/** `\K` */
export interface KeepNode {
  readonly type: 'keep';
}

export interface ParsedPattern {
  readonly root: Node;
  readonly groupCount: number;
  /** Name by group number; holes for groups without one. */
  readonly groupNames: readonly (string | undefined)[];
  /** Every group node by number; more than one under `(?|`. */
  readonly groups: ReadonlyMap<number, readonly GroupNode[]>;
}

export const EMPTY: SeqNode = { type: 'seq', items: [] };

export function sequence(items: readonly Node[]): Node {
  const only = items[0];
  return items.length === 1 && only !== undefined ? only : { type: 'seq', items };
}

export function alternation(branches: readonly Node[]): Node {
  const only = branches[0];
  return branches.length === 1 && only !== undefined ? only : { type: 'alt', branches };
}

/** The nodes directly below one. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.type) {
    case 'seq':
      return node.items;
    case 'alt':
      return node.branches;
    case 'group':
    case 'atomic':
    case 'look':
    case 'repeat':
      return [node.body];
    case 'cond':
      return node.condition.type === 'look' ? [node.condition.look, node.yes, node.no] : [node.yes, node.no];
    default:
      return [];
  }
}
