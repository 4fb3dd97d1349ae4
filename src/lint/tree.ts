/** Ways through a directive tree, for rules. */
import type { ConfigNode } from '../config/tree.ts';
import { allWords, sectionText } from '../config/words.ts';
import type { LintContext } from './context.ts';

/** The lines of one place: a file's, or a section's. What stands in `<Limit>` and the like is a place of its own. */
export interface Place {
  readonly nodes: readonly ConfigNode[];
  /** Enclosing sections, innermost first; the first one is the section itself. */
  readonly enclosing: readonly ConfigNode[];
}

/** All places of a tree, outer ones first. */
export function* places(
  nodes: readonly ConfigNode[],
  enclosing: readonly ConfigNode[] = [],
): Generator<Place> {
  yield { nodes, enclosing };
  for (const node of nodes) {
    if (node.children !== undefined) yield* places(node.children, [node, ...enclosing]);
  }
}

/** Every directive and section with where it stands. */
export function* allNodes(
  nodes: readonly ConfigNode[],
): Generator<{ readonly node: ConfigNode; readonly enclosing: readonly ConfigNode[] }> {
  for (const { nodes: here, enclosing } of places(nodes)) for (const node of here) yield { node, enclosing };
}

/** The words of a directive or of a section's header. */
export function wordsOf({ args, children }: ConfigNode): string[] {
  return allWords(children === undefined ? args : (sectionText(args) ?? args));
}

/** The pattern of a section, and whether it is a regular expression (`<DirectoryMatch>`, `<Directory ~>`). */
export function patternOf(node: ConfigNode): { readonly pattern: string; readonly isRegex: boolean } {
  const [first = '', second] = wordsOf(node);
  if (first === '~' && second !== undefined) return { pattern: second, isRegex: true };
  return { pattern: first, isRegex: node.key.endsWith('match') };
}

const TRANSPARENT: ReadonlySet<string> = new Set(['<virtualhost', '<limit', '<limitexcept']);

/** The innermost section that says for which requests a line holds. */
export function scopeOf(enclosing: readonly ConfigNode[]): ConfigNode | undefined {
  return enclosing.find(({ key }) => !TRANSPARENT.has(key) && !key.startsWith('<require'));
}

/** A line outside of every section that is for some requests only: one that sees whole URL paths. */
export function isServerLevel(enclosing: readonly ConfigNode[], context: LintContext): boolean {
  return (context === 'server' || context === 'vhost') && scopeOf(enclosing) === undefined;
}

/** A line in .htaccess, or in a section for a directory. */
export function isInDirectory(enclosing: readonly ConfigNode[], context: LintContext): boolean {
  const scope = enclosing.find(({ key }) => /^<(directory|location|proxy)/.test(key));
  if (scope === undefined) return context === 'directory' || context === 'htaccess';
  return scope.key.startsWith('<directory');
}
