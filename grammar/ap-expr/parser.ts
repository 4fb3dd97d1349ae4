/** The grammar of ap_expr. Rule names follow the BNF of httpd's manual where it has one. */
import { EmbeddedActionsParser, type IToken } from '../chevrotain.ts';
import type {
  BooleanNode,
  CallNode,
  CompareNode,
  Comparison,
  ConcatNode,
  JunctionNode,
  ListCallNode,
  MembershipNode,
  Reference,
  RegexNode,
  Span,
  TextNode,
  VariableNode,
  WordNode,
} from './ast.ts';
import type { RegexText } from './chunks.ts';
import { messages } from './messages.ts';
import {
  ALL_TOKENS,
  And,
  ArgumentColon,
  BackReference,
  Binary,
  BraceClose,
  BraceOpen,
  Comma,
  CompareOperator,
  Concat,
  Digits,
  False,
  Identifier,
  In,
  MatchOperator,
  Not,
  Or,
  ParenClose,
  ParenOpen,
  Regex,
  StringBegin,
  StringEnd,
  Text,
  True,
  Unary,
  VariableBegin,
  VariableEnd,
} from './tokens.ts';

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': 'eq',
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
};

const endOf = (span: Span): number => span.offset + span.length;
const tokenSpan = (token: IToken): Span => ({ offset: token.startOffset, length: token.image.length });
const between = (from: Span, to: Span): Span => ({ offset: from.offset, length: endOf(to) - from.offset });
const frozen = <Node extends object>(node: Node): Readonly<Node> => Object.freeze(node);

/** A word of several parts; a single part stands for itself. */
const joined = (parts: readonly WordNode[], span: Span): WordNode => {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  return frozen<ConcatNode>({ kind: 'concat', parts: Object.freeze(parts), ...span });
};

const junction = (kind: JunctionNode['kind'], operands: readonly BooleanNode[]): BooleanNode => {
  const first = operands[0] as BooleanNode;
  const last = operands.at(-1) as BooleanNode;
  if (operands.length === 1) return first;
  return frozen<JunctionNode>({ kind, operands: Object.freeze(operands), ...between(first, last) });
};

export class ApExprParser extends EmbeddedActionsParser {
  references: Reference[] = [];

  constructor() {
    super(ALL_TOKENS, {
      maxLookahead: 1,
      recoveryEnabled: false,
      skipValidations: true,
      errorMessageProvider: messages,
    });
    this.performSelfAnalysis();
  }

