/** Lines taken apart (ap_build_config_sub), and sections passed over line by line (ap_soak_end_container). */
import { joinLines, type Statement } from '../../../grammar/httpd-conf/statement.ts';
import { asciiLower } from '../../lib/ascii.ts';
import { WordCursor } from '../words.ts';
import type { Frame, TextStack } from './texts.ts';

export const SLASH = 47;
export const LESS = 60;
const GREATER = 62;

/** One line taken apart: name without quotes and `>`, arguments joined and expanded. */
export interface Line {
  readonly name: string;
  readonly args: string;
  readonly statement: Statement;
  readonly frame: Frame;
}

/** Takes a statement apart. `expand` puts in the values of variables; it is asked only for lines that may have some. */
export function takeApart(frame: Frame, statement: Statement, expand?: (line: string) => string): Line {
  const { start, nameEnd, restStart, end } = statement;
  const { text } = frame;
  let name = text.slice(start, nameEnd);
  let args = restStart < end ? joinLines(text.slice(restStart, end)) : '';
  if (expand !== undefined && text.slice(start, end).includes('${')) {
    const cursor = new WordCursor(expand(joinLines(text.slice(start, end))));
    name = cursor.next();
    args = cursor.rest;
  } else if (needsUnquoting(name)) {
    name = new WordCursor(joinLines(name)).next();
  }
  // ap_build_config_sub takes one `>` off any name that does not close a section, and shows an empty section header as `>`.
  if (name.charCodeAt(name.length - 1) === GREATER && name.charCodeAt(1) !== SLASH) name = name.slice(0, -1);
  if (args === '' && name.charCodeAt(0) === LESS) args = '>';
  return { name, args, statement, frame };
}

/** Names are nearly always plain; quotes, backslashes and continuations take the slow way. */
function needsUnquoting(name: string): boolean {
  const first = name.charCodeAt(0);
  return first === 34 || first === 39 || name.includes('\\');
}

/** ap_soak_end_container: counts sections to find the end, without a look at anything else. Variables are not expanded. */
export function skipSection(texts: TextStack, section: string): string | undefined {
  const open = [section.slice(1)];
  let firstError: string | undefined;
  while (open.length > 0) {
    const next = texts.nextStatement();
    const expected = open.at(-1) ?? '';
    if (next === undefined) return firstError ?? `Expected </${expected}> before end of configuration`;
    const { frame, statement } = next;
    if (statement.kind === 'comment') continue;
    const { name, args } = takeApart(frame, statement);
    if (name.charCodeAt(0) !== LESS) continue;
    if (name.charCodeAt(1) !== SLASH) {
      // Only a `>` at the very end of the line is taken off the name here.
      const kept = args === '>' || !frame.text.slice(statement.start, statement.nameEnd).endsWith('>');
      open.push(kept ? name.slice(1) : `${name.slice(1)}>`);
      continue;
    }
    const seen = name.slice(2, -1);
    const at = open.findLastIndex((one) => asciiLower(one) === asciiLower(seen));
    if (at !== open.length - 1) firstError ??= `Expected </${expected}> but saw </${seen}>`;
    // An end that matches something further out ends that; one that matches nothing is passed over.
    if (at >= 0) open.length = at;
  }
  return firstError;
}
