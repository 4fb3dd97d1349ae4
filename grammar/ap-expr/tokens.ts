/** Tokens and lexer modes. Labels are the token names httpd prints in its error messages. */
import { type CustomPatternMatcherReturn, createToken, Lexer, type TokenType } from '../chevrotain.ts';
import {
  type ChunkCloser,
  type LexicalFailure,
  type RegexText,
  scanChunk,
  scanRegex,
  UNTERMINATED,
} from './chunks.ts';

const matched = (text: string, payload: unknown): CustomPatternMatcherReturn =>
  Object.assign([text] as [string], { payload }) as CustomPatternMatcherReturn;

const abstract = (name: string, label: string): TokenType => createToken({ name, label, pattern: Lexer.NA });

const keyword = (name: string, label: string, pattern: RegExp): TokenType =>
  createToken({ name, label, pattern, longer_alt: Identifier });

const symbol = (name: string, label: string, pattern: string | RegExp, category?: TokenType): TokenType =>
  createToken({ name, label, pattern, ...(category && { categories: category }) });

export const Identifier = createToken({
  name: 'Identifier',
  label: 'T_ID',
  pattern: /[a-zA-Z][a-zA-Z0-9_]*/,
});
/** What httpd's lexer calls T_ERROR: takes the rest of the input and carries a LexicalFailure. */
export const Failure = abstract('Failure', 'T_ERROR');
export const Text = abstract('Text', 'T_STRING');
export const StringBegin = abstract('StringBegin', 'T_STR_BEGIN');
export const StringEnd = abstract('StringEnd', 'T_STR_END');
export const CompareOperator = abstract('CompareOperator', 'comparison');
export const MatchOperator = abstract('MatchOperator', 'match');

const Space = createToken({ name: 'Space', pattern: /[ \t\n]+/, group: Lexer.SKIPPED, line_breaks: true });
export const True = keyword('True', 'T_TRUE', /true/);
export const False = keyword('False', 'T_FALSE', /false/);
export const Not = symbol('Not', 'T_OP_NOT', /!|not(?![a-zA-Z0-9_])/);
export const And = symbol('And', 'T_OP_AND', /&&|and(?![a-zA-Z0-9_])/);
export const Or = symbol('Or', 'T_OP_OR', /\|\||or(?![a-zA-Z0-9_])/);
export const In = symbol('In', 'T_OP_IN', /-?in(?![a-zA-Z0-9_])/);
export const Digits = symbol('Digits', 'T_DIGIT', /-?[0-9]+/);
export const Unary = symbol('Unary', 'T_OP_UNARY', /-[a-zA-Z](?![a-zA-Z0-9_])/);
export const Binary = symbol('Binary', 'T_OP_BINARY', /-[a-zA-Z][a-zA-Z0-9_]+/);
export const BackReference = symbol('BackReference', 'T_REGEX_BACKREF', /\$[0-9]/);
export const Concat = symbol('Concat', 'T_OP_CONCAT', '.');
export const ParenOpen = symbol('ParenOpen', "'('", '(');
export const ParenClose = symbol('ParenClose', "')'", ')');
export const BraceOpen = symbol('BraceOpen', "'{'", '{');
export const BraceClose = symbol('BraceClose', "'}'", '}');
export const Comma = symbol('Comma', "','", ',');
/** A colon outside %{...}: no rule takes it, but httpd names it in its message. */
const StrayColon = symbol('StrayColon', "':'", ':');

const COMPARE = [
  symbol('StringNe', 'T_OP_STR_NE', '!=', CompareOperator),
  symbol('StringEq', 'T_OP_STR_EQ', /==?/, CompareOperator),
  symbol('StringLe', 'T_OP_STR_LE', '<=', CompareOperator),
  symbol('StringLt', 'T_OP_STR_LT', '<', CompareOperator),
  symbol('StringGe', 'T_OP_STR_GE', '>=', CompareOperator),
  symbol('StringGt', 'T_OP_STR_GT', '>', CompareOperator),
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge'].map((name) =>
    symbol(
      `Integer_${name}`,
      `T_OP_${name.toUpperCase()}`,
      new RegExp(`-?${name}(?![a-zA-Z0-9_])`),
      CompareOperator,
    ),
  ),
];
const MATCH = [
  symbol('Matches', 'T_OP_REG', '=~', MatchOperator),
  symbol('MatchesNot', 'T_OP_NRE', '!~', MatchOperator),
];

export const Regex = abstract('Regex', 'T_REGEX');
const regexToken = (name: string, label: string, takes: (regex: RegexText) => boolean): TokenType =>
  createToken({
    name,
    label,
    categories: Regex,
    line_breaks: true,
    pattern: (source: string, offset: number) => {
      const regex = scanRegex(source, offset);
      if (regex === undefined || regex === 'unterminated' || !takes(regex)) return null;
      return matched(source.slice(offset, regex.end), regex);
    },
  });
