/**
 * The conditions of httpd 2.2 (SSILegacyExprParser; get_ptoken and parse_expr of mod_include.c). `&&` and `||` bind alike and to the right;
 * a comparison stands at the start of a condition only; words side by side are one. Pure, but for what it asks of its surroundings.
 */
import { compilePcre, type Pcre, type PcreDefaults, PcreError } from '../../../lib/pcre/index.ts';

/** An expression that cannot be read or evaluated: its log line. `%s` in httpd's text stand for expression and file. */
export interface LegacyFailure {
  readonly tag: string;
  readonly message: (expression: string, file: string) => string;
}

export interface LegacyContext {
  /** What patterns are compiled with; httpd's own when left out. */
  readonly pcreDefaults?: PcreDefaults;
  expand(text: string): string;
  canAccess(uri: string): boolean | Promise<boolean>;
  onMatch(
    subject: string,
    pattern: string,
    groups: readonly (string | undefined)[] | undefined,
    count: number,
  ): void;
  onBadPattern(pattern: string): void;
}

export type LegacyResult = boolean | LegacyFailure;

const invalid = (tag: string): LegacyFailure => ({
  tag,
  message: (expression, file) => `Invalid expression "${expression}" in file ${file}`,
});
const UNREADABLE = invalid('AH03188');
const UNMATCHED_CLOSE: LegacyFailure = {
  tag: 'AH03189',
  message: (expression, file) => `Unmatched ')' in "${expression}" in file ${file}`,
};
const UNMATCHED_OPEN: LegacyFailure = {
  tag: 'AH03191',
  message: (expression, file) => `Unmatched '(' in "${expression}" in file ${file}`,
};
const NO_URI: LegacyFailure = {
  tag: 'AH01335',
  message: (expression, file) =>
    `Invalid expression "${expression}" in file ${file}: Token '-A' must be followed by a URI string.`,
};

type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';
type Token =
  | { readonly kind: 'word' | 'regex'; readonly text: string }
  | { readonly kind: '(' | ')' | '!' | '&&' | '||' | '-A' }
  | { readonly kind: 'compare'; readonly operator: Comparison };

interface Node {
  kind: 'word' | 'regex' | '(' | 'group' | '!' | '-A' | '&&' | '||' | 'compare';
  text: string;
  operator: Comparison;
  left: Node | undefined;
  right: Node | undefined;
  parent: Node | undefined;
}

const isSpace = (c: string | undefined): boolean => c === ' ' || (c !== undefined && c >= '\t' && c <= '\r');

/** Reads one token behind another; `afterAccess`: a slash begins a URL, not a pattern. */
function readToken(
  text: string,
  from: number,
  afterAccess: boolean,
): { token: Token; end: number } | undefined {
  let at = from;
  while (isSpace(text[at])) at++;
  const c = text[at];
  if (c === undefined) return undefined;
  const next = text[at + 1];
  switch (c) {
    case '(':
    case ')':
      return { token: { kind: c }, end: at + 1 };
    case '=':
      return { token: { kind: 'compare', operator: '=' }, end: at + (next === '=' ? 2 : 1) };
    case '!':
      return next === '='
        ? { token: { kind: 'compare', operator: '!=' }, end: at + 2 }
        : { token: { kind: '!' }, end: at + 1 };
    case '<':
    case '>':
      return next === '='
        ? { token: { kind: 'compare', operator: `${c}=` }, end: at + 2 }
        : { token: { kind: 'compare', operator: c }, end: at + 1 };
    case '&':
    case '|':
      if (next === c) return { token: { kind: `${c}${c}` as '&&' | '||' }, end: at + 2 };
      return readBare(text, at);
    case '-':
      return next === 'A' ? { token: { kind: '-A' }, end: at + 2 } : readBare(text, at);
    case "'":
      return readQuoted(text, at + 1, "'", 'word');
    case '/':
      return afterAccess ? readBare(text, at) : readQuoted(text, at + 1, '/', 'regex');
    default:
      return readBare(text, at);
  }
}

