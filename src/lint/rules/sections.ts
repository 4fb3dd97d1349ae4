/** Sections that no request falls into. */
import { type BooleanNode, parseBooleanExpression } from '../../../grammar/ap-expr/index.ts';
import type { ConfigNode } from '../../config/tree.ts';
import { demandsInnerSlash, demandsNoSlash } from '../patterns.ts';
import { allNodes, patternOf, wordsOf } from '../tree.ts';
import type { Finding, Rule } from '../unit.ts';

type Report = (finding: Finding) => void;

export const sectionRule: Rule = {
  codes: {
    AL1801: '<DirectoryMatch> of what is no absolute path',
    AL1802: '<Location> without a slash in front',
    AL1803: '<Files> with a slash in the name',
    AL1804: '<If> whose condition never holds',
  },
  check({ tree }, report) {
    for (const { node } of allNodes(tree)) {
      if (node.children === undefined) continue;
      const { pattern, isRegex } = patternOf(node);
      if (pattern === '' || pattern.includes('${')) continue;
      if (node.key.startsWith('<directory')) checkDirectory(node, pattern, isRegex, report);
      else if (node.key.startsWith('<location')) checkLocation(node, pattern, isRegex, report);
      else if (node.key.startsWith('<files')) checkFiles(node, pattern, isRegex, report);
      else if (node.key === '<if') checkIf(node, report);
    }
  },
};

function checkDirectory(node: ConfigNode, pattern: string, isRegex: boolean, report: Report): void {
  // A relative path is one below ServerRoot.
  if (!isRegex || /^\^proxy:/i.test(pattern) || !demandsNoSlash(pattern)) return;
  report({
    code: 'AL1801',
    span: node.argsSpan,
    message: `<${node.name} ${pattern}> matches no directory: every path begins with a slash`,
    hint: `write ^/${pattern.slice(1)}`,
  });
}

function checkLocation(node: ConfigNode, pattern: string, isRegex: boolean, report: Report): void {
  // The requests of a forward proxy have whole URLs.
  if (/^\^?[a-z*.()?]*:/i.test(pattern) || (isRegex ? !demandsNoSlash(pattern) : /^[/*?[]/.test(pattern)))
    return;
  report({
    code: 'AL1802',
    span: node.argsSpan,
    message: `<${node.name} ${pattern}> matches no request: every URL path begins with a slash`,
    hint: isRegex ? `write ^/${pattern.slice(1)}` : `write <${node.name} /${pattern}>`,
  });
}

function checkFiles(node: ConfigNode, pattern: string, isRegex: boolean, report: Report): void {
  if (isRegex ? !demandsInnerSlash(pattern) : !/^[^[]*\//.test(pattern)) return;
  report({
    code: 'AL1803',
    span: node.argsSpan,
    message: `<${node.name} ${pattern}> matches no file: it sees the name without the directory`,
    hint: 'write <Directory> or <Location> for the directory, and <Files> with the name in it',
  });
}

function checkIf(node: ConfigNode, report: Report): void {
  const [condition = ''] = wordsOf(node);
  const { root } = parseBooleanExpression(condition);
  if (root === undefined || constantOf(root) !== false) return;
  report({
    code: 'AL1804',
    span: node.argsSpan,
    message:
      'what is in this <If> is never in force: its condition names nothing of the request, and does not hold',
    hint: 'variables are written %{NAME}',
  });
}

/** The value of a condition without any variable; undefined where it has one, or is not simple. */
function constantOf(node: BooleanNode): boolean | undefined {
  if (node.kind === 'literal') return node.value;
  if (node.kind === 'not') {
    const value = constantOf(node.operand);
    return value === undefined ? undefined : value !== (node.count % 2 === 1);
  }
  if (node.kind !== 'compare' || node.left.kind !== 'text' || node.right.kind !== 'text') return undefined;
  const isEqual = node.left.value === node.right.value;
  if (node.comparison === 'eq') return isEqual;
  return node.comparison === 'ne' ? !isEqual : undefined;
}
