/** Token types and lexer modes of httpd's configuration lines. The rules in words: README.md beside this file. */
import { type CustomPatternMatcherFunc, createToken, Lexer, type TokenType } from '../chevrotain.ts';
import {
  bareEnd,
  closingBrace,
  closingQuote,
  isQuote,
  isSpace,
  logicalLineEnd,
  rawBareEnd,
  spaceEnd,
  trimmedEnd,
} from './scan.ts';

const HASH = 35;
const SLASH = 47;
const LESS = 60;
const GREATER = 62;
const OPEN_BRACE = 123;
const LINE_FEED = 10;
const BACKSLASH = 92;

/** Every first character there is, for patterns that may start with any: Chevrotain sorts patterns by first character. */
const ANY_START: number[] = Array.from({ length: 256 }, (_, code) => code);
// Above the bytes it keeps one bucket for each 255 code units; text that is no byte string must not be lost either.
for (let code = 256; code < 65536; code += 255) ANY_START.push(code);
const SPACE_STARTS = [9, 10, 11, 12, 13, 32, BACKSLASH];
const QUOTE_STARTS = [34, 39];

/** A pattern made of a scanner: `end` answers where the token ends; none at all when that is where it starts. */
function scanner(end: (text: string, at: number) => number): CustomPatternMatcherFunc {
  return (text, at) => {
    const stop = end(text, at);
    return stop > at ? [text.slice(at, stop)] : null;
  };
}

/** End of the rest of the logical line, without the white space behind it. */
function restEnd(text: string, at: number): number {
  return trimmedEnd(text, at, logicalLineEnd(text, at));
}

/** End of what stands in front of the last `>` of the line; of all of it when there is none. */
function headerTextEnd(text: string, at: number): number {
  const end = restEnd(text, at);
  const bracket = text.slice(at, end).lastIndexOf('>');
  return bracket < 0 ? end : trimmedEnd(text, at, at + bracket);
}

function isLastBracket(text: string, at: number): boolean {
  return text.charCodeAt(at) === GREATER && !text.slice(at + 1, restEnd(text, at)).includes('>');
}

