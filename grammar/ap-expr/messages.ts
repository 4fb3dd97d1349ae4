/** Syntax errors in the words of httpd's parser: what came, and what would have been right where that is a short list. */
import type { IParserErrorMessageProvider } from '../chevrotain.ts';
import { EOF, type IToken, type TokenType, tokenLabel, tokenMatcher } from '../chevrotain.ts';
import { ArgumentColon, Failure, Identifier, StringBegin, VariableBegin, VariableEnd } from './tokens.ts';

const unexpected = (actual: IToken, expected?: string): string => {
  const name = actual.tokenType === EOF ? '$end' : tokenLabel(actual.tokenType);
  return `syntax error, unexpected ${name}${expected === undefined ? '' : `, expecting ${expected}`}`;
};

/**
 * Bison lists the expected tokens only when there are fewer than five, and after it has reduced what it could; which
 * list that is follows from the rule we are in (measured on httpd for each of them).
 */
const EXPECTED_AT_END: Readonly<Record<string, string>> = {
  parenthesized: "T_OP_OR or T_OP_AND or ')'",
  call: "T_OP_CONCAT or ')'",
  list: "'}' or ','",
  quoted: 'T_STRING or T_REGEX_BACKREF or T_STR_END or T_VAR_BEGIN',
  variable: 'T_STRING or T_REGEX_BACKREF or T_VAR_BEGIN or T_VAR_END',
};
const EXPECTED_ALTERNATIVES: Readonly<Record<string, string>> = {
  match: 'T_REGEX or T_REGEX_I',
  membership: "T_ID or '{'",
  variable: "T_VAR_END or ':'",
};
/** Rules that start a condition, where httpd's grammar takes the error token as one: then only the lexer speaks. */
const CONDITION_RULES: ReadonlySet<string> = new Set(['disjunction', 'conjunction', 'operand']);
const EXPECTED_ARGUMENT = 'T_ERROR or T_STRING or T_REGEX_BACKREF or T_VAR_BEGIN';

const mismatch = (expected: TokenType, actual: IToken, previous: IToken, rule: string): string => {
  // Where a string starts httpd's grammar has a production for the error token: then only the lexer speaks.
  if (tokenMatcher(previous, StringBegin) && tokenMatcher(actual, Failure)) return '';
  if (expected === Identifier && previous.tokenType === VariableBegin) return unexpected(actual, 'T_ID');
  if (expected === VariableEnd || rule !== 'call') return unexpected(actual, EXPECTED_AT_END[rule]);
  return unexpected(actual, previous.tokenType === Identifier ? "'('" : EXPECTED_AT_END[rule]);
};

export const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual, previous, ruleName }) =>
    mismatch(expected, actual, previous, ruleName),
  buildNotAllInputParsedMessage: ({ firstRedundant, ruleName }) => {
    const startsString = ruleName === 'stringRoot' && firstRedundant.startOffset === 0;
    if (startsString && tokenMatcher(firstRedundant, Failure)) return '';
    return unexpected(firstRedundant, '$end');
  },
  buildNoViableAltMessage: ({ actual, previous, ruleName }) => {
    const [first] = actual;
    if (first === undefined) return unexpected(previous);
    if (CONDITION_RULES.has(ruleName) && tokenMatcher(first, Failure)) return '';
    return unexpected(first, EXPECTED_ALTERNATIVES[ruleName]);
  },
  buildEarlyExitMessage: ({ actual, previous, ruleName }) => {
    const [first] = actual;
    if (first === undefined) return unexpected(previous);
    const takesFailure = previous.tokenType === ArgumentColon || CONDITION_RULES.has(ruleName);
    if (takesFailure && tokenMatcher(first, Failure)) return '';
    return unexpected(first, previous.tokenType === ArgumentColon ? EXPECTED_ARGUMENT : undefined);
  },
};
