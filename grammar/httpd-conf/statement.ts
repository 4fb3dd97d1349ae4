/** What a configuration text consists of: a flat list of statements, one a logical line. The reader nests them. */

export type StatementKind = 'directive' | 'open' | 'close' | 'comment';

/**
 * One logical line. Offsets count into the text, `start` inclusive, `end` exclusive; a piece that is not there has equal offsets.
 * Empty lines are no statements.
 */
export interface Statement {
  readonly kind: StatementKind;
  /** From the first character that is no white space to the last one. */
  readonly start: number;
  readonly end: number;
  /** The name as written: `Name`, `"Name"`, `<Name`, `</Name>`; continuations in it are still there. */
  readonly nameEnd: number;
  /** The rest of the line behind the name. */
  readonly restStart: number;
  /** The `>` that closes a section's header; -1 when there is none behind the name. */
  readonly bracket: number;
}

/** Joins continued lines: the text of a piece of a logical line without its backslash-newlines. */
export function joinLines(raw: string): string {
  return raw.includes('\n') ? raw.replace(/\\\r?\n/g, '') : raw;
}

/**
 * The offset in the raw text that an offset in the joined text of a piece stands for: `start` is where the piece starts in the raw text.
 */
export function rawOffset(text: string, start: number, joinedOffset: number): number {
  let at = start;
  let left = joinedOffset;
  for (;;) {
    if (text[at] === '\\') {
      if (text[at + 1] === '\n') {
        at += 2;
        continue;
      }
      if (text[at + 1] === '\r' && text[at + 2] === '\n') {
        at += 3;
        continue;
      }
    }
    if (left === 0 || at >= text.length) return at;
    left--;
    at++;
  }
}
