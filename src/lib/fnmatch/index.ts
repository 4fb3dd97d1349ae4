import micromatch from 'micromatch';
import { matchTokens, parseGlob } from './glob.ts';

export { strcasecmpMatch, strcmpMatch } from './strcmp-match.ts';

/** APR_FNM_* flags. */
export interface FnmatchFlags {
  /** APR_FNM_PATHNAME: wildcards and brackets never match a slash. */
  readonly pathname: boolean;
  /** APR_FNM_PERIOD: a leading dot (with pathname, of every segment) is only matched by a dot. */
  readonly period: boolean;
  /** APR_FNM_NOESCAPE: a backslash is an ordinary character. */
  readonly noEscape: boolean;
  /** APR_FNM_CASE_BLIND, ASCII letters. */
  readonly caseBlind: boolean;
}

/**
 * Compiles a pattern to what apr_fnmatch() answers for it. Patterns and names are byte strings.
 * `*`, `?`, `[a-z]`, `[!a]`, `[^a]` and `\x`; no braces, no extended globs, no `**`.
 */
export function compileFnmatch(
  pattern: string,
  flags: Partial<FnmatchFlags> = {},
): (name: string) => boolean {
  if (!isFnmatchPattern(pattern) && !pattern.includes('\\') && !flags.caseBlind)
    return (name) => name === pattern;
  if (flags.pathname && !flags.period && !flags.caseBlind && isPlain(pattern)) {
    const regex = micromatch.makeRe(pattern, MICROMATCH_OPTIONS);
    return (name) => regex.test(name);
  }
  const tokens = parseGlob(pattern, {
    pathname: flags.pathname ?? false,
    period: flags.period ?? false,
    noEscape: flags.noEscape ?? false,
    caseBlind: flags.caseBlind ?? false,
  });
  return (name) => matchTokens(tokens, name);
}

const MICROMATCH_OPTIONS: micromatch.Options & { noglobstar: boolean } = {
  dot: true,
  nobrace: true,
  noext: true,
  nonegate: true,
  noglobstar: true,
  strictSlashes: true,
};

/**
 * Where micromatch and apr_fnmatch() agree: every segment begins with a word character and holds at most one
 * star. At a segment's start micromatch refuses the empty name, `.` and `..`; its brackets are a RegExp's.
 */
function isPlain(pattern: string): boolean {
  return /^\/?\w[\w.?-]*(?:\*[\w.-]*)?(?:\/\w[\w.?-]*(?:\*[\w.-]*)?)*$/.test(pattern);
}

/** apr_fnmatch_test(): whether a string holds `*`, `?` or a closed bracket that is not escaped. */
export function isFnmatchPattern(text: string): boolean {
  let inBracket = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '?':
      case '*':
        return true;
      case '\\':
        // apr: a backslash that ends the string is passed over alone.
        if (at + 1 === text.length) return false;
        at++;
        break;
      case '[':
        inBracket = true;
        break;
      case ']':
        if (inBracket) return true;
    }
  }
  return false;
}
