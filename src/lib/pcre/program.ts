import { fixedLength, groupsIn, isAnchored } from './analyse.ts';
import type { CondNode, LookNode, Node, ParsedPattern, RepeatNode } from './ast.ts';
import type { ByteSet } from './byte-set.ts';

/** Instructions of the backtracking machine; operands follow in `code`. Registers are reset per attempt. */
export const Op = {
  /** set */
  Set: 0,
  /** pc tried later */
  Split: 1,
  /** pc */
  Jump: 2,
  /** register: remember the position */
  Mark: 3,
  /** group, start register: the group is set, and a call of it returns */
  Close: 4,
  /** group list, caseless */
  Backref: 5,
  /** assertion kind */
  Assert: 6,
  /** height register, position register */
  Enter: 7,
  /** height register: drop the choices made since */
  Commit: 8,
  /** height register, position register: Commit, and back to the position */
  CommitBack: 9,
  /** height register, pc: undo all since and go on there at the position of Enter (register + 1); pc -1 fails */
  Undo: 10,
  /** bytes to step back */
  Back: 11,
  /** set, min, max (-1 open), lazy: a loop over single bytes */
  Run: 12,
  /** counter register */
  LoopInit: 13,
  /** counter register, min, max (-1 open), lazy, exit pc; the body follows */
  Loop: 14,
  /** group list, pc if none is set */
  IfSet: 15,
  /** group list or -1, pc if not in such a call */
  IfCalled: 16,
  /** pc, group */
  Call: 17,
  Keep: 18,
  Match: 19,
} as const;

const AssertCode = {
  'subject-start': 0,
  'subject-end': 1,
  'end-or-final-newline': 2,
  'line-start': 3,
  'line-end': 4,
  'word-boundary': 5,
  'not-word-boundary': 6,
  'match-start': 7,
} as const;

export interface Program {
  readonly code: readonly number[];
  readonly sets: readonly ByteSet[];
  readonly lists: readonly (readonly number[])[];
  readonly groupCount: number;
  readonly registerCount: number;
  /** Only the first position can match. */
  readonly anchored: boolean;
}

export function compileProgram(pattern: ParsedPattern): Program {
  return new Compiler(pattern).compile();
}

class Compiler {
  readonly #pattern: ParsedPattern;
  readonly #code: number[] = [];
  readonly #sets: ByteSet[] = [];
  readonly #lists: (readonly number[])[] = [];
  readonly #groupStart: number[] = [0];
  readonly #calls: [at: number, group: number][] = [];
  /** Group n lives in registers 2n and 2n+1. */
  #registers: number;

  constructor(pattern: ParsedPattern) {
    this.#pattern = pattern;
    this.#registers = 2 * (pattern.groupCount + 1);
  }

  compile(): Program {
    this.#node(this.#pattern.root);
    this.#emit(Op.Match);
    for (const [at, group] of this.#calls) this.#code[at] = this.#groupStart[group] ?? 0;
    return {
      code: this.#code,
      sets: this.#sets,
      lists: this.#lists,
      groupCount: this.#pattern.groupCount,
      registerCount: this.#registers,
      anchored: isAnchored(this.#pattern.root),
    };
  }

  /** Appends an instruction. @returns the index of its last operand, for patching */
  #emit(...words: number[]): number {
    this.#code.push(...words);
    return this.#code.length - 1;
  }

  #patch(at: number): void {
    this.#code[at] = this.#code.length;
  }

