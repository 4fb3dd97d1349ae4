/** Patterns of ap_expr that no plain regular expression describes: text inside strings, and regexes with a free delimiter. */

export interface LexicalFailure {
  readonly message: string;
  readonly offset: number;
  readonly length: number;
}

export const UNTERMINATED = 'Unterminated string or variable';

const ESCAPED_CONTROL: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
const MAX_ESCAPE_DIGITS = 3;
const MAX_BYTE = 0xff;

/** What ends a stretch of text besides `%{` and `$0`: the quote, the brace of `%{func:`, or (string expressions) the end of input. */
export type ChunkCloser = "'" | '"' | '}' | 'end';

export type Chunk =
  | { readonly failure: undefined; readonly end: number; readonly value: string }
  | { readonly failure: LexicalFailure };

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';

const fail = (message: string, offset: number, length: number): Chunk => ({
  failure: { message, offset, length },
});

/**
 * Reads the text from `start` to the next closer, `%{` or `$digit`. As in httpd the whole stretch fails when anything
 * in it is wrong. Its value ends at a NUL (`\0`), because httpd keeps it as a C string.
 */
export const scanChunk = (source: string, start: number, closer: ChunkCloser): Chunk => {
  let value = '';
  let at = start;
  for (;;) {
    const char = source[at];
    if (char === undefined && closer === 'end') break;
    if (char === undefined || char === '\n') return fail(UNTERMINATED, at, char === undefined ? 0 : 1);
    if (char === closer) break;
    const next = source[at + 1];
    if (char === '$' && isDigit(next)) break;
    if (char === '%' && next === '{') break;
    if (closer === '}' && (char === "'" || char === '"')) {
      // httpd's scanner has no rule for a quote here and ends the whole process ("flex scanner jammed").
      return fail(`Invalid character in function argument '${char}'`, at, 1);
    }
    if (char !== '\\') {
      value += char;
      at += 1;
      continue;
    }
    const escaped = readEscape(source, at);
    if ('failure' in escaped) return escaped;
    value += escaped.value;
    at = escaped.end;
  }
  const nul = value.indexOf('\0');
  return { failure: undefined, end: at, value: nul < 0 ? value : value.slice(0, nul) };
};

/** `\n \r \t \b \f`, one to three octal digits, or any other char for itself. */
const readEscape = (
  source: string,
  at: number,
): { end: number; value: string } | { failure: LexicalFailure } => {
  const char = source[at + 1];
  // A backslash as the last char jams httpd's scanner as well.
  if (char === undefined || char === '\n')
    return { failure: { message: UNTERMINATED, offset: at, length: 1 } };
  if (!isDigit(char)) return { end: at + 2, value: ESCAPED_CONTROL[char] ?? char };
  let end = at + 2;
  while (isDigit(source[end])) end += 1;
  const digits = source.slice(at + 1, end);
  const span = { offset: at, length: end - at };
  if (digits.length > MAX_ESCAPE_DIGITS || /[89]/.test(digits)) {
    return { failure: { message: 'Bad escape sequence', ...span } };
  }
  const code = Number.parseInt(digits, 8);
  if (code > MAX_BYTE) return { failure: { message: 'Escape sequence out of bound', ...span } };
  return { end, value: String.fromCharCode(code) };
};

const REGEX_START = /\/|m(?:[/#$%^,;:?|\-!.'"]|_(?![a-zA-Z0-9_]))/y;

export interface RegexText {
  readonly end: number;
  readonly source: string;
  readonly ignoreCase: boolean;
}

/**
 * Reads `/regex/` or `m#regex#` and the flag `i`. The regex ends at the first delimiter: a backslash does not protect
 * it. Answers `undefined` where no regex starts and `'unterminated'` where one starts and never ends.
 */
export const scanRegex = (source: string, start: number): RegexText | 'unterminated' | undefined => {
  REGEX_START.lastIndex = start;
  const opening = REGEX_START.exec(source)?.[0];
  if (opening === undefined) return undefined;
  const from = start + opening.length;
  const close = source.indexOf(opening.slice(-1), from);
  if (close < 0) return 'unterminated';
  const ignoreCase = source[close + 1] === 'i';
  return { end: close + (ignoreCase ? 2 : 1), source: source.slice(from, close), ignoreCase };
};
