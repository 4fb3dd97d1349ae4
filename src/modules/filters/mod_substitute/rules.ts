/** Substitute's rules, and what they make of a line (set_pattern and do_pattmatch of mod_substitute.c). Pure; texts are byte strings. */

import { asciiLower } from '../../../lib/ascii.ts';
import { compilePcre, type Pcre, PcreError, substitute } from '../../../lib/pcre/index.ts';

export interface Rule {
  /** undefined: `text` is looked for. */
  readonly regex: Pcre | undefined;
  /** In lower case when case does not matter. */
  readonly text: string;
  readonly ignoresCase: boolean;
  readonly replacement: string;
  /** What it makes of a piece is one piece to the rules behind it. */
  readonly flattens: boolean;
}

/** Reads `s/pattern/replacement/flags`; a string is what is wrong with it, in httpd's words. */
export function parseRule(line: string): Rule | string {
  if (line[0] !== 's' && line[0] !== 'S') return 'Bad Substitute format, must be an s/// pattern';
  const parts = line.length > 1 ? line.slice(2).split(line[1] as string) : [];
  const [pattern, replacement] = parts;
  if (pattern === undefined || pattern === '' || replacement === undefined)
    return 'Bad Substitute format, must be a complete s/// pattern';
  const flags = asciiLower(parts.slice(2).join(line[1] as string));
  if (/[^infq]/.test(flags)) return 'Bad Substitute flag, only s///[infq] are supported';
  const ignoresCase = flags.includes('i');
  const rule = {
    text: ignoresCase ? asciiLower(pattern) : pattern,
    ignoresCase,
    replacement,
    // The last word counts.
    flattens: flags.lastIndexOf('q') <= flags.lastIndexOf('f'),
  };
  if (flags.includes('n')) return { ...rule, regex: undefined };
  try {
    return { ...rule, regex: compilePcre(pattern, { ignoreCase: ignoresCase }) };
  } catch (error) {
    if (!(error instanceof PcreError)) throw error;
    return 'Substitute could not compile regex';
  }
}

/**
 * Applies the rules to a line, in order; undefined when it comes to more than `limit` bytes. Rules that do not flatten leave a line in pieces,
 * which the rules behind them look at one by one.
 */
export function applyRules(rules: readonly Rule[], line: string, limit: number): string | undefined {
  let pieces = [line];
  const isOnly = rules.length === 1;
  for (const rule of rules) {
    const results: string[] = [];
    for (const piece of pieces) {
      const out = new Replacement(limit, rule.flattens && !isOnly);
      const isDone =
        rule.regex === undefined
          ? replaceText(rule, piece, out)
          : replaceMatches(rule, rule.regex, piece, out);
      if (!isDone) return undefined;
      results.push(...out.pieces);
    }
    pieces = results;
  }
  return pieces.length === 1 ? pieces[0] : pieces.join('');
}

/** What a rule has made of a piece so far. */
class Replacement {
  readonly isFlat: boolean;
  readonly #limit: number;
  pieces: string[] = [];
  #size = 0;

  constructor(limit: number, isFlat: boolean) {
    this.#limit = limit;
    this.isFlat = isFlat;
  }
  /** Bytes that may still be added. */
  get room(): number {
    return this.#limit - this.#size;
  }
  add(text: string): void {
    this.#size += text.length;
    if (text === '') return;
    if (this.isFlat && this.pieces.length > 0) this.pieces[0] += text;
    else this.pieces.push(text);
  }
}

function replaceText({ text, ignoresCase, replacement }: Rule, piece: string, out: Replacement): boolean {
  const searched = ignoresCase ? asciiLower(piece) : piece;
  let from = 0;
  for (let at = searched.indexOf(text); at >= 0; at = searched.indexOf(text, from)) {
    if (out.room < at - from + replacement.length) return false;
    out.add(piece.slice(from, at));
    out.add(replacement);
    from = at + text.length;
  }
  if (from > 0 && !out.isFlat && out.room < piece.length - from) return false;
  out.add(piece.slice(from));
  return true;
}

/** Each search starts anew behind the match before: it does not see what is before it, and `^` matches there. */
function replaceMatches({ replacement }: Rule, regex: Pcre, piece: string, out: Replacement): boolean {
  let rest = piece;
  for (let match = regex.exec(rest); match !== null; match = regex.exec(rest)) {
    // httpd finds the same nothing again and again, until the line is too long.
    if (match.end === 0) return false;
    if (!out.isFlat && out.room <= match.index) return false;
    out.add(rest.slice(0, match.index));
    const text = out.room > 0 ? substitute(replacement, match, out.room) : undefined;
    if (text === undefined) return false;
    out.add(text);
    rest = rest.slice(match.end);
  }
  out.add(rest);
  return true;
}
