import type { FnmatchFlags } from './index.ts';

/** A star, or the bytes that may stand at one place. */
type Token = typeof STAR | typeof STAR_IN_SEGMENT | Uint8Array;
const STAR = 1;
const STAR_IN_SEGMENT = 2;

export interface Glob {
  readonly tokens: readonly Token[];
  /** Tokens (by index) that may match a leading dot: literal dots. Undefined without the period flag. */
  readonly literalDots: ReadonlySet<number> | undefined;
  readonly pathname: boolean;
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** Reads a pattern as apr_fnmatch() does. */
export function parseGlob(pattern: string, flags: FnmatchFlags): Glob {
  const tokens: Token[] = [];
  const literalDots = new Set<number>();
  for (let at = 0; at < pattern.length; ) {
    const c = pattern[at];
    if (c === '*') {
      tokens.push(flags.pathname ? STAR_IN_SEGMENT : STAR);
      at++;
      continue;
    }
    if (c === '?') {
      tokens.push(cells((byte) => !(flags.pathname && byte === SLASH)));
      at++;
      continue;
    }
    const bracket = c === '[' ? readBracket(pattern, at, flags) : undefined;
    if (bracket !== undefined) {
      tokens.push(bracket.set);
      at = bracket.next;
      continue;
    }
    if (c === '\\' && !flags.noEscape && at + 1 < pattern.length) at++;
    const byte = pattern.charCodeAt(at++);
    if (byte === DOT) literalDots.add(tokens.length);
    tokens.push(cells((b) => sameByte(b, byte, flags.caseBlind)));
  }
  return { tokens, literalDots: flags.period ? literalDots : undefined, pathname: flags.pathname };
}

function cells(accepts: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (accepts(byte) ? 1 : 0));
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte);
const sameByte = (a: number, b: number, caseBlind: boolean): boolean =>
  a === b || (caseBlind && lower(a) === lower(b));

/** A bracket from its `[` on; undefined when it is not closed and so stands for itself. */
function readBracket(
  pattern: string,
  open: number,
  { noEscape, pathname, caseBlind }: FnmatchFlags,
): { set: Uint8Array; next: number } | undefined {
  let at = open + 1;
  const negative = pattern[at] === '!' || pattern[at] === '^';
  if (negative) at++;
  const ranges: [from: number, to: number][] = [];
  const readByte = (): number => {
    if (pattern[at] === '\\' && !noEscape && at + 1 < pattern.length) at++;
    return pattern.charCodeAt(at++);
  };
  for (let first = true; first || pattern[at] !== ']'; first = false) {
    if (at >= pattern.length || (pathname && pattern[at] === '/')) return undefined;
    const from = readByte();
    let to = from;
    if (pattern[at] === '-' && at + 1 < pattern.length && pattern[at + 1] !== ']') {
      at++;
      to = readByte();
    }
    ranges.push([from, to]);
  }
  const inRange = (byte: number): boolean =>
    ranges.some(([from, to]) => (byte >= from && byte <= to) || (caseBlind && lowerInRange(byte, from, to)));
  return { set: cells((b) => inRange(b) !== negative && !(pathname && b === SLASH)), next: at + 1 };
}

/** apr folds the byte and both ends of the range. */
function lowerInRange(byte: number, from: number, to: number): boolean {
  return lower(byte) >= lower(from) && lower(byte) <= lower(to);
}

/**
 * Matches with one way back, the last star: a later star makes all earlier choices irrelevant, so time is at
 * most length of name times length of pattern.
 */
export function matchTokens({ tokens, literalDots, pathname }: Glob, name: string): boolean {
  let at = 0;
  let token = 0;
  let starToken = -1;
  let starAt = 0;
  for (;;) {
    const current = tokens[token];
    if (current === STAR || current === STAR_IN_SEGMENT) {
      if (literalDots !== undefined && isLeadingDot(name, at, pathname)) return false;
      starToken = token++;
      starAt = at;
      continue;
    }
    if (current === undefined) {
      if (at === name.length) return true;
    } else if (at < name.length && current[name.charCodeAt(at)] === 1) {
      const guarded =
        literalDots !== undefined && !literalDots.has(token) && isLeadingDot(name, at, pathname);
      if (!guarded) {
        at++;
        token++;
        continue;
      }
    }
    if (starToken < 0 || starAt >= name.length) return false;
    if (tokens[starToken] === STAR_IN_SEGMENT && name.charCodeAt(starAt) === SLASH) return false;
    at = ++starAt;
    token = starToken + 1;
  }
}

function isLeadingDot(name: string, at: number, pathname: boolean): boolean {
  return name.charCodeAt(at) === DOT && (at === 0 || (pathname && name.charCodeAt(at - 1) === SLASH));
}
