/**
 * How RewriteRule and RewriteCond split their arguments, which is not how other directives do it (parseargline and cmd_parseflagfield): a
 * backslash before a blank keeps both in the word, a quote ends at the next quote of its kind whatever stands before it.
 */

export interface ArgumentLine {
  readonly first: string;
  readonly second: string;
  /** The flags, with their brackets. */
  readonly third: string | undefined;
}

const isBlank = (c: string | undefined): boolean => c !== undefined && /[ \t\n\v\f\r]/.test(c);

/** Answers undefined for a line without two words. */
export function parseArgumentLine(text: string): ArgumentLine | undefined {
  let at = 0;
  const skipBlanks = (): void => {
    while (isBlank(text[at])) at++;
  };
  const word = (): string => {
    const quote = text[at] === '"' || text[at] === "'" ? text[at++] : undefined;
    const start = at;
    while (at < text.length) {
      const c = text[at] as string;
      if (quote === undefined ? isBlank(c) : c === quote) break;
      at += c === '\\' && isBlank(text[at + 1]) ? 2 : 1;
    }
    return text.slice(start, at++);
  };
  skipBlanks();
  const first = word();
  if (at > text.length) return undefined;
  skipBlanks();
  const second = word();
  skipBlanks();
  return { first, second, third: at < text.length ? word() : undefined };
}

/** One flag of a list; `value` is empty where there is no `=`. */
export interface WrittenFlag {
  readonly name: string;
  readonly value: string;
}

/** Splits `[a,b=c]`; undefined without the brackets. An empty flag is one without a name. */
export function parseFlagField(text: string): readonly WrittenFlag[] | undefined {
  if (!text.startsWith('[') || !text.endsWith(']')) return undefined;
  const flags: WrittenFlag[] = [];
  for (const written of text.slice(1, -1).split(',')) {
    const flag = written.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '');
    const equal = flag.indexOf('=');
    flags.push(
      equal < 0 ? { name: flag, value: '' } : { name: flag.slice(0, equal), value: flag.slice(equal + 1) },
    );
  }
  return flags;
}
