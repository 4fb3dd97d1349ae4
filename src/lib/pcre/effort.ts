/**
 * How many steps a backtracking engine may take for a pattern: an upper bound found in the tree, not by trying. Two numbers a node: the ways in
 * which it can match and what follows it begin to match, each of which is tried when the rest fails, and the steps all of them take.
 */
import { fixedLength, isAnchored, isNullable } from './analyse.ts';
import { childrenOf, type Node, type ParsedPattern, type RepeatNode } from './ast.ts';
import { ANY_BYTE, addAll, type ByteSet, NO_BYTE } from './byte-set.ts';

/** What may be tried natively: some tenths of a second, no more than the machine takes until it gives up. */
const MOST_STEPS = 4e8;
/** With no more steps than these at this length they grow with the length alone, and not with its square: longer ones will do as well. */
const LONGEST = 2 ** 16;
/** Below it a pattern is not worth having twice. */
const SHORTEST = 32;

/** The longest subject for which the steps stay bounded: Infinity for any, 0 for none worth the distinction. */
export function longestBoundedSubject(pattern: ParsedPattern): number {
  const estimate = new Estimate(pattern);
  if (estimate.steps(LONGEST) <= MOST_STEPS) return Number.POSITIVE_INFINITY;
  for (let length = LONGEST / 2; length >= SHORTEST; length /= 2)
    if (estimate.steps(length) <= MOST_STEPS) return length;
  return 0;
}

interface Effort {
  readonly ways: number;
  readonly work: number;
}
const ONE: Effort = { ways: 1, work: 1 };
const ENDLESS: Effort = { ways: Number.POSITIVE_INFINITY, work: Number.POSITIVE_INFINITY };

class Estimate {
  readonly #pattern: ParsedPattern;
  readonly #firsts = new Map<Node, ByteSet>();
  /** What a pass costs where another one follows: the same wherever the loop stands, and kept, or loops in loops would double it each time. */
  readonly #passes = new Map<Node, Effort>();
  /** Bytes of the subject. */
  #length = 0;

  constructor(pattern: ParsedPattern) {
    this.#pattern = pattern;
  }

  steps(length: number): number {
    this.#length = length;
    this.#passes.clear();
    const { root } = this.#pattern;
    // Behind the end there is nothing left to fail.
    const { work } = this.#effort(root, NO_BYTE);
    return isAnchored(root) ? work : work * length;
  }

  /** `follow`: what the match may go on with behind the node. */
  #effort(node: Node, follow: ByteSet): Effort {
    switch (node.type) {
      case 'set':
      case 'assert':
        return ONE;
      case 'group':
        return this.#effort(node.body, follow);
      case 'atomic':
      case 'look':
        // Nobody comes back into it.
        return { ways: 1, work: this.#effort(node.body, NO_BYTE).work };
      case 'backref': {
        const length = fixedLength(node, this.#pattern);
        return { ways: 1, work: length < 0 ? this.#length : Math.max(1, length) };
      }
      case 'seq':
        return this.#sequence(node.items, follow);
      case 'alt':
        return this.#alternatives(node.branches, follow);
      case 'repeat':
        return node.body.type === 'set' ? this.#run(node.body.set, node, follow) : this.#loop(node, follow);
      default:
        return ENDLESS;
    }
  }

  #sequence(items: readonly Node[], follow: ByteSet): Effort {
    const follows: ByteSet[] = [];
    let behind = follow;
    for (let i = items.length - 1; i >= 0; i--) {
      follows[i] = behind;
      behind = this.#before(items[i] as Node, behind);
    }
    let ways = 1;
    let work = 0;
    items.forEach((item, i) => {
      const effort = this.#effort(item, follows[i] as ByteSet);
      work += ways * effort.work;
      ways *= effort.ways;
    });
    return { ways, work: Math.max(1, work) };
  }

  /** Only branches that begin alike are more ways than one. */
  #alternatives(branches: readonly Node[], follow: ByteSet): Effort {
    const shared = new Uint16Array(256);
    let ways = 1;
    let work = branches.length;
    for (const branch of branches) {
      const first = this.#before(branch, follow);
      for (let byte = 0; byte < 256; byte++)
        shared[byte] = (shared[byte] as number) + (first[byte] as number);
      const effort = this.#effort(branch, follow);
      ways = Math.max(ways, effort.ways);
      work += effort.work;
    }
    return { ways: ways * Math.max(1, ...shared), work };
  }

