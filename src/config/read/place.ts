/** Where a piece of a node's arguments stands in the source. */
import { joinLines, rawOffset } from '../../../grammar/httpd-conf/statement.ts';
import type { Span } from '../../diagnostics/source.ts';
import type { ConfigNode } from '../tree.ts';

/**
 * The span of `length` bytes at `offset` of `node.args`, found back through line continuations. When the arguments are not what the file
 * says because a `${VAR}` was expanded, the whole argument text is the answer.
 */
export function argumentSpan(node: ConfigNode, offset: number, length: number): Span {
  const { source, start, end } = node.argsSpan;
  const raw = source.text.slice(start, end);
  if (joinLines(raw) !== node.args) return node.argsSpan;
  const from = rawOffset(source.text, start, offset);
  const to = rawOffset(source.text, start, offset + Math.max(1, length) - 1) + 1;
  return { source, start: Math.min(from, end), end: Math.max(from, Math.min(to, end)) };
}