/** Up to its closing mark; without one it is empty, and takes all the rest. A backslash takes what follows as it is. */
function readQuoted(
  text: string,
  from: number,
  quote: string,
  kind: 'word' | 'regex',
): { token: Token; end: number } {
  let value = '';
  for (let at = from; at < text.length; at++) {
    if (text[at] === quote) return { token: { kind, text: value }, end: at + 1 };
    if (text[at] === '\\') at++;
    value += text[at] ?? '';
  }
  return { token: { kind, text: '' }, end: text.length };
}

function readBare(text: string, from: number): { token: Token; end: number } {
  let value = '';
  let at = from;
  for (; at < text.length; at++) {
    const c = text[at] as string;
    if (c === '\\') {
      value += text[++at] ?? '';
      continue;
    }
    if (isSpace(c) || '()=!<>'.includes(c) || ((c === '|' || c === '&') && text[at + 1] === c)) break;
    value += c;
  }
  return { token: { kind: 'word', text: value }, end: Math.min(at, text.length) };
}

const nodeOf = (token: Token): Node => ({
  kind: token.kind as Node['kind'],
  text: 'text' in token ? token.text : '',
  operator: token.kind === 'compare' ? token.operator : '=',
  left: undefined,
  right: undefined,
  parent: undefined,
});

/** A tree under construction: where the last token went. */
class Tree {
  root: Node | undefined;
  #current: Node | undefined;

  get isAfterAccess(): boolean {
    return this.#current?.kind === '-A';
  }

  /** Puts a token in; a failure where it cannot stand. */
  add(token: Token): LegacyFailure | undefined {
    const current = this.#current;
    if (current === undefined) {
      if (token.kind !== 'word' && token.kind !== '!' && token.kind !== '-A' && token.kind !== '(')
        return UNREADABLE;
      this.root = this.#current = nodeOf(token);
      return undefined;
    }
    switch (token.kind) {
      case 'word':
        if (current.kind === 'word') {
          current.text += (current.text === '' ? '' : ' ') + token.text;
          return undefined;
        }
        return current.kind === 'regex' || current.kind === 'group' ? UNREADABLE : this.#hang(current, token);
      case 'regex':
        return current.kind === 'compare' && (current.operator === '=' || current.operator === '!=')
          ? this.#hang(current, token)
          : UNREADABLE;
      case '!':
      case '-A':
      case '(':
        return isValue(current) ? UNREADABLE : this.#hang(current, token);
      case ')':
        return this.#close();
      case '&&':
      case '||':
        return isValue(current) ? this.#join(current.parent, token) : UNREADABLE;
      case 'compare':
        return this.#compare(current, token);
    }
  }

  #hang(current: Node, token: Token): undefined {
    const node = nodeOf(token);
    node.parent = current;
    current.right = node;
    this.#current = node;
    return undefined;
  }

  /** Takes the place of the right-hand side of what encloses it. */
  #insert(above: Node | undefined, token: Token): undefined {
    const node = nodeOf(token);
    node.left = above === undefined ? this.root : above.right;
    if (node.left !== undefined) node.left.parent = node;
    node.parent = above;
    if (above === undefined) this.root = node;
    else above.right = node;
    this.#current = node;
    return undefined;
  }

  #join(from: Node | undefined, token: Token): undefined {
    let above = from;
    while (above !== undefined && above.kind !== '&&' && above.kind !== '||' && above.kind !== '(')
      above = above.parent;
    return this.#insert(above, token);
  }

  #compare(current: Node, token: Token): LegacyFailure | undefined {
    if (current.kind !== 'word') return UNREADABLE;
    const above = current.parent;
    if (above !== undefined && above.kind !== '(' && above.kind !== '&&' && above.kind !== '||')
      return UNREADABLE;
    return this.#insert(above, token);
  }

  #close(): LegacyFailure | undefined {
    let open = this.#current;
    while (open !== undefined && open.kind !== '(') open = open.parent;
    if (open === undefined) return UNMATCHED_CLOSE;
    open.kind = 'group';
    this.#current = open;
    return undefined;
  }
}

