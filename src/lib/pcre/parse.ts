import { fixedLength } from './analyse.ts';
import {
  type AssertKind,
  alternation,
  type BackrefNode,
  type CallNode,
  childrenOf,
  EMPTY,
  type GroupNode,
  type Node,
  type ParsedPattern,
  sequence,
} from './ast.ts';
import { ANY_BYTE, type ByteSet, foldCase, LINE_BREAK, NOT_NEWLINE, single, WORD } from './byte-set.ts';
import { posixEnd, readClass } from './char-class.ts';
import { type GroupRef, readEscape } from './escape.ts';
import { openGroup } from './group.ts';
import { Scanner, type ScopedFlags } from './scanner.ts';

const ASSERTS: Readonly<Record<string, AssertKind>> = {
  A: 'subject-start',
  z: 'subject-end',
  Z: 'end-or-final-newline',
  b: 'word-boundary',
  B: 'not-word-boundary',
  G: 'match-start',
};
const SPACE = /[\t-\r ]/;
const QUANTIFIER = /\{([0-9]+)(,([0-9]*))?\}/y;
const MAX_NESTING = 250;

const NEWLINE_PAIR: Node = sequence([
  { type: 'set', set: single(13) },
  { type: 'set', set: single(10) },
]);
/** `\R` (all Unicode newlines, the library's default) and `\X` take CR LF as one and never let go of it. */
const pairOr = (rest: ByteSet): Node => ({
  type: 'alt',
  isEscape: true,
  branches: [
    NEWLINE_PAIR,
    sequence([
      {
        type: 'look',
        behind: false,
        negative: true,
        body: NEWLINE_PAIR,
        branches: [NEWLINE_PAIR],
        offset: 0,
      },
      { type: 'set', set: rest },
    ]),
  ],
});

/** Options from outside; see PcreFlags. */
export interface ParseFlags extends ScopedFlags {
  readonly dollarEndOnly: boolean;
}

/** Parses PCRE2 syntax over bytes. @throws PcreError */
export function parsePattern(source: string, flags: ParseFlags): ParsedPattern {
  return new Parser(source, flags).parse();
}

/** One pass over the pattern; `group.ts` reads what stands between `(` and the body. */
export class Parser {
  readonly scan: Scanner;
  flags: ScopedFlags;
  groupCount = 0;
  readonly groupNames: (string | undefined)[] = [];
  readonly #dollarEndOnly: boolean;
  readonly #groups = new Map<number, GroupNode[]>();
  readonly #pending: (() => void)[] = [];
  #depth = 0;

  constructor(source: string, flags: ParseFlags) {
    this.scan = new Scanner(source);
    this.flags = flags;
    this.#dollarEndOnly = flags.dollarEndOnly;
  }

