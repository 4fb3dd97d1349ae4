import { type IRecognitionException, type IToken, tokenMatcher } from '../chevrotain.ts';
import type { BooleanNode, ParseFailure, ParseResult, WordNode } from './ast.ts';
import type { LexicalFailure } from './chunks.ts';
import { tokenize } from './lexer.ts';
import { type ApExprParser, apExprParser } from './parser.ts';
import {
  EXPRESSION_MODE,
  Failure,
  ParenClose,
  ParenOpen,
  STRING_MODE,
  VariableBegin,
  VariableEnd,
} from './tokens.ts';

export type * from './ast.ts';

/**
 * Parentheses, function calls and `%{f:...}` nested deeper than this are refused, so that no text can exhaust the
 * stack. httpd's own limit is its parser stack ("memory exhausted"); it evaluates no more than 20 levels.
 */
export const MAX_NESTING = 100;

/** Parses a condition: what `<If>`, `Require expr` and `expr=` conditions take. Text after a NUL is not seen, as in httpd. */
export const parseBooleanExpression = (source: string): ParseResult<BooleanNode> =>
  parse(source, EXPRESSION_MODE, (parser) => parser.booleanRoot());

/** Parses text with `%{...}` and `$0` in it: what a string-valued `expr=` takes. */
export const parseStringExpression = (source: string): ParseResult<WordNode> =>
  parse(source, STRING_MODE, (parser) => parser.stringRoot());

const parse = <Root>(text: string, mode: string, rule: (parser: ApExprParser) => Root): ParseResult<Root> => {
  const parser = apExprParser();
  const nul = text.indexOf('\0');
  const source = nul < 0 ? text : text.slice(0, nul);
  const tokens = tokenize(source, mode);
  const tooDeep = findTooDeep(tokens);
  if (tooDeep !== undefined) {
    const failure = { syntax: 'memory exhausted', detail: undefined, offset: tooDeep.startOffset, length: 1 };
    return { root: undefined, failure, references: [] };
  }
  parser.input = tokens;
  parser.references = [];
  const root = rule(parser);
  const { references, errors } = parser;
  const [error] = errors;
  // Drop what the shared instance still holds of this text.
  parser.input = [];
  parser.references = [];
  if (error === undefined) return { root, failure: undefined, references };
  return { root: undefined, failure: describe(error, source), references };
};

const findTooDeep = (tokens: readonly IToken[]): IToken | undefined => {
  let depth = 0;
  return tokens.find(({ tokenType }) => {
    if (tokenType === ParenOpen || tokenType === VariableBegin) depth += 1;
    else if (tokenType === ParenClose || tokenType === VariableEnd) depth -= 1;
    return depth > MAX_NESTING;
  });
};

const describe = (error: IRecognitionException, source: string): ParseFailure => {
  const { token } = error;
  const syntax = error.message === '' ? undefined : error.message;
  if (tokenMatcher(token, Failure)) {
    const { message, offset, length } = token.payload as LexicalFailure;
    return { syntax, detail: message, offset, length };
  }
  if (!(token.startOffset >= 0)) return { syntax, detail: undefined, offset: source.length, length: 0 };
  return { syntax, detail: undefined, offset: token.startOffset, length: token.image.length };
};
