/**
 * The texts of one reading: files, what they include, and macro expansions, which stand in the text that used them. A stack, so that nothing
 * that multiplies or nests in a configuration nests here.
 */
import { parseConfiguration } from '../../../grammar/httpd-conf/parser.ts';
import { logicalLineEnd, trimmedEnd } from '../../../grammar/httpd-conf/scan.ts';
import { joinLines, type Statement } from '../../../grammar/httpd-conf/statement.ts';
import type { SourceText, Span } from '../../diagnostics/source.ts';
import type { IncludeItem, LogicalLine } from './on-read.ts';

export interface SourceParts {
  readonly raw: string;
  readonly text: string;
  readonly statements: readonly Statement[];
}

export function partsOf(raw: string): SourceParts {
  return { raw, ...parseConfiguration(raw) };
}

/** A text being read. A macro's expansion shares the file's nesting: what it opens, the file may close. */
export interface Frame {
  readonly source: SourceText;
  /** What offsets count into: the source's text, blanked behind NUL bytes. */
  readonly text: string;
  readonly statements: readonly Statement[];
  next: number;
  /** Where the next logical line starts, for actions that take lines raw. */
  lineStart: number;
  readonly hasVariables: boolean;
  /** Number of open sections when the file began. */
  readonly sectionBase: number;
  readonly depth: number;
}

/** Files still to be read in place of an Include. */
export interface Pending {
  readonly item: IncludeItem;
  readonly span: Span;
  readonly depth: number;
}

/** A statement and the text it stands in. */
export interface PlacedStatement {
  readonly frame: Frame;
  readonly statement: Statement;
}

export class TextStack {
  readonly #stack: (Frame | Pending)[] = [];

  push(text: Frame | Pending): void {
    this.#stack.push(text);
  }
  pop(): void {
    this.#stack.pop();
  }
  clear(): void {
    this.#stack.length = 0;
  }
  get top(): Frame | Pending | undefined {
    return this.#stack.at(-1);
  }
  /** The text being read; undefined where a file is still to be opened. */
  get frame(): Frame | undefined {
    const { top } = this;
    return top === undefined || 'item' in top ? undefined : top;
  }

  /** The next statement of this file, from the texts inserted into it first; undefined at the file's end. */
  nextStatement(): PlacedStatement | undefined {
    for (;;) {
      const frame = this.frame;
      if (frame === undefined) return undefined;
      const statement = frame.statements[frame.next];
      if (statement !== undefined) {
        frame.next++;
        return { frame, statement };
      }
      if (!frame.source.isExpansion) return undefined;
      this.#stack.pop();
    }
  }

  /** The next logical line as it stands, whatever it is; undefined at the file's end. */
  takeLine(): LogicalLine | undefined {
    for (;;) {
      const frame = this.frame;
      if (frame === undefined) return undefined;
      const { text, statements } = frame;
      const previous = statements[frame.next - 1];
      const start = Math.max(
        frame.lineStart,
        previous === undefined ? 0 : logicalLineEnd(text, previous.end) + 1,
      );
      if (start >= text.length) {
        if (!frame.source.isExpansion) return undefined;
        this.#stack.pop();
        continue;
      }
      const end = logicalLineEnd(text, start);
      frame.lineStart = end + 1;
      while ((statements[frame.next]?.start ?? text.length) < end) frame.next++;
      const joined = joinLines(text.slice(start, trimmedEnd(text, start, end)));
      return {
        text: joined.replace(/^[ \t-\r]+/, ''),
        span: { source: frame.source, start, end: Math.max(end, start) },
      };
    }
  }
}

export function spanOf(frame: Frame, start: number, end: number): Span {
  return { source: frame.source, start, end };
}