/** White space around lines, empty lines among it. */
export const BlankSpace = createToken({
  name: 'BlankSpace',
  pattern: scanner((text, at) => spaceEnd(text, at, false)),
  start_chars_hint: SPACE_STARTS,
  line_breaks: true,
  group: Lexer.SKIPPED,
});
export const Comment = createToken({
  name: 'Comment',
  label: '# ...',
  pattern: scanner((text, at) => (text.charCodeAt(at) === HASH ? restEnd(text, at) : at)),
  start_chars_hint: [HASH],
  line_breaks: true,
});
export const SectionCloseName = createToken({
  name: 'SectionCloseName',
  label: '</Name>',
  pattern: scanner((text, at) =>
    text.charCodeAt(at) === LESS && text.charCodeAt(at + 1) === SLASH ? rawBareEnd(text, at) : at,
  ),
  start_chars_hint: [LESS],
  line_breaks: true,
  push_mode: 'trailing',
});
export const SectionOpenName = createToken({
  name: 'SectionOpenName',
  label: '<Name',
  pattern: scanner((text, at) => (text.charCodeAt(at) === LESS ? rawBareEnd(text, at) : at)),
  start_chars_hint: [LESS],
  line_breaks: true,
  push_mode: 'section_header',
});
export const QuotedName = createToken({
  name: 'QuotedName',
  label: '"Name"',
  pattern: scanner((text, at) => {
    if (!isQuote(text.charCodeAt(at))) return at;
    const lineEnd = logicalLineEnd(text, at);
    // A quote that stays open runs to the end of its line, never into the next one.
    const end = closingQuote(text.slice(at, lineEnd), 0) + 1;
    return at + end > lineEnd ? trimmedEnd(text, at, lineEnd) : at + end;
  }),
  start_chars_hint: QUOTE_STARTS,
  line_breaks: true,
  push_mode: 'arguments',
});
export const DirectiveName = createToken({
  name: 'DirectiveName',
  label: 'Name',
  pattern: scanner(rawBareEnd),
  start_chars_hint: ANY_START,
  line_breaks: true,
  push_mode: 'arguments',
});
/** White space inside a line. */
export const Gap = createToken({
  name: 'Gap',
  pattern: scanner((text, at) => spaceEnd(text, at, true)),
  start_chars_hint: SPACE_STARTS,
  line_breaks: true,
  group: Lexer.SKIPPED,
});
/** The line feed that ends a line, with the white space and empty lines behind it. */
export const LineEnd = createToken({
  name: 'LineEnd',
  pattern: scanner((text, at) => (text.charCodeAt(at) === LINE_FEED ? spaceEnd(text, at, false) : at)),
  start_chars_hint: [LINE_FEED],
  line_breaks: true,
  group: Lexer.SKIPPED,
  pop_mode: true,
});
export const ArgumentText = createToken({
  name: 'ArgumentText',
  label: 'argument text',
  pattern: scanner(restEnd),
  start_chars_hint: ANY_START,
  line_breaks: true,
});
export const HeaderText = createToken({
  name: 'HeaderText',
  label: 'section argument',
  pattern: scanner((text, at) => (isLastBracket(text, at) ? at : headerTextEnd(text, at))),
  start_chars_hint: ANY_START,
  line_breaks: true,
});
export const HeaderClose = createToken({
  name: 'HeaderClose',
  label: '>',
  pattern: '>',
  push_mode: 'trailing',
  pop_mode: true,
});
export const TrailingText = createToken({
  name: 'TrailingText',
  label: 'text behind >',
  pattern: scanner(restEnd),
  start_chars_hint: ANY_START,
  line_breaks: true,
});

/** The modes of the line lexer: at the start of a line, behind a directive's name, behind a section's name, behind a section's `>`. */
export const lineModes: Record<string, TokenType[]> = {
  line_start: [BlankSpace, Comment, SectionCloseName, SectionOpenName, QuotedName, DirectiveName],
  arguments: [LineEnd, Gap, ArgumentText],
  section_header: [LineEnd, Gap, HeaderText, HeaderClose],
  trailing: [LineEnd, Gap, TrailingText],
};

/** White space between words. */
export const WordGap = createToken({
  name: 'WordGap',
  pattern: scanner((text, at) => {
    let end = at;
    while (isSpace(text.charCodeAt(end))) end++;
    return end;
  }),
  start_chars_hint: [9, 10, 11, 12, 13, 32],
  line_breaks: true,
  group: Lexer.SKIPPED,
});
export const QuotedWord = createToken({
  name: 'QuotedWord',
  label: '"quoted word"',
  pattern: scanner((text, at) =>
    isQuote(text.charCodeAt(at)) ? Math.min(closingQuote(text, at) + 1, text.length) : at,
  ),
  start_chars_hint: QUOTE_STARTS,
  line_breaks: true,
});
export const BracedWord = createToken({
  name: 'BracedWord',
  label: '{braced word}',
  pattern: scanner((text, at) =>
    text.charCodeAt(at) === OPEN_BRACE ? Math.min(closingBrace(text, at) + 1, text.length) : at,
  ),
  start_chars_hint: [OPEN_BRACE],
  line_breaks: true,
});
export const BareWord = createToken({
  name: 'BareWord',
  label: 'bare word',
  pattern: scanner(bareEnd),
  start_chars_hint: ANY_START,
  line_breaks: true,
});

/** The modes of the word lexer: ap_getword_conf, and ap_getword_conf2 with its braces. */
export const wordModes: Record<string, TokenType[]> = {
  words: [WordGap, QuotedWord, BareWord],
  braced_words: [WordGap, QuotedWord, BracedWord, BareWord],
};
