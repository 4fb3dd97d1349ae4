import { type ChevrotainLexer, createTokenInstance, type IToken, Lexer } from '../chevrotain.ts';
import { type LexicalFailure, UNTERMINATED } from './chunks.ts';
import { EXPRESSION_MODE, Failure, MODES } from './tokens.ts';

let lexer: ChevrotainLexer | undefined;

/** Made when the first expression is read: most configurations have none, and analysing the modes takes longer than reading them. */
const theLexer = (): ChevrotainLexer => {
  lexer ??= new Lexer(
    { modes: MODES, defaultMode: EXPRESSION_MODE },
    { positionTracking: 'onlyOffset', skipValidations: true, ensureOptimizations: false },
  );
  return lexer;
};

/**
 * The tokens of `source` from the given mode on. Wrong input is a last token of type Failure with a LexicalFailure as
 * payload, as in httpd's lexer: never an error beside the tokens.
 */
export const tokenize = (source: string, mode: string): IToken[] => {
  const { tokens } = theLexer().tokenize(source, mode);
  const last = tokens.at(-1);
  let depth = 0;
  for (const token of tokens) {
    if (token.tokenType.PUSH_MODE !== undefined) depth += 1;
    if (token.tokenType.POP_MODE) depth -= 1;
  }
  if (depth > 0 && !(last?.payload && 'message' in Object(last.payload))) tokens.push(unterminated(source));
  return tokens;
};

/** Chevrotain asks no pattern at the end of the input, so a string left open there is found by its mode. */
const unterminated = (source: string): IToken => {
  const at = source.length;
  const token = createTokenInstance(Failure, '', at, at, Number.NaN, Number.NaN, Number.NaN, Number.NaN);
  const failure: LexicalFailure = { message: UNTERMINATED, offset: at, length: 0 };
  token.payload = failure;
  return token;
};