  #refer<Node extends Reference>(node: Node): Node {
    Object.freeze(node);
    this.references.push(node);
    return node;
  }

  readonly booleanRoot = this.RULE('booleanRoot', (): BooleanNode => this.SUBRULE(this.disjunction));

  readonly stringRoot = this.RULE('stringRoot', (): WordNode => {
    const parts: WordNode[] = [];
    this.MANY(() => parts.push(this.SUBRULE(this.stringPart)));
    return this.ACTION(() => {
      const last = parts.at(-1);
      if (last === undefined)
        return frozen<TextNode>({ kind: 'text', form: 'quoted', value: '', offset: 0, length: 0 });
      return joined(parts, { offset: 0, length: endOf(last) });
    });
  });

  readonly disjunction = this.RULE('disjunction', (): BooleanNode => {
    const operands: BooleanNode[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: Or, DEF: () => operands.push(this.SUBRULE(this.conjunction)) });
    return this.ACTION(() => junction('or', operands));
  });

  readonly conjunction = this.RULE('conjunction', (): BooleanNode => {
    const operands: BooleanNode[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: And, DEF: () => operands.push(this.SUBRULE(this.negation)) });
    return this.ACTION(() => junction('and', operands));
  });

  readonly negation = this.RULE('negation', (): BooleanNode => {
    const signs: IToken[] = [];
    this.MANY(() => signs.push(this.CONSUME(Not)));
    const operand = this.SUBRULE(this.operand);
    return this.ACTION(() => {
      const [first] = signs;
      if (first === undefined) return operand;
      return frozen({ kind: 'not', count: signs.length, operand, ...between(tokenSpan(first), operand) });
    });
  });

  readonly operand = this.RULE(
    'operand',
    (): BooleanNode =>
      this.OR([
        { ALT: () => this.#literal(this.CONSUME(True), true) },
        { ALT: () => this.#literal(this.CONSUME(False), false) },
        { ALT: () => this.SUBRULE(this.parenthesized) },
        { ALT: () => this.SUBRULE(this.unary) },
        { ALT: () => this.SUBRULE(this.comparison) },
      ]),
  );

  #literal(token: IToken, value: boolean): BooleanNode {
    return frozen({ kind: 'literal', value, ...tokenSpan(token) });
  }

  readonly parenthesized = this.RULE('parenthesized', (): BooleanNode => {
    this.CONSUME(ParenOpen);
    const inner = this.SUBRULE(this.disjunction);
    this.CONSUME(ParenClose);
    return inner;
  });

  readonly unary = this.RULE('unary', (): BooleanNode => {
    const operator = this.CONSUME(Unary);
    const operand = this.SUBRULE(this.word);
    return this.ACTION(() =>
      this.#refer({
        kind: 'unary',
        operator: operator.image,
        operand,
        ...between(tokenSpan(operator), operand),
      }),
    );
  });

  readonly comparison = this.RULE('comparison', (): BooleanNode => {
    const left = this.SUBRULE(this.word);
    return this.OR([
      { ALT: () => this.SUBRULE(this.compare, { ARGS: [left] }) },
      { ALT: () => this.SUBRULE(this.binary, { ARGS: [left] }) },
      { ALT: () => this.SUBRULE(this.match, { ARGS: [left] }) },
      { ALT: () => this.SUBRULE(this.membership, { ARGS: [left] }) },
    ]);
  });

  readonly compare = this.RULE('compare', (left: WordNode): BooleanNode => {
    const operator = this.CONSUME(CompareOperator).image;
    const right = this.SUBRULE(this.word);
    return this.ACTION(() => {
      const symbolic = COMPARISONS[operator];
      const comparison = symbolic ?? (operator.slice(-2) as Comparison);
      const type = symbolic === undefined ? 'integer' : 'string';
      return frozen<CompareNode>({ kind: 'compare', type, comparison, left, right, ...between(left, right) });
    });
  });

  readonly binary = this.RULE('binary', (left: WordNode): BooleanNode => {
    const operator = this.CONSUME(Binary).image;
    const right = this.SUBRULE(this.word);
    return this.ACTION(() => this.#refer({ kind: 'binary', operator, left, right, ...between(left, right) }));
  });

  readonly match = this.RULE('match', (subject: WordNode): BooleanNode => {
    const operator = this.CONSUME(MatchOperator).image;
    // An OR of one: its error message is the one that lists alternatives.
    const token = this.OR([{ ALT: () => this.CONSUME(Regex) }]);
    return this.ACTION(() => {
      const { source, ignoreCase } = token.payload as RegexText;
      const regex = this.#refer<RegexNode>({ kind: 'regex', source, ignoreCase, ...tokenSpan(token) });
      return frozen({
        kind: 'match',
        negated: operator === '!~',
        subject,
        regex,
        ...between(subject, regex),
      });
    });
  });

  readonly membership = this.RULE('membership', (needle: WordNode): BooleanNode => {
    this.CONSUME(In);
    return this.OR([
      {
        ALT: () => {
          const { list, close } = this.SUBRULE(this.list);
          return this.ACTION(() =>
            frozen<MembershipNode>({ kind: 'in', needle, list, ...between(needle, tokenSpan(close)) }),
          );
        },
      },
      {
        ALT: () => {
          const call = this.SUBRULE(this.call);
          return this.ACTION(() => {
            const list = this.#refer<ListCallNode>({ ...call, kind: 'listCall' });
            return frozen<MembershipNode>({ kind: 'in', needle, list, ...between(needle, list) });
          });
        },
      },
    ]);
  });

  readonly list = this.RULE('list', (): { list: readonly WordNode[]; close: IToken } => {
    const list: WordNode[] = [];
    this.CONSUME(BraceOpen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => list.push(this.SUBRULE(this.word)) });
    const close = this.CONSUME(BraceClose);
    return this.ACTION(() => ({ list: Object.freeze(list), close }));
  });

  readonly word = this.RULE('word', (): WordNode => {
    const parts: WordNode[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: Concat, DEF: () => parts.push(this.SUBRULE(this.wordPart)) });
    return this.ACTION(() => joined(parts, between(parts[0] as WordNode, parts.at(-1) as WordNode)));
  });

  readonly wordPart = this.RULE(
    'wordPart',
    (): WordNode =>
      this.OR([
        {
          ALT: () => {
            const token = this.CONSUME(Digits);
            return frozen<TextNode>({
              kind: 'text',
              form: 'number',
              value: token.image,
              ...tokenSpan(token),
            });
          },
        },
        { ALT: () => this.SUBRULE(this.quoted) },
        { ALT: () => this.SUBRULE(this.variable) },
        { ALT: () => this.SUBRULE(this.backReference) },
        {
          ALT: () => {
            const call = this.SUBRULE(this.call);
            return this.ACTION(() => this.#refer<CallNode>({ ...call, kind: 'call' }));
          },
        },
      ]),
  );

  readonly quoted = this.RULE('quoted', (): WordNode => {
    const parts: WordNode[] = [];
    const open = this.CONSUME(StringBegin);
    this.MANY(() => parts.push(this.SUBRULE(this.stringPart)));
    const close = this.CONSUME(StringEnd);
    return this.ACTION(() => {
      const span = between(tokenSpan(open), tokenSpan(close));
      const [only] = parts;
      if (parts.length > 1) return joined(parts, span);
      if (only !== undefined && only.kind !== 'text') return only;
      return frozen<TextNode>({ kind: 'text', form: 'quoted', value: only?.value ?? '', ...span });
    });
  });

  readonly stringPart = this.RULE(
    'stringPart',
    (): WordNode =>
      this.OR([
        {
          ALT: () => {
            const token = this.CONSUME(Text);
            const value = token.payload as string;
            return frozen<TextNode>({ kind: 'text', form: 'quoted', value, ...tokenSpan(token) });
          },
        },
        { ALT: () => this.SUBRULE(this.variable) },
        { ALT: () => this.SUBRULE(this.backReference) },
      ]),
  );

  readonly backReference = this.RULE('backReference', (): WordNode => {
    const token = this.CONSUME(BackReference);
    return this.ACTION(() =>
      frozen({ kind: 'backReference', group: Number(token.image.slice(1)), ...tokenSpan(token) }),
    );
  });

  readonly variable = this.RULE('variable', (): WordNode => {
    const open = this.CONSUME(VariableBegin);
    const name = this.CONSUME(Identifier).image;
    return this.OR([
      {
        ALT: () => {
          const close = this.CONSUME(VariableEnd);
          return this.ACTION(() =>
            this.#refer<VariableNode>({
              kind: 'variable',
              name,
              ...between(tokenSpan(open), tokenSpan(close)),
            }),
          );
        },
      },
      {
        ALT: () => {
          const parts: WordNode[] = [];
          this.CONSUME(ArgumentColon);
          this.AT_LEAST_ONE(() => parts.push(this.SUBRULE(this.stringPart)));
          const close = this.CONSUME1(VariableEnd);
          return this.ACTION(() => {
            const argument = joined(parts, between(parts[0] as WordNode, parts.at(-1) as WordNode));
            const span = between(tokenSpan(open), tokenSpan(close));
            return this.#refer<CallNode>({ kind: 'call', name, argument, ...span });
          });
        },
      },
    ]);
  });

  readonly call = this.RULE('call', (): Omit<CallNode, 'kind'> => {
    const name = this.CONSUME(Identifier);
    this.CONSUME(ParenOpen);
    const argument = this.SUBRULE(this.word);
    const close = this.CONSUME(ParenClose);
    return this.ACTION(() => ({ name: name.image, argument, ...between(tokenSpan(name), tokenSpan(close)) }));
  });
}

let parser: ApExprParser | undefined;

/**
 * One instance serves all: a Chevrotain parser analyses its grammar once and is reset by its input. It is made when the first expression is
 * read, for most configurations have none.
 */
export const apExprParser = (): ApExprParser => {
  parser ??= new ApExprParser();
  return parser;
};
