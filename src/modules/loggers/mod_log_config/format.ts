/** Log formats: text to closure (parse_log_item and parse_log_misc_string of httpd's mod_log_config.c). */
import type { LogItem } from '../../../core/access-log.ts';
import type { Request } from '../../../core/request.ts';

/** Makes a line, without its end, of the request that was answered and the one the client sent. */
export type LogLine = (final: Request, original: Request) => string;

export interface LogFormat {
  readonly line: LogLine;
  /** `%h` is in it: where names are looked up the line has to wait for one. */
  readonly asksHostName: boolean;
}

type FindItem = (name: string) => LogItem | undefined;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', '"': '"' };

/** Compiles a format; a string is httpd's words for what is wrong with it. */
export function compileLogFormat(text: string, findItem: FindItem): LogFormat | string {
  const pieces: (string | LogLine)[] = [];
  let asksHostName = false;
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const char = text[at] as string;
    if (char === '\\') {
      const escaped = text[at + 1];
      literal += escaped === undefined ? '\\' : (ESCAPES[escaped] ?? `\\${escaped}`);
      at += 2;
    } else if (char !== '%') {
      literal += char;
      at++;
    } else if (text[at + 1] === '%') {
      literal += '%';
      at += 2;
    } else {
      const found = readItem(text, at + 1, findItem);
      if (typeof found === 'string') return found;
      if (literal !== '') pieces.push(literal);
      literal = '';
      pieces.push(found.line);
      asksHostName ||= found.asksHostName;
      at = found.end;
    }
  }
  if (literal !== '') pieces.push(literal);
  return { line: joined(pieces), asksHostName };
}

function joined(pieces: readonly (string | LogLine)[]): LogLine {
  return (final, original) => {
    let line = '';
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i] as string | LogLine;
      line += typeof piece === 'string' ? piece : piece(final, original);
    }
    return line;
  };
}

interface Found {
  readonly line: LogLine;
  readonly asksHostName: boolean;
  readonly end: number;
}

/** What may stand between `%` and its letter. */
interface Modifiers {
  /** `<`: true, `>`: false. */
  ofOriginal: boolean | undefined;
  statuses: number[];
  isNegated: boolean;
  argument: string;
}

function readItem(text: string, from: number, findItem: FindItem): Found | string {
  const modifiers: Modifiers = { ofOriginal: undefined, statuses: [], isNegated: false, argument: '' };
  let at = from;
  while (at < text.length) {
    const next = readModifier(text, at, modifiers);
    if (next !== at) {
      at = next;
      continue;
    }
    // A caret and two letters, as far as somebody knows them; else one letter.
    const long = text[at] === '^' ? text.slice(at, at + 3) : '';
    const name = long.length === 3 && findItem(long) !== undefined ? long : (text[at] as string);
    const item = findItem(name);
    if (item === undefined) return `Unrecognized LogFormat directive %${name}`;
    return { line: itemLine(item, modifiers), asksHostName: name === 'h', end: at + name.length };
  }
  return 'Ran off end of LogFormat parsing args to some directive';
}

/** Reads one modifier; answers where the next one starts, or `at` when there is none. */
function readModifier(text: string, at: number, modifiers: Modifiers): number {
  const char = text[at] as string;
  switch (char) {
    case '!':
      modifiers.isNegated = !modifiers.isNegated;
      return at + 1;
    case '<':
      modifiers.ofOriginal = true;
      return at + 1;
    case '>':
      modifiers.ofOriginal = false;
      return at + 1;
    case ',':
      return at + 1;
    case '{': {
      const close = text.indexOf('}', at);
      modifiers.argument = close < 0 ? text.slice(at + 1) : text.slice(at + 1, close);
      return close < 0 ? text.length : close + 1;
    }
    default: {
      if (char < '0' || char > '9') return at;
      const digits = /^\d+/.exec(text.slice(at))?.[0] ?? char;
      modifiers.statuses.push(Number(digits));
      return at + digits.length;
    }
  }
}

function itemLine(item: LogItem, { ofOriginal, statuses, isNegated, argument }: Modifiers): LogLine {
  const value = item.compile(argument);
  const wantsOriginal = ofOriginal ?? item.ofOriginal === true;
  const line: LogLine = wantsOriginal
    ? (_final, original) => value(original) ?? '-'
    : (final) => value(final) ?? '-';
  if (statuses.length === 0) return line;
  const listed = new Set(statuses);
  // The status that counts is always that of the answer.
  return (final, original) => (listed.has(final.status) === isNegated ? '-' : line(final, original));
}