const RegexPlain = regexToken('RegexPlain', 'T_REGEX', (regex) => !regex.ignoreCase);
const RegexIgnoreCase = regexToken('RegexIgnoreCase', 'T_REGEX_I', (regex) => regex.ignoreCase);
/** httpd meets the end of input inside a regex without a word: `true /x` is `true`. */
const RegexUnterminated = createToken({
  name: 'RegexUnterminated',
  group: Lexer.SKIPPED,
  line_breaks: true,
  pattern: (source: string, offset: number) =>
    scanRegex(source, offset) === 'unterminated' ? matched(source.slice(offset), undefined) : null,
});

const failureToken = (
  name: string,
  find: (source: string, offset: number) => LexicalFailure | undefined,
): TokenType =>
  createToken({
    name,
    label: Failure.LABEL ?? Failure.name,
    categories: Failure,
    line_breaks: true,
    pattern: (source: string, offset: number) => {
      const failure = find(source, offset);
      return failure === undefined ? null : matched(source.slice(offset), failure);
    },
  });

/** The tokens of a stretch of text: what interpolates, what closes, what is text, what is wrong. */
const textMode = (name: string, closer: ChunkCloser, end?: TokenType): TokenType[] => [
  BackReference,
  VariableBegin,
  ...(end ? [end] : []),
  createToken({
    name: `${name}Text`,
    label: 'T_STRING',
    categories: Text,
    line_breaks: true,
    pattern: (source: string, offset: number) => {
      const chunk = scanChunk(source, offset, closer);
      if (chunk.failure !== undefined || chunk.end === offset) return null;
      return matched(source.slice(offset, chunk.end), chunk.value);
    },
  }),
  failureToken(`${name}Failure`, (source, offset) => scanChunk(source, offset, closer).failure),
];

const quote = (name: string, char: "'" | '"', mode: string): { begin: TokenType; end: TokenType } => ({
  begin: createToken({
    name: `${name}Begin`,
    label: 'T_STR_BEGIN',
    pattern: char,
    categories: StringBegin,
    push_mode: mode,
  }),
  end: createToken({
    name: `${name}End`,
    label: 'T_STR_END',
    pattern: char,
    categories: StringEnd,
    pop_mode: true,
  }),
});
const single = quote('Single', "'", 'single');
const double = quote('Double', '"', 'double');

export const VariableBegin = createToken({
  name: 'VariableBegin',
  label: 'T_VAR_BEGIN',
  pattern: '%{',
  push_mode: 'variable',
});
export const VariableEnd = createToken({
  name: 'VariableEnd',
  label: 'T_VAR_END',
  pattern: '}',
  pop_mode: true,
});
export const ArgumentColon = createToken({
  name: 'ArgumentColon',
  label: "':'",
  pattern: ':',
  pop_mode: true,
  push_mode: 'argument',
});

const failExpression = (source: string, offset: number): LexicalFailure => ({
  message: `Parse error near '${source[offset]}'`,
  offset,
  length: 1,
});
const failVariable = (source: string, offset: number): LexicalFailure => ({
  message: source[offset] === '\n' ? UNTERMINATED : `Invalid character in variable name '${source[offset]}'`,
  offset,
  length: 1,
});

export const EXPRESSION_MODE = 'expression';
export const STRING_MODE = 'string';

export const MODES: Record<string, TokenType[]> = {
  [EXPRESSION_MODE]: [
    Space,
    RegexPlain,
    RegexIgnoreCase,
    RegexUnterminated,
    ...MATCH,
    ...COMPARE,
    And,
    Or,
    Not,
    In,
    True,
    False,
    Identifier,
    Digits,
    Unary,
    Binary,
    BackReference,
    VariableBegin,
    single.begin,
    double.begin,
    Concat,
    ParenOpen,
    ParenClose,
    BraceOpen,
    BraceClose,
    Comma,
    StrayColon,
    failureToken('ExpressionFailure', failExpression),
  ],
  single: textMode('Single', "'", single.end),
  double: textMode('Double', '"', double.end),
  variable: [Identifier, ArgumentColon, VariableEnd, failureToken('VariableFailure', failVariable)],
  argument: textMode('Argument', '}', VariableEnd),
  [STRING_MODE]: textMode('String', 'end'),
};

/** Every token type the parser may meet, the abstract ones included. */
export const ALL_TOKENS: TokenType[] = [
  ...new Set([
    ...Object.values(MODES).flat(),
    Failure,
    Text,
    StringBegin,
    StringEnd,
    CompareOperator,
    MatchOperator,
    Regex,
  ]),
];