const isValue = ({ kind }: Node): boolean => kind === 'word' || kind === 'regex' || kind === 'group';

/** How deep conditions may be nested: evaluation goes down step by step. */
const DEEPEST = 500;

type Pending = LegacyResult | Promise<LegacyResult>;
const then = (value: Pending, next: (value: boolean) => Pending): Pending => {
  if (value instanceof Promise) return value.then((result) => then(result, next));
  return typeof value === 'boolean' ? next(value) : value;
};

class Evaluation {
  readonly #context: LegacyContext;
  /** Patterns not matched yet: while there are any, nothing is passed over, since they leave their groups behind. */
  #patterns: number;

  constructor(context: LegacyContext, patterns: number) {
    this.#context = context;
    this.#patterns = patterns;
  }

  run(node: Node, depth = 0): Pending {
    if (depth > DEEPEST) return UNREADABLE;
    switch (node.kind) {
      case 'word':
        return this.#context.expand(node.text) !== '';
      case '&&':
      case '||':
        return this.#join(node, depth);
      case 'compare':
        return this.#compare(node);
      case '!':
        // With nothing behind it, it negates what is always true.
        return node.right === undefined ? false : then(this.run(node.right, depth + 1), (value) => !value);
      case 'group':
        return node.right === undefined ? true : this.run(node.right, depth + 1);
      case '-A':
        if (node.right?.kind !== 'word') return NO_URI;
        return this.#context.canAccess(this.#context.expand(node.right.text));
      case '(':
        return UNMATCHED_OPEN;
      case 'regex':
        return invalid('AH03190');
    }
  }

  #join({ kind, left, right }: Node, depth: number): Pending {
    if (left === undefined || right === undefined) return invalid('AH01332');
    return then(this.run(left, depth + 1), (first) => {
      if (this.#patterns === 0 && first === (kind === '||')) return first;
      return then(this.run(right, depth + 1), (second) =>
        kind === '&&' ? first && second : first || second,
      );
    });
  }

  #compare({ operator, left, right }: Node): LegacyResult {
    const isEquality = operator === '=' || operator === '!=';
    if (left?.kind !== 'word' || (right?.kind !== 'word' && !(isEquality && right?.kind === 'regex')))
      return invalid(isEquality ? 'AH01333' : 'AH01334');
    const a = this.#context.expand(left.text);
    const b = this.#context.expand(right.text);
    if (right.kind === 'regex') {
      this.#patterns--;
      return this.#matches(a, b) === (operator === '=');
    }
    switch (operator) {
      case '=':
        return a === b;
      case '!=':
        return a !== b;
      case '<':
        return a < b;
      case '<=':
        return a <= b;
      case '>':
        return a > b;
      case '>=':
        return a >= b;
    }
  }

  /** A pattern that does not compile counts as a match, as in httpd. */
  #matches(subject: string, source: string): boolean {
    let pattern: Pcre;
    try {
      pattern = compilePcre(source, this.#context.pcreDefaults);
    } catch (error) {
      if (!(error instanceof PcreError)) throw error;
      this.#context.onBadPattern(source);
      return true;
    }
    const match = pattern.exec(subject);
    this.#context.onMatch(subject, source, match?.groups, pattern.groupCount);
    return match !== null;
  }
}

/** Whether the condition holds. An empty one does not. */
export function evaluateLegacy(
  expression: string,
  context: LegacyContext,
): LegacyResult | Promise<LegacyResult> {
  const tree = new Tree();
  let patterns = 0;
  for (let at = 0; ; ) {
    const read = readToken(expression, at, tree.isAfterAccess);
    if (read === undefined) break;
    at = read.end;
    const failure = tree.add(read.token);
    if (failure !== undefined) return failure;
    if (read.token.kind === 'regex') patterns++;
  }
  return tree.root === undefined ? false : new Evaluation(context, patterns).run(tree.root);
}
