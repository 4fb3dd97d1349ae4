import { childrenOf, EMPTY, type Node, type ParsedPattern } from './ast.ts';

/** Whether a node can match without consuming a byte; says yes when in doubt. */
export function isNullable(node: Node): boolean {
  switch (node.type) {
    case 'set':
      return false;
    case 'seq':
      return node.items.every(isNullable);
    case 'alt':
      return node.branches.some(isNullable);
    case 'group':
    case 'atomic':
      return isNullable(node.body);
    case 'repeat':
      return node.min === 0 || isNullable(node.body);
    default:
      return true;
  }
}

/** Whether a node matches nowhere but at the first position. */
export function isAnchored(node: Node): boolean {
  switch (node.type) {
    case 'assert':
      return node.kind === 'subject-start' || node.kind === 'match-start';
    case 'seq':
      return node.items[0] !== undefined && isAnchored(node.items[0]);
    case 'alt':
      return node.branches.every(isAnchored);
    case 'group':
    case 'atomic':
      return isAnchored(node.body);
    default:
      return false;
  }
}

/** The numbers of all groups in a subtree. */
export function groupsIn(node: Node, found: Set<number> = new Set()): Set<number> {
  if (node.type === 'group') found.add(node.number);
  for (const child of childrenOf(node)) groupsIn(child, found);
  return found;
}

/**
 * The number of bytes a node always consumes, or -1 when that is not fixed (PCRE2 10.42 allows only such
 * branches in a lookbehind; branches of an inner group must agree).
 */
export function fixedLength(
  node: Node,
  pattern: ParsedPattern,
  open: ReadonlySet<number> = new Set(),
): number {
  const inner = (child: Node): number => fixedLength(child, pattern, open);
  switch (node.type) {
    case 'set':
      return 1;
    case 'look':
    case 'assert':
    case 'keep':
      return 0;
    case 'seq':
      return sum(node.items.map(inner));
    case 'alt':
      return node.isEscape ? -1 : agree(node.branches.map(inner));
    case 'cond':
      if (node.condition.type === 'never') return 0;
      return agree(node.no === EMPTY ? [inner(node.yes)] : [inner(node.yes), inner(node.no)]);
    case 'atomic':
    case 'group':
      return inner(node.body);
    case 'repeat': {
      // An assertion consumes nothing however often it is tested.
      if (node.body.type === 'look' && !node.body.behind) return 0;
      const length = inner(node.body);
      return node.min === node.max && length >= 0 ? length * node.min : -1;
    }
    case 'backref':
      return groupLength(node.groups, pattern, open);
    case 'call':
      return node.group === 0 ? -1 : groupLength([node.group], pattern, open);
  }
}

function groupLength(numbers: readonly number[], pattern: ParsedPattern, open: ReadonlySet<number>): number {
  const number = numbers[0] ?? 0;
  const nodes = pattern.groups.get(number) ?? [];
  const node = nodes[0];
  if (numbers.length !== 1 || nodes.length !== 1 || node === undefined || open.has(number)) return -1;
  return fixedLength(node.body, pattern, new Set(open).add(number));
}

const sum = (lengths: readonly number[]): number =>
  lengths.includes(-1) ? -1 : lengths.reduce((total, length) => total + length, 0);

const agree = (lengths: readonly number[]): number => {
  const first = lengths[0] ?? 0;
  return lengths.every((length) => length === first) ? first : -1;
};

/**
 * Whether a RegExp can give PCRE's exact answer for the tree. Where the two engines part:
 * - JavaScript forgets the groups of a loop's body at each iteration, PCRE keeps the last value;
 * - JavaScript refuses an iteration that consumes nothing, PCRE accepts it and ends the loop;
 * - a back-reference to a group that is not set matches the empty string in JavaScript and fails in PCRE;
 * - JavaScript runs lookbehinds backwards, PCRE forwards from a fixed distance;
 * - JavaScript has no calls, conditions, `\G`, `\K`, and no two groups of one number.
 * Patterns where one of these could show go to the backtracking machine instead.
 */
export function isNativelyExact(pattern: ParsedPattern): boolean {
  for (const nodes of pattern.groups.values()) if (nodes.length > 1) return false;
  return groupsAfter(pattern.root, new Set()) !== undefined;
}

type Groups = ReadonlySet<number>;

/** The groups certainly set behind the node when `before` are set ahead of it; undefined when not exact. */
function groupsAfter(node: Node, before: Groups): Groups | undefined {
  switch (node.type) {
    case 'set':
      return before;
    case 'assert':
      return node.kind === 'match-start' ? undefined : before;
    case 'seq': {
      let set: Groups | undefined = before;
      for (const item of node.items) if (set !== undefined) set = groupsAfter(item, set);
      return set;
    }
    case 'alt':
      return afterAny(node.branches, before);
    case 'group': {
      const inner = groupsAfter(node.body, before);
      return inner && new Set(inner).add(node.number);
    }
    case 'atomic':
      return groupsAfter(node.body, before);
    case 'look':
      return afterLook(node.body, node.behind, node.negative, before);
    case 'backref': {
      const first = node.groups[0];
      return first !== undefined && before.has(first) && !node.caseless ? before : undefined;
    }
    case 'repeat':
      return afterRepeat(node.body, node.min, node.max, before);
    default:
      return undefined;
  }
}

function afterAny(branches: readonly Node[], before: Groups): Groups | undefined {
  let common: Set<number> | undefined;
  for (const branch of branches) {
    const after = groupsAfter(branch, before);
    if (after === undefined) return undefined;
    common = new Set(common === undefined ? after : [...common].filter((group) => after.has(group)));
  }
  return common ?? before;
}

function afterLook(body: Node, behind: boolean, negative: boolean, before: Groups): Groups | undefined {
  if (behind && !isDirectionless(body)) return undefined;
  const after = groupsAfter(body, before);
  return negative ? after && before : after;
}

/** Whether matching backwards gives the same result: nothing captures, refers or commits. */
function isDirectionless(node: Node): boolean {
  if (['group', 'atomic', 'backref', 'look'].includes(node.type)) return false;
  return childrenOf(node).every(isDirectionless);
}

function afterRepeat(body: Node, min: number, max: number, before: Groups): Groups | undefined {
  const after = groupsAfter(body, before);
  if (after === undefined) return undefined;
  if (max > 1) {
    if (isNullable(body)) return undefined;
    for (const group of groupsIn(body)) if (!after.has(group)) return undefined;
  }
  return min > 0 ? after : before;
}