  #run(set: ByteSet, { min, max }: RepeatNode, follow: ByteSet): Effort {
    const most = Math.min(max, this.#length);
    return {
      ways: meets(set, follow) ? Math.max(1, most - min + 1) : 1,
      work: Math.max(1, most),
    };
  }

  #loop({ body, min, max }: RepeatNode, follow: ByteSet): Effort {
    const most = Math.min(max, this.#length);
    if (most === 0) return ONE;
    const first = this.#before(body, follow);
    const again = most > 1 ? this.#pass(body) : ONE;
    if (again.ways ** (most - 1) > MOST_STEPS) return ENDLESS;
    const last = this.#effort(body, most > 1 ? union(first, follow) : follow);
    const hasChoice = last.ways > 1 || meets(first, follow);
    const exits = hasChoice ? Math.max(1, most - min + 1) : 1;
    // Where every pass is one way only, all of them together look at each byte once.
    if (again.ways === 1 && isPlain(body)) {
      const passes = Math.min(most * last.work, this.#length + last.work);
      return { ways: exits + (last.ways > 1 ? last.ways : 0), work: Math.max(1, passes) };
    }
    const paths = again.ways ** (most - 1);
    return { ways: paths * exits * last.ways, work: paths * most * Math.max(again.work, last.work) };
  }

  #pass(body: Node): Effort {
    let effort = this.#passes.get(body);
    if (effort === undefined) {
      effort = this.#effort(body, this.#before(body, NO_BYTE));
      this.#passes.set(body, effort);
    }
    return effort;
  }

  /** What may come where the node stands, given what may come behind it. */
  #before(node: Node, follow: ByteSet): ByteSet {
    const first = this.#first(node);
    return node.type === 'assert' && node.kind === 'subject-end'
      ? NO_BYTE
      : isNullable(node)
        ? union(first, follow)
        : first;
  }

  /** What a node may begin with; any byte for one that looks far ahead without taking anything. */
  #first(node: Node): ByteSet {
    let first = this.#firsts.get(node);
    if (first === undefined) {
      first = this.#findFirst(node);
      this.#firsts.set(node, first);
    }
    return first;
  }

  #findFirst(node: Node): ByteSet {
    switch (node.type) {
      case 'set':
        return node.set;
      case 'assert':
        return NO_BYTE;
      case 'look':
        return hasRepeat(node.body) ? ANY_BYTE : NO_BYTE;
      case 'group':
      case 'atomic':
        return this.#first(node.body);
      case 'repeat':
        return node.max === 0 ? NO_BYTE : this.#first(node.body);
      case 'alt':
        return node.branches.reduce<ByteSet>((all, branch) => union(all, this.#first(branch)), NO_BYTE);
      case 'seq':
        return node.items.reduceRight<ByteSet>((behind, item) => this.#before(item, behind), NO_BYTE);
      default:
        return ANY_BYTE;
    }
  }
}

function meets(a: ByteSet, b: ByteSet): boolean {
  for (let byte = 0; byte < 256; byte++) if (a[byte] === 1 && b[byte] === 1) return true;
  return false;
}

function union(a: ByteSet, b: ByteSet): ByteSet {
  if (a === NO_BYTE || b === ANY_BYTE) return b;
  if (b === NO_BYTE || a === ANY_BYTE) return a;
  const both = a.slice();
  addAll(both, b);
  return both;
}

/** Nothing in it looks at bytes without taking them. */
function isPlain(node: Node): boolean {
  if (node.type === 'look' || node.type === 'atomic' || node.type === 'backref') return false;
  return childrenOf(node).every(isPlain);
}

function hasRepeat(node: Node): boolean {
  return node.type === 'repeat' || node.type === 'backref' || childrenOf(node).some(hasRepeat);
}