  parse(): ParsedPattern {
    const root = this.alternatives();
    if (!this.scan.atEnd) this.scan.fail('unmatched closing parenthesis');
    for (const check of this.#pending) check();
    const pattern = { root, groupCount: this.groupCount, groupNames: this.groupNames, groups: this.#groups };
    this.#checkLooks(root, pattern, false, new Set());
    return pattern;
  }

  #checkLooks(node: Node, pattern: ParsedPattern, inLook: boolean, open: ReadonlySet<number>): void {
    if (node.type === 'keep' && inLook)
      this.scan.fail(
        '\\K is not allowed in lookarounds (but see PCRE2_EXTRA_ALLOW_LOOKAROUND_BSK)',
        this.scan.source.length,
      );
    if (node.type === 'look' && node.behind) {
      const lengths = node.branches.map((branch) => fixedLength(branch, pattern, open));
      if (lengths.includes(-1)) this.scan.fail('lookbehind assertion is not fixed length', node.offset);
      if (Math.max(...lengths) > 65535) this.scan.fail('lookbehind assertion is too long', node.offset);
    }
    const within = node.type === 'group' ? new Set(open).add(node.number) : open;
    for (const child of childrenOf(node))
      this.#checkLooks(child, pattern, inLook || node.type === 'look', within);
  }

  /** Branches up to `)` or the end; the `)` is left. Flags set inside last until then. */
  branches(onBranch?: () => void): Node[] {
    const outer = this.flags;
    const branches = [this.#branch()];
    while (this.scan.take('|')) {
      onBranch?.();
      branches.push(this.#branch());
    }
    this.flags = outer;
    return branches;
  }

  alternatives(): Node {
    return alternation(this.branches());
  }

  /** The body of a group whose opening was read, with its closing parenthesis. */
  body(read: () => Node = () => this.alternatives()): Node {
    if (++this.#depth > MAX_NESTING) this.scan.fail('parentheses are too deeply nested');
    const node = read();
    if (!this.scan.take(')')) this.scan.fail('missing closing parenthesis');
    this.#depth--;
    return node;
  }

  capture(name: string | undefined): Node {
    const number = ++this.groupCount;
    if (name !== undefined) {
      const known = this.groupNames[number];
      if (known !== undefined && known !== name)
        this.scan.fail('different names for subpatterns of the same number are not allowed');
      this.groupNames[number] = name;
    }
    const node: GroupNode = { type: 'group', number, body: this.body() };
    const same = this.#groups.get(number);
    if (same) same.push(node);
    else this.#groups.set(number, [node]);
    return node;
  }

  /** Fills in `store` once all groups are known. */
  resolve(ref: GroupRef, offset: number, store: (groups: number[]) => void): void {
    this.#pending.push(() => {
      const groups: number[] = [];
      if (typeof ref === 'number') {
        if (ref <= this.groupCount) groups.push(ref);
      } else {
        this.groupNames.forEach((name, number) => {
          if (name === ref) groups.push(number);
        });
      }
      if (groups.length === 0) this.scan.fail('reference to non-existent subpattern', offset);
      store(groups);
    });
  }

  backref(ref: GroupRef, offset: number): Node {
    const groups: number[] = [];
    const node: BackrefNode = { type: 'backref', groups, caseless: this.flags.ignoreCase };
    this.resolve(ref, offset, (found) => groups.push(...found));
    return node;
  }

  call(ref: GroupRef, offset: number): Node {
    const node: { -readonly [K in keyof CallNode]: CallNode[K] } = { type: 'call', group: 0 };
    if (ref !== 0) this.resolve(ref, offset, (found) => (node.group = found[0] ?? 0));
    return node;
  }

  #branch(): Node {
    const { scan } = this;
    const items: Node[] = [];
    let quantifiable = false;
    for (;;) {
      this.#skipIgnored();
      if (scan.atEnd || scan.peek() === ')' || scan.peek() === '|') break;
      const quantifier = this.#quantifier();
      if (quantifier !== undefined) {
        const body = quantifiable ? items.pop() : undefined;
        if (body === undefined)
          return scan.fail('quantifier does not follow a repeatable item', quantifier.offset);
        items.push(quantifier.wrap(body));
        quantifiable = false;
        continue;
      }
      const before = items.length;
      quantifiable = this.#item(items) && items.length > before;
    }
    return sequence(items);
  }

  /** Comments, and in extended mode white space and `#` to the line end. Neither separates an item from its quantifier. */
  #skipIgnored(): void {
    const { scan } = this;
    for (;;) {
      if (scan.startsWith('(?#')) {
        const end = scan.source.indexOf(')', scan.pos);
        if (end < 0) scan.fail('missing ) after (?# comment', scan.source.length);
        scan.pos = end + 1;
      } else if (this.flags.extended && SPACE.test(scan.peek())) {
        scan.pos++;
      } else if (this.flags.extended && scan.peek() === '#') {
        const end = scan.source.indexOf('\n', scan.pos);
        scan.pos = end < 0 ? scan.source.length : end + 1;
      } else if (scan.startsWith('\\Q\\E')) {
        scan.pos += 4;
      } else if (scan.startsWith('\\E')) {
        scan.pos += 2;
      } else return;
    }
  }

