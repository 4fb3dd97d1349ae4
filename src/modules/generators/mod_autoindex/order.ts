/** Sorting of listings (dsortf; apr_strnatcmp by Martin Pool's rules). */
import { asciiLower } from '../../../lib/ascii.ts';

export interface Entry {
  /** A directory's ends in a slash; the parent's begins with one. */
  readonly name: string;
  readonly icon: string | undefined;
  readonly alt: string | undefined;
  readonly description: string | undefined;
  /** Bytes; -1: not shown. */
  readonly size: number;
  /** Milliseconds since 1970; -1: not known. */
  readonly modified: number;
  /** Goes before files (FoldersFirst). */
  readonly isFirst: boolean;
}

export interface Order {
  /** N, M, S or D. */
  readonly key: string;
  readonly isAscending: boolean;
  readonly isVersion: boolean;
  readonly ignoresCase: boolean;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function sortEntries(entries: Entry[], order: Order): void {
  const isByName = order.key === 'N' && !order.isVersion && !order.ignoresCase;
  if (!isByName || entries.some(({ isFirst }) => isFirst)) {
    const folded = order.ignoresCase
      ? new Map(entries.map((entry) => [entry, asciiLower(entry.name)]))
      : NONE;
    entries.sort((a, b) => compareEntries(a, b, order, folded));
    return;
  }
  // The usual order, without asking for the rest of it at every step.
  const sign = order.isAscending ? 1 : -1;
  entries.sort(({ name: a }, { name: b }) => {
    if (a.charCodeAt(0) === 0x2f) return -1;
    if (b.charCodeAt(0) === 0x2f) return 1;
    return a < b ? -sign : a > b ? sign : 0;
  });
}

const NONE: ReadonlyMap<Entry, string> = new Map();

/** @param folded names in lower case, where they are at hand. */
export function compareEntries(a: Entry, b: Entry, order: Order, folded = NONE): number {
  if (a.name.startsWith('/')) return -1;
  if (b.name.startsWith('/')) return 1;
  if (a.isFirst !== b.isFirst) return a.isFirst ? -1 : 1;
  const first = order.isAscending ? a : b;
  const second = order.isAscending ? b : a;
  const compare = order.isVersion ? compareNatural : compareText;
  let result = 0;
  if (order.key === 'M') result = first.modified - second.modified;
  else if (order.key === 'S') result = first.size - second.size;
  else if (order.key === 'D') result = compare(first.description ?? '', second.description ?? '');
  if (result !== 0) return result;
  // Names that differ in case only still have an order.
  if (order.ignoresCase)
    result = compare(
      folded.get(first) ?? asciiLower(first.name),
      folded.get(second) ?? asciiLower(second.name),
    );
  return result !== 0 ? result : compare(first.name, second.name);
}

const isDigit = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
};
/** What is behind the end (NaN) is none. */
const isSpace = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
};

/** Runs of digits compare as numbers; with leading zeros as fractions. */
export function compareNatural(a: string, b: string): number {
  let i = 0;
  let j = 0;
  for (;;) {
    while (isSpace(a, i)) i++;
    while (isSpace(b, j)) j++;
    if (isDigit(a, i) && isDigit(b, j)) {
      const isFraction = a[i] === '0' || b[j] === '0';
      const result = isFraction ? compareFraction(a, i, b, j) : compareNumber(a, i, b, j);
      if (result !== 0) return result;
    }
    if (i >= a.length && j >= b.length) return 0;
    const first = i < a.length ? a.charCodeAt(i) : 0;
    const second = j < b.length ? b.charCodeAt(j) : 0;
    if (first !== second) return first < second ? -1 : 1;
    i++;
    j++;
  }
}

/** The longer run wins; among equals the first digit that differs. */
function compareNumber(a: string, i: number, b: string, j: number): number {
  let bias = 0;
  for (let at = 0; ; at++) {
    const more = isDigit(a, i + at);
    const others = isDigit(b, j + at);
    if (!more && !others) return bias;
    if (!more) return -1;
    if (!others) return 1;
    if (bias === 0) bias = compareText(a[i + at] as string, b[j + at] as string);
  }
}

function compareFraction(a: string, i: number, b: string, j: number): number {
  for (let at = 0; ; at++) {
    const more = isDigit(a, i + at);
    const others = isDigit(b, j + at);
    if (!more && !others) return 0;
    if (!more) return -1;
    if (!others) return 1;
    const result = compareText(a[i + at] as string, b[j + at] as string);
    if (result !== 0) return result;
  }
}
