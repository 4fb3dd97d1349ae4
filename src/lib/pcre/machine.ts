import { WORD } from './byte-set.ts';
import { Op, type Program } from './program.ts';

/** PCRE2's default match limit: past so many backtracks the match is given up, which httpd takes for "no match". */
const MATCH_LIMIT = 10_000_000;
/** Instructions, and each eight bytes looked at in a row: PCRE2 counts no steps that go forward, and could take minutes. */
const WORK_LIMIT = 100_000_000;
/** Most words on the backtrack stack (32 MB); PCRE2 bounds its heap as well. */
const STACK_LIMIT = 4_000_000;

const CALL_DEPTH_LIMIT = 10_000;

/** A subroutine call under way. */
interface Frame {
  readonly group: number;
  readonly returnTo: number;
  readonly position: number;
  readonly registers: Int32Array;
  readonly parent: Frame | null;
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte);
const isWordAt = (subject: string, at: number): boolean => WORD[subject.charCodeAt(at)] === 1;

/**
 * A backtracking matcher with PCRE's own rules, for patterns a RegExp cannot answer exactly.
 * The stack holds entries of three words: a choice (pc, position, bound: the lowest position a
 * run may give back to, -2 - the highest a lazy run may take, or -1) or, with a negative
 * first word, an undo of one register (-1 - register, old value, 0). No recursion: depth costs only stack words.
 */