  #quantifier(): { offset: number; wrap: (body: Node) => Node } | undefined {
    const { scan } = this;
    const range = this.#quantifierRange();
    if (range === undefined) return undefined;
    const [min, max] = range;
    const offset = scan.pos - 1;
    this.#skipIgnored();
    const possessive = scan.take('+');
    const lazy = possessive ? false : scan.take('?') !== this.flags.ungreedy;
    return {
      offset,
      wrap: (body) => {
        // pcre2pattern(3): an assertion is tested once however often it is repeated.
        const once = body.type === 'look' && max > 1;
        const node: Node = {
          type: 'repeat',
          min: once ? Math.min(min, 1) : min,
          max: once ? 1 : max,
          lazy,
          body,
        };
        return possessive ? { type: 'atomic', body: node } : node;
      },
    };
  }

  #quantifierRange(): [number, number] | undefined {
    const { scan } = this;
    const c = scan.peek();
    if (c === '*' || c === '+' || c === '?') {
      scan.pos++;
      return [c === '+' ? 1 : 0, c === '?' ? 1 : Number.POSITIVE_INFINITY];
    }
    if (c !== '{') return undefined;
    QUANTIFIER.lastIndex = scan.pos;
    const found = QUANTIFIER.exec(scan.source);
    if (found === null) return undefined;
    const [all, low = '', comma, high = ''] = found;
    if (Number(low) > 65535) scan.fail('number too big in {} quantifier', scan.pos + 1 + bigDigits(low));
    if (Number(high) > 65535)
      scan.fail('number too big in {} quantifier', scan.pos + 2 + low.length + bigDigits(high));
    const min = Number(low);
    const max = comma === undefined ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high);
    if (max < min) scan.fail('numbers out of order in {} quantifier', scan.pos + all.length - 1);
    scan.pos += all.length;
    return [min, max];
  }

  /** Reads one item. @returns whether a quantifier may follow */
  #item(items: Node[]): boolean {
    const { scan } = this;
    const c = scan.peek();
    switch (c) {
      case '\\':
        scan.pos++;
        return this.#escape(items);
      case '[':
        return this.#class(items);
      case '(':
        return openGroup(this, items);
      case '^':
        scan.pos++;
        items.push({ type: 'assert', kind: this.flags.multiline ? 'line-start' : 'subject-start' });
        return false;
      case '$':
        scan.pos++;
        items.push({ type: 'assert', kind: this.#dollar() });
        return false;
      case '.':
        scan.pos++;
        items.push({ type: 'set', set: this.flags.dotAll ? ANY_BYTE : NOT_NEWLINE });
        return true;
    }
    scan.pos++;
    this.#literal(items, c.charCodeAt(0));
    return true;
  }

  #dollar(): AssertKind {
    if (this.flags.multiline) return 'line-end';
    return this.#dollarEndOnly ? 'subject-end' : 'end-or-final-newline';
  }

  #literal(items: Node[], byte: number): void {
    const set = single(byte);
    items.push({ type: 'set', set: this.flags.ignoreCase ? foldCase(set) : set });
  }

  #class(items: Node[]): boolean {
    const { scan } = this;
    if (scan.startsWith('[[:<:]]') || scan.startsWith('[[:>:]]')) {
      // pcre2pattern(3): word start and word end, written this way in older systems.
      const word: Node = { type: 'set', set: WORD };
      const behind = scan.peek(3) === '>';
      scan.pos += 7;
      items.push({ type: 'assert', kind: 'word-boundary' });
      items.push({
        type: 'look',
        behind,
        negative: false,
        body: word,
        branches: [word],
        offset: scan.pos,
      });
      return true;
    }
    if (posixEnd(scan) >= 0)
      scan.fail(
        scan.peek(1) === ':'
          ? 'POSIX named classes are supported only within a class'
          : 'POSIX collating elements are not supported',
      );
    scan.pos++;
    items.push({ type: 'set', set: readClass(scan, this.flags) });
    return true;
  }

  #escape(items: Node[]): boolean {
    const { scan } = this;
    if (scan.take('Q')) return this.#quoted(items);
    const read = readEscape(scan, false, this.groupCount);
    switch (read.type) {
      case 'byte':
        this.#literal(items, read.byte);
        return true;
      case 'set':
        items.push({ type: 'set', set: read.set });
        return true;
      case 'backref':
        items.push(this.backref(read.ref, read.offset));
        return true;
      case 'call':
        items.push(this.call(read.ref, read.offset));
        return true;
    }
    const kind = ASSERTS[read.letter];
    if (kind !== undefined) {
      items.push({ type: 'assert', kind });
      return false;
    }
    items.push(letterNode(read.letter));
    return read.letter !== 'K';
  }

  #quoted(items: Node[]): boolean {
    const { scan } = this;
    const end = scan.source.indexOf('\\E', scan.pos);
    const text = scan.source.slice(scan.pos, end < 0 ? undefined : end);
    for (let i = 0; i < text.length; i++) this.#literal(items, text.charCodeAt(i));
    scan.pos = end < 0 ? scan.source.length : end + 2;
    return text !== '';
  }
}

function letterNode(letter: string): Node {
  switch (letter) {
    case 'K':
      return { type: 'keep' };
    case 'R':
      return pairOr(LINE_BREAK);
    case 'X':
      return pairOr(ANY_BYTE);
    case 'C':
      return { type: 'set', set: ANY_BYTE };
    case 'N':
      return { type: 'set', set: NOT_NEWLINE };
    default:
      return EMPTY;
  }
}

/** How many digits PCRE2 reads before it sees that a number is over 65535. */
function bigDigits(digits: string): number {
  let length = 1;
  while (Number(digits.slice(0, length)) <= 65535) length++;
  return length;
}
