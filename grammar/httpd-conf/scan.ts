/**
 * Scanners for the pieces of a configuration line: each answers where the piece that starts at an offset ends. The token patterns and
 * the word cursor are made of them, so that both know one set of rules. All are linear and never backtrack, whatever the bytes.
 */

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** apr_isspace in the C locale: space, tab, line feed, vertical tab, form feed, carriage return. */
export function isSpace(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= CARRIAGE_RETURN);
}

/** Is this the quote that opens a quoted word? */
export function isQuote(code: number): boolean {
  return code === DOUBLE_QUOTE || code === SINGLE_QUOTE;
}

/**
 * Length of the line continuation at an offset: 2 for backslash-newline, 3 for backslash-CR-newline, 0 when there is none
 * (ap_cfg_getline_core: any backslash right in front of the line end, also one that follows another backslash).
 */
export function continuationLength(text: string, at: number): number {
  if (text.charCodeAt(at) !== BACKSLASH) return 0;
  const next = text.charCodeAt(at + 1);
  if (next === LINE_FEED) return 2;
  return next === CARRIAGE_RETURN && text.charCodeAt(at + 2) === LINE_FEED ? 3 : 0;
}

/** Where the logical line that holds `at` ends: the offset of its line feed, or the end of the text. */
export function logicalLineEnd(text: string, at: number): number {
  let newline = text.indexOf('\n', at);
  while (newline > at) {
    const before = text.charCodeAt(newline - 1) === CARRIAGE_RETURN ? newline - 2 : newline - 1;
    if (before < at || text.charCodeAt(before) !== BACKSLASH) return newline;
    newline = text.indexOf('\n', newline + 1);
  }
  return newline < 0 ? text.length : newline;
}

/** Takes white space and continuations off the end of a piece of a logical line; answers its new end. */
export function trimmedEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(text.charCodeAt(at - 1))) {
    const lineFeed = text.charCodeAt(at - 1) === LINE_FEED;
    at--;
    // Inside a logical line every line feed belongs to a continuation.
    if (!lineFeed) continue;
    if (text.charCodeAt(at - 1) === CARRIAGE_RETURN) at--;
    at--;
  }
  return Math.max(at, start);
}

/** End of the white space at an offset, with the continuations in it; line feeds end it when `inLine`. */
export function spaceEnd(text: string, start: number, inLine: boolean): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (isSpace(code) && !(inLine && code === LINE_FEED)) at++;
    else {
      const folded = continuationLength(text, at);
      if (folded === 0) return at;
      at += folded;
    }
  }
}

/** End of the bare word at an offset of a raw line: up to white space; a continuation in it does not end it. */
export function rawBareEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const folded = continuationLength(text, at);
    if (folded > 0) at += folded;
    else if (isSpace(text.charCodeAt(at))) break;
    else at++;
  }
  return at;
}

/** End of the bare word at an offset of a joined line. */
export function bareEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && !isSpace(text.charCodeAt(at))) at++;
  return at;
}

/**
 * Offset of the quote that closes the quoted word at an offset, or the text's end (httpd lets a quote stay open). A backslash guards the
 * quote and itself, nothing else.
 */
export function closingQuote(text: string, start: number): number {
  const quote = text.charCodeAt(start);
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) return at;
    if (code === BACKSLASH) {
      const next = text.charCodeAt(at + 1);
      if (next === quote || next === BACKSLASH) at++;
    }
    at++;
  }
  return Math.min(at, text.length);
}

/** Offset of the brace that closes the braced word at an offset, or the text's end. Braces nest; `\\` hides nothing but a backslash. */
export function closingBrace(text: string, start: number): number {
  let depth = 1;
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === CLOSE_BRACE && --depth === 0) return at;
    if (code === OPEN_BRACE) depth++;
    else if (code === BACKSLASH && text.charCodeAt(at + 1) === BACKSLASH) at++;
    at++;
  }
  return Math.min(at, text.length);
}

/**
 * The text with every NUL byte and the rest of its physical line made spaces: httpd's lines are C strings, so that a NUL ends the line (and
 * hides a backslash at its end). Offsets stay as they are.
 */
export function blankAfterNul(text: string): string {
  let nul = text.indexOf('\0');
  if (nul < 0) return text;
  const pieces: string[] = [];
  let done = 0;
  while (nul >= 0) {
    const newline = text.indexOf('\n', nul);
    const end = newline < 0 ? text.length : newline;
    pieces.push(text.slice(done, nul), ' '.repeat(end - nul));
    done = end;
    nul = text.indexOf('\0', end);
  }
  pieces.push(text.slice(done));
  return pieces.join('');
}