export class Machine {
  readonly #program: Program;
  readonly #registers: Int32Array;
  #stack: number[] = [];
  /** The call a choice was made in, by stack index / 3; holds nothing where no call is under way. */
  #frames: (Frame | null)[] = [];
  #height = 0;
  #frame: Frame | null = null;
  #pc = 0;
  #pos = 0;
  #from = 0;
  #steps = 0;
  #work = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#registers = new Int32Array(program.registerCount);
  }

  /** @returns start and end of every group, -1 where unset; or null. The array is the caller's. */
  exec(subject: string, from: number): Int32Array | null {
    this.#from = from;
    this.#steps = 0;
    this.#work = 0;
    const last = this.#program.anchored ? from : subject.length;
    for (let start = from; start <= last; start++) {
      const outcome = this.#attempt(subject, start);
      if (outcome === 1) return this.#registers.slice(0, 2 * (this.#program.groupCount + 1));
      if (outcome < 0) break;
    }
    if (this.#stack.length > 65536) this.#stack = [];
    return null;
  }

  /** @returns 1 match, 0 none here, -1 given up */
  #attempt(subject: string, start: number): number {
    const registers = this.#registers;
    registers.fill(-1);
    registers[0] = start;
    this.#height = 0;
    this.#frame = null;
    this.#frames.length = 0;
    this.#pc = 0;
    this.#pos = start;
    for (;;) {
      const outcome = this.#step(subject);
      this.#work++;
      if (outcome > 0) return 1;
      if (outcome === 0) continue;
      if (outcome < -1 || ++this.#steps > MATCH_LIMIT) return -1;
      if (this.#work > WORK_LIMIT || this.#height > STACK_LIMIT) return -1;
      if (!this.#backtrack()) return 0;
    }
  }

  /** Runs one instruction. @returns 0 go on, 1 matched, -1 failed, -2 give up */
  #step(subject: string): number {
    const { code } = this.#program;
    const pc = this.#pc;
    const a = code[pc + 1] as number;
    const b = code[pc + 2] as number;
    switch (code[pc]) {
      case Op.Set: {
        const set = this.#program.sets[a] as Uint8Array;
        // charCodeAt gives NaN past the end, which no set holds.
        if (set[subject.charCodeAt(this.#pos)] !== 1) return -1;
        this.#pos++;
        this.#pc = pc + 2;
        return 0;
      }
      case Op.Split:
        this.#choice(a, this.#pos, -1);
        this.#pc = pc + 2;
        return 0;
      case Op.Jump:
        this.#pc = a;
        return 0;
      case Op.Mark:
        this.#store(a, this.#pos);
        this.#pc = pc + 2;
        return 0;
      case Op.Close:
        return this.#close(a, b);
      case Op.Backref:
        return this.#backref(subject, a, b === 1);
      case Op.Assert:
        this.#pc = pc + 2;
        return this.#holds(subject, a) ? 0 : -1;
      case Op.Run:
        return this.#run(subject, a, b, code[pc + 3] as number, code[pc + 4] === 1);
      case Op.LoopInit:
        this.#store(a, 0);
        this.#store(a + 1, -1);
        this.#pc = pc + 2;
        return 0;
      case Op.Loop:
        return this.#loop(a, b, code[pc + 3] as number, code[pc + 4] === 1, code[pc + 5] as number);
      case Op.Match:
        if (this.#frame?.group === 0) return this.#return(this.#frame);
        this.#registers[1] = this.#pos;
        return 1;
      default:
        return this.#control(pc, a, b);
    }
  }

  /** Instructions of assertions, conditions and calls. */
  #control(pc: number, a: number, b: number): number {
    const { code, lists } = this.#program;
    const registers = this.#registers;
    this.#pc = pc + 3;
    switch (code[pc]) {
      case Op.Enter:
        this.#store(a, this.#height);
        this.#store(b, this.#pos);
        return 0;
      case Op.Commit:
        this.#pc = pc + 2;
        this.#commit(registers[a] as number);
        return 0;
      case Op.CommitBack:
        this.#commit(registers[a] as number);
        this.#pos = registers[b] as number;
        return 0;
      case Op.Undo: {
        const height = registers[a] as number;
        this.#pos = registers[a + 1] as number;
        this.#unwind(height);
        this.#pc = b;
        return b < 0 ? -1 : 0;
      }
      case Op.Back:
        this.#pc = pc + 2;
        this.#pos -= a;
        return this.#pos < 0 ? -1 : 0;
      case Op.IfSet:
        if (!(lists[a] as readonly number[]).some((group) => (registers[2 * group + 1] as number) >= 0))
          this.#pc = b;
        return 0;
      case Op.IfCalled: {
        const group = this.#frame?.group ?? -1;
        const called = a < 0 ? group >= 0 : (lists[a] as readonly number[]).includes(group);
        if (!called) this.#pc = b;
        return 0;
      }
      case Op.Call:
        return this.#call(a, b);
      default: {
        // Op.Keep
        this.#pc = pc + 1;
        this.#store(0, this.#pos);
        return 0;
      }
    }
  }

  #push(first: number, second: number, third: number): void {
    const at = this.#height;
    const stack = this.#stack;
    stack[at] = first;
    stack[at + 1] = second;
    stack[at + 2] = third;
    this.#height = at + 3;
  }

  #choice(pc: number, pos: number, bound: number): void {
    const index = this.#height / 3;
    if (this.#frame !== null || index < this.#frames.length) {
      while (this.#frames.length < index) this.#frames.push(null);
      this.#frames[index] = this.#frame;
    }
    this.#push(pc, pos, bound);
  }

  #store(register: number, value: number): void {
    const old = this.#registers[register] as number;
    if (old === value) return;
    this.#push(-1 - register, old, 0);
    this.#registers[register] = value;
  }

  /** Goes back to the last choice. @returns false when none is left */
  #backtrack(): boolean {
    const stack = this.#stack;
    while (this.#height > 0) {
      const at = (this.#height -= 3);
      const first = stack[at] as number;
      if (first < 0) {
        this.#registers[-1 - first] = stack[at + 1] as number;
        continue;
      }
      const pos = stack[at + 1] as number;
      this.#frame = this.#frames[at / 3] ?? null;
      this.#pc = first;
      this.#pos = pos;
      const bound = stack[at + 2] as number;
      // A run gives back (or, lazy, takes) one byte at a time, from the same entry.
      if (bound >= 0 ? pos > bound : pos < -2 - bound) {
        stack[at + 1] = bound >= 0 ? pos - 1 : pos + 1;
        this.#height = at + 3;
      }
      return true;
    }
    return false;
  }

  /** Drops the choices above a height but keeps what undoes registers, should an earlier choice be taken. */
  #commit(height: number): void {
    const stack = this.#stack;
    let to = height;
    for (let at = height; at < this.#height; at += 3) {
      if ((stack[at] as number) >= 0) continue;
      stack[to] = stack[at] as number;
      stack[to + 1] = stack[at + 1] as number;
      stack[to + 2] = 0;
      to += 3;
    }
    this.#height = to;
  }

  #unwind(height: number): void {
    const stack = this.#stack;
    while (this.#height > height) {
      const at = (this.#height -= 3);
      const first = stack[at] as number;
      if (first < 0) this.#registers[-1 - first] = stack[at + 1] as number;
    }
  }

  #close(group: number, start: number): number {
    this.#pc += 3;
    const frame = this.#frame;
    if (frame !== null && frame.group === group) return this.#return(frame);
    this.#store(2 * group, this.#registers[start] as number);
    this.#store(2 * group + 1, this.#pos);
    return 0;
  }

  /** PCRE2 10.30 and later: a call may be backtracked into, and groups set in it revert when it returns. */
  #call(pc: number, group: number): number {
    const position = this.#pos;
    let depth = 0;
    for (let frame = this.#frame; frame !== null; frame = frame.parent) {
      // PCRE2_ERROR_RECURSELOOP ends the whole match.
      if (frame.group === group && frame.position === position) return -2;
      if (++depth > CALL_DEPTH_LIMIT) return -2;
    }
    this.#work += depth;
    const registers = this.#registers.slice();
    this.#frame = { group, returnTo: this.#pc, position, registers, parent: this.#frame };
    this.#pc = pc;
    return 0;
  }

  #return(frame: Frame): number {
    const saved = frame.registers;
    for (let register = 1; register < saved.length; register++)
      this.#store(register, saved[register] as number);
    this.#pc = frame.returnTo;
    this.#frame = frame.parent;
    return 0;
  }

  #run(subject: string, setIndex: number, min: number, max: number, lazy: boolean): number {
    const set = this.#program.sets[setIndex] as Uint8Array;
    const start = this.#pos;
    const most = max < 0 ? subject.length : Math.min(subject.length, start + max);
    if (lazy) return this.#lazyRun(subject, set, min, most);
    let end = start;
    while (end < most && set[subject.charCodeAt(end)] === 1) end++;
    this.#work += (end - start) >> 3;
    if (end - start < min) return -1;
    this.#pc += 5;
    if (end > start + min) this.#choice(this.#pc, end - 1, start + min);
    this.#pos = end;
    return 0;
  }

  /** Takes the least; the choice it leaves takes one byte more each time. */
  #lazyRun(subject: string, set: Uint8Array, min: number, most: number): number {
    const start = this.#pos;
    let end = start;
    while (end < start + min) {
      if (end >= most || set[subject.charCodeAt(end)] !== 1) return -1;
      end++;
    }
    let longest = end;
    while (longest < most && set[subject.charCodeAt(longest)] === 1) longest++;
    this.#work += (longest - start) >> 3;
    this.#pc += 5;
    if (longest > end) this.#choice(this.#pc, end + 1, -2 - longest);
    this.#pos = end;
    return 0;
  }

  #loop(counter: number, min: number, max: number, lazy: boolean, exit: number): number {
    const count = this.#registers[counter] as number;
    const body = this.#pc + 6;
    const idle = max < 0 && count >= Math.max(min, 1) && this.#registers[counter + 1] === this.#pos;
    if (idle || (max >= 0 && count >= max)) {
      this.#pc = exit;
      return 0;
    }
    if (count >= min && lazy) {
      // The body is entered from the choice, with the counter of that iteration.
      const back = this.#pos;
      this.#enterLoop(counter, count);
      this.#choice(body, back, -1);
      this.#pc = exit;
      return 0;
    }
    if (count >= min) this.#choice(exit, this.#pos, -1);
    this.#enterLoop(counter, count);
    this.#pc = body;
    return 0;
  }

  #enterLoop(counter: number, count: number): void {
    this.#store(counter, count + 1);
    this.#store(counter + 1, this.#pos);
  }

  #backref(subject: string, list: number, caseless: boolean): number {
    this.#pc += 3;
    const registers = this.#registers;
    for (const group of this.#program.lists[list] as readonly number[]) {
      const end = registers[2 * group + 1] as number;
      if (end < 0) continue;
      const start = registers[2 * group] as number;
      const pos = this.#pos;
      if (pos + end - start > subject.length) return -1;
      this.#work += (end - start) >> 3;
      for (let i = 0; i < end - start; i++) {
        const was = subject.charCodeAt(start + i);
        const is = subject.charCodeAt(pos + i);
        if (was !== is && !(caseless && lower(was) === lower(is))) return -1;
      }
      this.#pos = pos + end - start;
      return 0;
    }
    return -1;
  }

  #holds(subject: string, kind: number): boolean {
    const pos = this.#pos;
    const end = subject.length;
    switch (kind) {
      case 0:
        return pos === 0;
      case 1:
        return pos === end;
      case 2:
        return pos === end || (pos === end - 1 && subject.charCodeAt(pos) === 10);
      case 3:
        return pos === 0 || (pos < end && subject.charCodeAt(pos - 1) === 10);
      case 4:
        return pos === end || subject.charCodeAt(pos) === 10;
      case 5:
      case 6:
        return (isWordAt(subject, pos - 1) !== isWordAt(subject, pos)) === (kind === 5);
      default:
        return pos === this.#from;
    }
  }
}
