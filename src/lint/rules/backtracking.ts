/** Regular expressions that take exponential time for some URLs, as scslre proves it of the RegExp that they become. */
import { type AnalysisOptions, analyse } from 'scslre';
import type { ConfigNode } from '../../config/tree.ts';
import { nativeSource, PcreError } from '../../lib/pcre/index.ts';
import { allNodes, patternOf, wordsOf } from '../tree.ts';
import type { Rule } from '../unit.ts';

/** Longer patterns are lists of names; of these and of deeper ones the analysis may take seconds. */
const LONGEST = 1000;
const DEEPEST = 10;
/** Milliseconds for all patterns of a text together: what is left then is not looked at. */
const PATIENCE = 2000;
const OPTIONS: AnalysisOptions = { reportTypes: { Move: false }, maxReports: 4 };

/** Which word of a directive is a pattern that is matched with what a client sends. */
const PATTERN_WORD: Readonly<Record<string, number>> = {
  rewriterule: 0,
  rewritecond: 1,
  redirectmatch: -1,
  aliasmatch: 0,
  scriptaliasmatch: 0,
  proxypassmatch: 0,
  setenvif: 1,
  setenvifnocase: 1,
  browsermatch: 0,
  browsermatchnocase: 0,
};
const SECTIONS: ReadonlySet<string> = new Set([
  '<files',
  '<filesmatch',
  '<directory',
  '<directorymatch',
  '<location',
  '<locationmatch',
  '<proxy',
  '<proxymatch',
]);

export const backtrackingRule: Rule = {
  codes: { AL1501: 'a regular expression that takes exponential time for some requests' },
  check({ tree }, report) {
    const until = performance.now() + PATIENCE;
    const known = new Map<string, boolean>();
    for (const { node } of allNodes(tree)) {
      const pattern = clientPattern(node);
      if (pattern === undefined) continue;
      let isExponential = known.get(pattern);
      if (isExponential === undefined) {
        if (performance.now() > until) return;
        isExponential = takesExponentialTime(pattern);
        known.set(pattern, isExponential);
      }
      if (!isExponential) continue;
      report({
        code: 'AL1501',
        span: node.argsSpan,
        message:
          'this regular expression takes exponential time for some requests: httpd gives up after millions of steps, and takes it for no match',
        hint: 'let no repeated group hold a repetition that can match the same text in two ways: [^/]+ instead of (?:[^/]+)*',
      });
    }
  },
};

/** The pattern of a directive; undefined where it has none. */
function clientPattern(node: ConfigNode): string | undefined {
  const { key } = node;
  if (SECTIONS.has(key)) {
    const { pattern, isRegex } = patternOf(node);
    return isRegex ? pattern : undefined;
  }
  const at = Object.hasOwn(PATTERN_WORD, key) ? PATTERN_WORD[key] : undefined;
  if (at === undefined) return undefined;
  const words = wordsOf(node);
  // RedirectMatch may have a status in front.
  const word =
    at >= 0
      ? words[at]
      : /^(?:\d{3}|permanent|temp|seeother|gone)$/i.test(words[0] ?? '')
        ? words[1]
        : words[0];
  if (word === undefined) return undefined;
  const pattern = key.startsWith('rewrite') ? word.replace(/^!/, '') : word;
  // Comparisons and file tests of RewriteCond are no patterns.
  return key === 'rewritecond' && /^(?:[<>=]|-[a-zA-Z]|expr\b)/.test(pattern) ? undefined : pattern;
}

export function takesExponentialTime(pattern: string): boolean {
  if (pattern.length > LONGEST || !/[*+{]/.test(pattern)) return false;
  let source: string | undefined;
  try {
    source = nativeSource(pattern);
  } catch (error) {
    // An error elsewhere.
    if (error instanceof PcreError) return false;
    throw error;
  }
  return source !== undefined && depthOf(source) <= DEEPEST && isProvenExponential(source);
}

function isProvenExponential(source: string): boolean {
  try {
    return analyse({ source, flags: 's' }, OPTIONS).reports.some(({ exponential }) => exponential);
  } catch {
    // What the analysis gives up on proves nothing.
    return false;
  }
}

/** How deep groups nest; brackets in classes count as well, which only makes it more. */
function depthOf(source: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of source.matchAll(/\\.|[()]/gs)) {
    if (token === '(') deepest = Math.max(deepest, ++depth);
    else if (token === ')') depth--;
  }
  return deepest;
}
