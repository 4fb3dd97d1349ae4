import { alternation, type Condition, type CondNode, EMPTY, type LookNode, type Node } from './ast.ts';
import { NO_BYTE } from './byte-set.ts';
import { readRelative } from './escape.ts';
import type { Parser } from './parse.ts';
import { readName, readNumber, type ScopedFlags } from './scanner.ts';

interface Look {
  readonly behind: boolean;
  readonly negative: boolean;
}
const LOOKS: readonly (readonly [string, Look])[] = [
  ['?=', { behind: false, negative: false }],
  ['?!', { behind: false, negative: true }],
  ['?<=', { behind: true, negative: false }],
  ['?<!', { behind: true, negative: true }],
  ['*pla:', { behind: false, negative: false }],
  ['*positive_lookahead:', { behind: false, negative: false }],
  ['*nla:', { behind: false, negative: true }],
  ['*negative_lookahead:', { behind: false, negative: true }],
  ['*plb:', { behind: true, negative: false }],
  ['*positive_lookbehind:', { behind: true, negative: false }],
  ['*nlb:', { behind: true, negative: true }],
  ['*negative_lookbehind:', { behind: true, negative: true }],
];

/** Reads from `(` on. @returns whether a quantifier may follow what was read */
export function openGroup(parser: Parser, items: Node[]): boolean {
  const { scan } = parser;
  const start = scan.pos;
  scan.pos++;
  const look = tryLook(parser, start);
  if (look !== undefined) {
    items.push(look);
    return true;
  }
  if (scan.take('?')) return openSpecial(parser, items);
  if (scan.peek() === '*' && scan.peek(1) !== ')' && scan.peek(1) !== '') {
    scan.pos++;
    return openVerb(parser, items);
  }
  items.push(parser.flags.noAutoCapture ? parser.body() : parser.capture(undefined));
  return true;
}

/** A lookaround, if one starts here; the cursor stands behind `(`. */
function tryLook(parser: Parser, start: number): LookNode | undefined {
  for (const [text, look] of LOOKS) {
    if (!parser.scan.take(text)) continue;
    let branches: readonly Node[] = [];
    const body = parser.body(() => alternation((branches = parser.branches())));
    return { type: 'look', ...look, body, branches, offset: start };
  }
  return undefined;
}

/** pcre2pattern(3), "Backtracking control": only those that need no memory of their own are offered. */
function openVerb(parser: Parser, items: Node[]): boolean {
  const { scan } = parser;
  if (scan.take('atomic:')) {
    items.push({ type: 'atomic', body: parser.body() });
    return true;
  }
  if (scan.take('FAIL)') || scan.take('F)')) {
    items.push({ type: 'set', set: NO_BYTE });
    return false;
  }
  const name = scan.run(/[A-Za-z0-9_]*/y);
  if (scan.peek() === ':' && name === '') scan.fail('(*MARK) is not supported');
  const known =
    /^(?:ACCEPT|COMMIT|PRUNE|SKIP|THEN|MARK|UTF8?|UCP|CR|LF|CRLF|ANYCRLF|ANY|NUL|BSR_\w+|NO_\w+|NOTEMPTY\w*|LIMIT_\w+|napl[ab]|non_atomic_\w+|a?sr|(?:atomic_)?script_run)$/;
  if (known.test(name)) scan.fail(`(*${name}) is not supported`, scan.pos);
  const alpha = /^[a-z]/.test(name);
  return scan.fail(alpha ? '(*alpha_assertion) not recognized' : '(*VERB) not recognized or malformed');
}

/** Behind `(?`, with lookarounds and comments already excluded. */
function openSpecial(parser: Parser, items: Node[]): boolean {
  const { scan } = parser;
  const c = scan.peek();
  scan.pos++;
  switch (c) {
    case ':':
      items.push(parser.body());
      return true;
    case '>':
      items.push({ type: 'atomic', body: parser.body() });
      return true;
    case '|':
      items.push(parser.body(() => branchReset(parser)));
      return true;
    case '(':
      items.push(conditional(parser));
      return true;
    case '<':
      if (scan.peek() === '*') return scan.fail('(?<* (non-atomic lookbehind) is not supported');
      items.push(parser.capture(readName(scan, '>')));
      return true;
    case "'":
      items.push(parser.capture(readName(scan, "'")));
      return true;
    case 'P':
      items.push(openP(parser));
      return true;
    case '*':
      return scan.fail('(?* (non-atomic lookahead) is not supported');
    case 'C':
      return callout(parser);
  }
  scan.pos--;
  const call = tryCall(parser, c);
  if (call !== undefined) {
    items.push(call);
    return true;
  }
  return openFlags(parser, items);
}

function openP(parser: Parser): Node {
  const { scan } = parser;
  if (scan.take('<')) return parser.capture(readName(scan, '>'));
  const offset = scan.pos + 1;
  if (scan.take('=')) return parser.backref(readName(scan, ')'), offset);
  if (scan.take('>')) return parser.call(readName(scan, ')'), offset);
  return scan.fail(scan.atEnd ? 'missing closing parenthesis' : 'unrecognized character after (?P');
}

/** `(?R)`, `(?1)`, `(?+1)`, `(?-1)`, `(?&name)`. */
function tryCall(parser: Parser, c: string): Node | undefined {
  const { scan } = parser;
  const wrong = '(?R (recursive pattern call) must be followed by a closing parenthesis';
  const offset = scan.pos + 1;
  if (scan.take('&')) return parser.call(readName(scan, ')'), offset);
  if (scan.take('R')) {
    if (!scan.take(')')) scan.fail(wrong);
    return parser.call(0, offset);
  }
  if (c === '+' && !/[0-9]/.test(scan.peek(1))) scan.fail('digit expected after (?+ or (?-', scan.pos);
  const number = readRelative(scan, parser.groupCount);
  if (number === undefined) return undefined;
  if (!scan.take(')')) scan.fail(wrong);
  return parser.call(number, scan.pos - 1);
}

