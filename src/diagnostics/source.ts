/**
 * Source text and places in it. Offsets count from 0 in the byte-string text; lines and columns count from 1, are computed on demand
 * and only here, so that no other file can be off by one.
 */

/** A text that configuration was read from: a file, a command-line directive, a macro's expansion. */
export interface SourceText {
  /** As messages print it: an absolute path, `(-C directive)`, ... */
  readonly name: string;
  /** The bytes as a latin1 string, exactly as read. */
  readonly text: string;
  /** The directive that brought this text in (Include, Use); undefined for the top one. */
  readonly includedFrom: Span | undefined;
  /** The text is a macro's expansion: it stands in for lines of the file that used it, and is no file of its own. */
  readonly isExpansion?: boolean;
}

/** A piece of a source text: `start` inclusive, `end` exclusive. */
export interface Span {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** Line and column, both counted from 1; the column counts bytes. */
export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

const lineStartsOf = new WeakMap<SourceText, number[]>();

/** Offsets at which each line of the source starts, computed once. */
function lineStarts(source: SourceText): readonly number[] {
  let starts = lineStartsOf.get(source);
  if (starts === undefined) {
    starts = [0];
    for (let at = source.text.indexOf('\n'); at >= 0; at = source.text.indexOf('\n', at + 1))
      starts.push(at + 1);
    lineStartsOf.set(source, starts);
  }
  return starts;
}

/** The line and column of an offset. An offset past the end is the place just behind the last byte. */
export function positionOf(source: SourceText, offset: number): LineColumn {
  const starts = lineStarts(source);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: Math.min(offset, source.text.length) - (starts[low] ?? 0) + 1 };
}

/** A line's text without its line end; `line` counts from 1. */
export function lineText(source: SourceText, line: number): string {
  const starts = lineStarts(source);
  const start = starts[line - 1] ?? source.text.length;
  const end = starts[line] ?? source.text.length + 1;
  return source.text.slice(start, end - 1).replace(/\r$/, '');
}
