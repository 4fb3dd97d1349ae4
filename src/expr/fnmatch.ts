/** apr_fnmatch over byte strings, for -strmatch, -strcmatch and -fnmatch. The pattern may be known only at run time. */

export interface FnmatchFlags {
  /** APR_FNM_PATHNAME: `/` is matched by `/` alone. */
  readonly pathname: boolean;
  /** APR_FNM_CASE_BLIND: ASCII letters only. */
  readonly ignoreCase: boolean;
}

type Item =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | {
      readonly kind: 'set';
      readonly negated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    };

const foldChar = (char: string): string => (char >= 'A' && char <= 'Z' ? char.toLowerCase() : char);
const unfoldChar = (char: string): string => (char >= 'a' && char <= 'z' ? char.toUpperCase() : char);

/** Compiles a pattern; matching takes at most pattern × subject steps. */
export const compileFnmatch = (pattern: string, flags: FnmatchFlags): ((subject: string) => boolean) => {
  const items = parsePattern(pattern, flags);
  return (subject) => matches(items, subject, flags);
};

const parsePattern = (pattern: string, flags: FnmatchFlags): readonly Item[] => {
  const items: Item[] = [];
  let at = 0;
  while (at < pattern.length) {
    const char = pattern[at] as string;
    if (char === '*') {
      if (items.at(-1)?.kind !== 'star') items.push({ kind: 'star' });
      at += 1;
    } else if (char === '?') {
      items.push({ kind: 'any' });
      at += 1;
    } else if (char === '[') {
      const set = parseSet(pattern, at, flags.pathname);
      items.push(set?.item ?? { kind: 'char', char });
      at = set?.end ?? at + 1;
    } else {
      const escaped = char === '\\' && at + 1 < pattern.length;
      const literal = escaped ? (pattern[at + 1] as string) : char;
      items.push({ kind: 'char', char: flags.ignoreCase ? foldChar(literal) : literal });
      at += escaped ? 2 : 1;
    }
  }
  return items;
};

/** A bracket expression; one that never closes, or holds `/` under pathname, is a literal `[` instead. */
const parseSet = (
  pattern: string,
  start: number,
  pathname: boolean,
): { item: Item; end: number } | undefined => {
  let at = start + 1;
  const negated = pattern[at] === '!' || pattern[at] === '^';
  if (negated) at += 1;
  const first = at;
  const ranges: [string, string][] = [];
  const take = (): string | undefined => {
    if (pattern[at] === '\\') at += 1;
    const char = pattern[at];
    at += 1;
    return char;
  };
  for (;;) {
    if (pattern[at] === ']' && at > first) return { item: { kind: 'set', negated, ranges }, end: at + 1 };
    const low = take();
    if (low === undefined || (pathname && low === '/')) return undefined;
    let high: string | undefined = low;
    if (pattern[at] === '-' && pattern[at + 1] !== ']') {
      at += 1;
      high = take();
      if (high === undefined || (pathname && high === '/')) return undefined;
    }
    ranges.push([low, high]);
  }
};

const matchesItem = (item: Item, char: string, flags: FnmatchFlags): boolean => {
  if (flags.pathname && char === '/') return item.kind === 'char' && item.char === '/';
  switch (item.kind) {
    case 'char':
      return item.char === (flags.ignoreCase ? foldChar(char) : char);
    case 'any':
      return true;
    case 'star':
      return false;
    case 'set': {
      const forms = flags.ignoreCase ? [foldChar(char), unfoldChar(char)] : [char];
      return (
        item.ranges.some(([low, high]) => forms.some((form) => form >= low && form <= high)) !== item.negated
      );
    }
  }
};

/** Greedy with one fall-back point: of several stars only the last needs to be tried again. */
const matches = (items: readonly Item[], subject: string, flags: FnmatchFlags): boolean => {
  let item = 0;
  let at = 0;
  let starItem = -1;
  let starAt = 0;
  while (at < subject.length) {
    const current = items[item];
    if (current?.kind === 'star') {
      starItem = item;
      starAt = at;
      item += 1;
    } else if (current !== undefined && matchesItem(current, subject[at] as string, flags)) {
      item += 1;
      at += 1;
    } else if (starItem >= 0 && !(flags.pathname && subject[starAt] === '/')) {
      item = starItem + 1;
      starAt += 1;
      at = starAt;
    } else {
      return false;
    }
  }
  while (items[item]?.kind === 'star') item += 1;
  return item === items.length;
};