/** A callout is a no-op where no callout function is set, as in httpd. */
function callout(parser: Parser): boolean {
  const { scan } = parser;
  if (!/[0-9)]/.test(scan.peek())) scan.fail('(?C with a string is not supported');
  const number = readNumber(scan) ?? 0;
  if (number > 255) scan.fail('number after (?C is greater than 255');
  if (!scan.take(')')) scan.fail('closing parenthesis for (?C expected');
  return false;
}

/** Every branch numbers its groups from the same start. */
function branchReset(parser: Parser): Node {
  const first = parser.groupCount;
  let highest = first;
  const branches = parser.branches(() => {
    highest = Math.max(highest, parser.groupCount);
    parser.groupCount = first;
  });
  parser.groupCount = Math.max(highest, parser.groupCount);
  return alternation(branches);
}

const LETTER_FLAGS: Readonly<Record<string, keyof ScopedFlags>> = {
  i: 'ignoreCase',
  s: 'dotAll',
  m: 'multiline',
  U: 'ungreedy',
  n: 'noAutoCapture',
};
const ALL_OFF: ScopedFlags = {
  ignoreCase: false,
  dotAll: false,
  multiline: false,
  extended: 0,
  ungreedy: false,
  noAutoCapture: false,
};

/** `(?i)`, `(?i-s)`, `(?^x)`, `(?i:...)`. */
function openFlags(parser: Parser, items: Node[]): boolean {
  const { scan } = parser;
  const caret = scan.take('^');
  const flags: { -readonly [K in keyof ScopedFlags]: ScopedFlags[K] } = {
    ...parser.flags,
    ...(caret ? { ...ALL_OFF, ungreedy: parser.flags.ungreedy } : {}),
  };
  let on = true;
  for (;;) {
    const c = scan.peek();
    if (scan.atEnd) scan.fail('missing closing parenthesis');
    if (c === ')' || c === ':') break;
    scan.pos++;
    const key = LETTER_FLAGS[c];
    if (c === '-') {
      if (!on || caret) scan.fail('invalid hyphen in option setting', scan.pos - 1);
      on = false;
    } else if (c === 'x') {
      flags.extended = on ? (scan.take('x') ? 2 : 1) : 0;
    } else if (key !== undefined && key !== 'extended') {
      flags[key] = on;
    } else if (c !== 'J') {
      scan.fail('unrecognized character after (? or (?-', scan.pos - 1);
    }
  }
  const scoped = scan.peek() === ':';
  scan.pos++;
  if (!scoped) {
    parser.flags = flags;
    return false;
  }
  const outer = parser.flags;
  parser.flags = flags;
  items.push(parser.body());
  parser.flags = outer;
  return true;
}

/** Behind `(?(`. */
function conditional(parser: Parser): Node {
  const { scan } = parser;
  const start = scan.pos;
  return parser.body(() => {
    const condition = readCondition(parser);
    const branches = parser.branches();
    const [yes = EMPTY, no = EMPTY] = branches;
    if (condition.type === 'never' && branches.length > 1)
      scan.fail('DEFINE subpattern contains more than one branch', start);
    if (branches.length > 2) scan.fail('conditional subpattern contains more than two branches', start - 3);
    const node: CondNode = { type: 'cond', condition, yes, no };
    return node;
  });
}

function readCondition(parser: Parser): Condition {
  const { scan } = parser;
  const start = scan.pos;
  const look = tryLook(parser, start - 1);
  if (look !== undefined) return { type: 'look', look };
  if (scan.atEnd) scan.fail('missing closing parenthesis');
  if (scan.peek() === '?' || scan.peek() === '*')
    scan.fail('assertion expected after (?( or (?(?C)', start - 1);
  if (scan.take('DEFINE)')) return { type: 'never' };
  if (scan.startsWith('VERSION')) scan.fail('(?(VERSION is not supported');
  const groups: number[] = [];
  const store = (found: number[]): void => void groups.push(...found);
  const number = readRelative(scan, parser.groupCount);
  if (number !== undefined) {
    if (!scan.take(')')) scan.fail('missing closing parenthesis for condition');
    if (number === 0) scan.fail('reference to non-existent subpattern', scan.pos - 1);
    parser.resolve(number, start - 1, store);
    return { type: 'set', groups };
  }
  return readNamedCondition(parser, groups, store);
}

/** `(<name>)`, `('name')`, `(name)`, `(R)`, `(R1)`, `(R&name)`. A group called R wins over recursion. */
function readNamedCondition(parser: Parser, groups: number[], store: (found: number[]) => void): Condition {
  const { scan } = parser;
  const start = scan.pos;
  const quote = scan.take('<') ? '>' : scan.take("'") ? "'" : '';
  if (quote !== '') {
    const name = readName(scan, quote);
    if (!scan.take(')')) scan.fail('missing closing parenthesis for condition');
    parser.resolve(name, start + 1, store);
    return { type: 'set', groups };
  }
  if (scan.take('R&')) {
    parser.resolve(readName(scan, ')'), start + 2, store);
    return { type: 'recursion', groups };
  }
  const name = readName(scan, ')');
  const recursion = /^R([0-9]*)$/.exec(name)?.[1];
  if (recursion === undefined || parser.groupNames.includes(name)) {
    parser.resolve(name, start, store);
    return { type: 'set', groups };
  }
  if (recursion === '') return { type: 'recursion', groups: undefined };
  parser.resolve(Number(recursion), start, store);
  return { type: 'recursion', groups };
}