  #register(count = 1): number {
    const first = this.#registers;
    this.#registers += count;
    return first;
  }

  #set(set: ByteSet): number {
    const known = this.#sets.indexOf(set);
    return known >= 0 ? known : this.#sets.push(set) - 1;
  }

  #list(groups: readonly number[]): number {
    return this.#lists.push(groups) - 1;
  }

  #node(node: Node): void {
    switch (node.type) {
      case 'set':
        this.#emit(Op.Set, this.#set(node.set));
        return;
      case 'seq':
        for (const item of node.items) this.#node(item);
        return;
      case 'alt':
        this.#alternatives(node.branches, (branch) => this.#node(branch));
        return;
      case 'group': {
        this.#groupStart[node.number] ??= this.#code.length;
        const start = this.#register();
        this.#emit(Op.Mark, start);
        this.#node(node.body);
        this.#emit(Op.Close, node.number, start);
        return;
      }
      case 'atomic': {
        const height = this.#register(2);
        this.#emit(Op.Enter, height, height + 1);
        this.#node(node.body);
        this.#emit(Op.Commit, height);
        return;
      }
      case 'look':
        this.#look(node);
        return;
      case 'assert':
        this.#emit(Op.Assert, AssertCode[node.kind]);
        return;
      case 'backref':
        this.#emit(Op.Backref, this.#list(node.groups), node.caseless ? 1 : 0);
        return;
      case 'repeat':
        this.#repeat(node);
        return;
      case 'cond':
        this.#cond(node);
        return;
      case 'call':
        this.#emit(Op.Call, 0, node.group);
        this.#calls.push([this.#code.length - 2, node.group]);
        return;
      case 'keep':
        this.#emit(Op.Keep);
    }
  }

  #alternatives<T>(branches: readonly T[], compile: (branch: T) => void): void {
    const exits: number[] = [];
    branches.forEach((branch, index) => {
      const last = index === branches.length - 1;
      const split = last ? -1 : this.#emit(Op.Split, 0);
      compile(branch);
      if (!last) {
        exits.push(this.#emit(Op.Jump, 0));
        this.#patch(split);
      }
    });
    for (const exit of exits) this.#patch(exit);
  }

  #lookBody(node: LookNode): void {
    if (!node.behind) {
      this.#node(node.body);
      return;
    }
    this.#alternatives(node.branches, (branch) => {
      this.#emit(Op.Back, fixedLength(branch, this.#pattern));
      this.#node(branch);
    });
  }

  #look(node: LookNode): void {
    const height = this.#register(2);
    this.#emit(Op.Enter, height, height + 1);
    if (!node.negative) {
      this.#lookBody(node);
      this.#emit(Op.CommitBack, height, height + 1);
      return;
    }
    const otherwise = this.#emit(Op.Split, 0);
    this.#lookBody(node);
    this.#emit(Op.Undo, height, -1);
    this.#patch(otherwise);
  }

  #repeat({ body, min, max, lazy }: RepeatNode): void {
    const limit = max === Number.POSITIVE_INFINITY ? -1 : max;
    if (body.type === 'set') {
      this.#emit(Op.Run, this.#set(body.set), min, limit, lazy ? 1 : 0);
      return;
    }
    if (max === 0) {
      // Never entered, but its groups may be called.
      if (groupsIn(body).size === 0) return;
      const over = this.#emit(Op.Jump, 0);
      this.#node(body);
      this.#patch(over);
      return;
    }
    const counter = this.#register(2);
    this.#emit(Op.LoopInit, counter);
    const loop = this.#code.length;
    const exit = this.#emit(Op.Loop, counter, min, limit, lazy ? 1 : 0, 0);
    this.#node(body);
    this.#emit(Op.Jump, loop);
    this.#patch(exit);
  }

  #cond({ condition, yes, no }: CondNode): void {
    if (condition.type === 'never') {
      const over = this.#emit(Op.Jump, 0);
      this.#node(yes);
      this.#patch(over);
      return;
    }
    if (condition.type === 'look') {
      this.#condLook(condition.look, yes, no);
      return;
    }
    const list = condition.groups === undefined ? -1 : this.#list(condition.groups);
    const otherwise = this.#emit(condition.type === 'set' ? Op.IfSet : Op.IfCalled, list, 0);
    this.#node(yes);
    const end = this.#emit(Op.Jump, 0);
    this.#patch(otherwise);
    this.#node(no);
    this.#patch(end);
  }

  #condLook(look: LookNode, yes: Node, no: Node): void {
    const height = this.#register(2);
    this.#emit(Op.Enter, height, height + 1);
    const failed = this.#emit(Op.Split, 0);
    this.#lookBody(look);
    // A negative assertion that matched undoes itself; a positive one keeps its groups.
    const held = look.negative
      ? this.#emit(Op.Undo, height, 0)
      : this.#emit(Op.CommitBack, height, height + 1);
    const [first, second] = look.negative ? [no, yes] : [yes, no];
    if (look.negative) this.#patch(held);
    this.#node(first);
    const end = this.#emit(Op.Jump, 0);
    this.#patch(failed);
    this.#node(second);
    this.#patch(end);
  }
}
