/** Words of a Require line that may hold `%{...}` (the expression providers of modules/aaa compile their lines to). */
import type { DirectiveError } from '../config/directive.ts';
import { getWord } from '../config/words.ts';
import { compileString, ExprEvaluationError } from '../expr/index.ts';
import { RequestExprContext } from './expression-context.ts';
import type { AuthzProvider, AuthzResult } from './providers.ts';
import type { Request } from './request.ts';

/** Text of a Require line, as a request sees it. */
export type RequireText = (r: Request) => string | ExprEvaluationError;

/** Compiles a line to its text; an error's `offset` counts inside `args`. */
export function compileRequireText(args: string, isHtaccess: boolean): RequireText | DirectiveError {
  const compiled = compileString(args, { restricted: isHtaccess });
  if (!compiled.ok) {
    const { message, offset, length } = compiled.error;
    return {
      message: `Cannot parse expression in require line: ${message}`,
      offset,
      length: Math.max(1, length),
    };
  }
  const { expr } = compiled;
  const { constant } = expr;
  if (constant !== undefined) return () => constant;
  return (r) => {
    try {
      return expr.evaluate(new RequestExprContext(r));
    } catch (error) {
      if (error instanceof ExprEvaluationError) return error;
      throw error;
    }
  };
}

/** Words as ap_getword_conf() takes them off a text; an empty one ends it. */
export function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  for (let rest = text; ; ) {
    const [word, more] = getWord(rest);
    if (word === '') return words;
    words.push(word);
    rest = more;
  }
}

const splitTexts = new WeakMap<RequireText, { text: string; words: readonly string[] }>();

/** The words of a line for a request. */
export function requireWords(line: RequireText, r: Request): readonly string[] | ExprEvaluationError {
  const text = line(r);
  return typeof text === 'string' ? lineWords(line, text) : text;
}

/** The words of (a part of) a line's text: split again only when it has changed. */
export function lineWords(line: RequireText, text: string): readonly string[] {
  const known = splitTexts.get(line);
  if (known?.text === text) return known.words;
  const words = wordsOf(text);
  splitTexts.set(line, { text, words });
  return words;
}

/** A provider that asks for a user first, and then what the words of its line, `line`, say of that user. */
export function requireOfUser(
  check: (r: Request, user: string, line: RequireText) => AuthzResult,
): AuthzProvider {
  return {
    compile(cmd, args) {
      const line = compileRequireText(args, cmd.isHtaccess);
      if (typeof line !== 'function') return line;
      return (r) => (r.user === undefined ? 'denied-no-user' : check(r, r.user, line));
    },
  };
}
