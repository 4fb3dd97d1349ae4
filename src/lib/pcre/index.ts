import { setFlagsFromString } from 'node:v8';
import { isNativelyExact } from './analyse.ts';
import type { ParsedPattern } from './ast.ts';
import { longestBoundedSubject } from './effort.ts';
import { PcreError } from './error.ts';
import { Machine } from './machine.ts';
import { parsePattern } from './parse.ts';
import { compileProgram } from './program.ts';
import { translate } from './translate.ts';

export { PcreError } from './error.ts';
export { MAX_SUBSTITUTION, substitute } from './substitute.ts';

/** Compile options, named after ap_regcomp()'s. */
export interface PcreFlags {
  /** AP_REG_ICASE. ASCII letters only. */
  readonly ignoreCase: boolean;
  /** PCRE2_EXTENDED; httpd has no flag for it, `(?x)` does the same. */
  readonly extended: boolean;
  /** AP_REG_DOTALL, on by default in httpd 2.4. */
  readonly dotAll: boolean;
  /** AP_REG_MULTI: `^` and `$` at inner newlines too. */
  readonly multiline: boolean;
  /** AP_REG_DOLLAR_ENDONLY, on by default in httpd 2.4: `$` does not match before a final newline. */
  readonly dollarEndOnly: boolean;
  /** Report only the whole match. */
  readonly noSub: boolean;
}

export interface PcreMatch {
  /** The whole match, then the groups by their numbers in the pattern; undefined where unset. */
  readonly groups: readonly (string | undefined)[];
  /** Byte offset of the match. */
  readonly index: number;
  /** Byte offset behind it. */
  readonly end: number;
}

/** A compiled pattern. Subjects are byte strings. */
export interface Pcre {
  readonly source: string;
  readonly groupCount: number;
  /** The (lowest) number of each name. */
  readonly groupNames: ReadonlyMap<string, number>;
  /** Names by number, with holes; several groups may share a name (httpd compiles with PCRE2_DUPNAMES). */
  readonly namesByNumber: readonly (string | undefined)[];
  /** Finds the first match at or behind byte `from` (0); lookbehinds see what is before it. */
  exec(subject: string, from?: number): PcreMatch | null;
  test(subject: string): boolean;
}

/** What flags are when a caller does not give them: RegexDefaultOptions. */
export type PcreDefaults = Pick<PcreFlags, 'ignoreCase' | 'dotAll' | 'dollarEndOnly'>;
export const PCRE_DEFAULTS: PcreDefaults = Object.freeze({
  ignoreCase: false,
  dotAll: true,
  dollarEndOnly: true,
});
let defaults = PCRE_DEFAULTS;

/** For all patterns compiled from now on, as ap_regcomp_set_default_cflags() is for httpd's process. */
export function setPcreDefaults(flags: PcreDefaults): void {
  defaults = flags;
}
export function pcreDefaults(): PcreDefaults {
  return defaults;
}

/** Runs `work` with these defaults; what it makes of them by setPcreDefaults() ends with it. */
export function withPcreDefaults<T>(flags: PcreDefaults, work: () => T): T {
  const before = defaults;
  defaults = flags;
  try {
    return work();
  } finally {
    defaults = before;
  }
}

/**
 * Compiles PCRE2 syntax with httpd's defaults (dotAll and dollarEndOnly on). A pattern whose meaning a RegExp
 * has exactly becomes one, for as long as a RegExp ends in reasonable time; any other runs on a backtracking
 * machine with PCRE's rules.
 * @param source the pattern as a byte string
 * @throws PcreError
 */
export function compilePcre(source: string, flags: Partial<PcreFlags> = {}): Pcre {
  const pattern = parse(source, flags);
  const { groupCount, groupNames: namesByNumber } = pattern;
  const groupNames = new Map<string, number>();
  namesByNumber.forEach((name, number) => {
    if (name !== undefined && !groupNames.has(name)) groupNames.set(name, number);
  });
  const reported = flags.noSub ? 0 : groupCount;
  const face: Face = { source, groupCount, groupNames, namesByNumber, reported };
  if (!isNativelyExact(pattern)) return new MachinePcre(face, pattern);
  const { source: native, groupMap } = translate(pattern);
  const longest = isLinear(native) ? Number.POSITIVE_INFINITY : longestBoundedSubject(pattern);
  if (longest === 0) return new MachinePcre(face, pattern);
  try {
    const regex = new RegExp(native, 's');
    // V8 compiles at first use, and only then finds a pattern too large.
    regex.test('');
    const fast = new NativePcre(face, regex, groupMap);
    return longest === Number.POSITIVE_INFINITY ? fast : new BoundedPcre(face, fast, longest, pattern);
  } catch {
    throw new PcreError('regular expression is too large', source.length);
  }
}

/**
 * The source of the RegExp (flag `s`) that a pattern becomes, for those who analyse it; undefined for one that runs on the machine.
 * @throws PcreError
 */
export function nativeSource(source: string, flags: Partial<PcreFlags> = {}): string | undefined {
  const pattern = parse(source, flags);
  return isNativelyExact(pattern) ? translate(pattern).source : undefined;
}

function parse(source: string, flags: Partial<PcreFlags>): ParsedPattern {
  return parsePattern(source, {
    // Asked for or by default: httpd adds its flags to the default ones.
    ignoreCase: flags.ignoreCase === true || defaults.ignoreCase,
    extended: flags.extended ? 1 : 0,
    dotAll: flags.dotAll ?? defaults.dotAll,
    multiline: flags.multiline ?? false,
    dollarEndOnly: flags.dollarEndOnly ?? defaults.dollarEndOnly,
    ungreedy: false,
    noAutoCapture: false,
  });
}

interface Face {
  readonly source: string;
  readonly groupCount: number;
  readonly groupNames: ReadonlyMap<string, number>;
  readonly namesByNumber: readonly (string | undefined)[];
  /** The highest group number reported. */
  readonly reported: number;
}

/*
 * PCRE2 gives a match up after ten million steps; V8 would go on for hours, and nobody else be served. With this, it goes over to its engine of
 * linear time after 50,000 backtracks, for patterns without lookarounds, back-references and large counts. Read when a pattern is first used.
 */
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
/* For the flag `l`, which is refused to a pattern that the engine of linear time cannot run. */
setFlagsFromString('--enable-experimental-regexp-engine');

function isLinear(source: string): boolean {
  try {
    new RegExp(source, 'ls');
    return true;
  } catch {
    return false;
  }
}

/** V8 throws RangeError when its backtrack stack is full; PCRE2's limits mean "no match" to httpd. */
function noMatchOnOverflow(error: unknown): null {
  if (error instanceof RangeError) return null;
  throw error;
}

/** What is known of a pattern, whichever engine runs it. */
abstract class Compiled {
  readonly source: string;
  readonly groupCount: number;
  readonly groupNames: ReadonlyMap<string, number>;
  readonly namesByNumber: readonly (string | undefined)[];

  constructor(face: Face) {
    this.source = face.source;
    this.groupCount = face.groupCount;
    this.groupNames = face.groupNames;
    this.namesByNumber = face.namesByNumber;
  }
}

class NativePcre extends Compiled implements Pcre {
  readonly #regex: RegExp;
  /** The same with `g`, for starts other than 0. */
  #resumable: RegExp | undefined;
  readonly #map: readonly number[] | undefined;

  constructor(face: Face, regex: RegExp, groupMap: readonly number[] | undefined) {
    super(face);
    this.#regex = regex;
    const reported = face.reported === face.groupCount ? undefined : [0];
    this.#map = reported ?? groupMap;
  }

  test(subject: string): boolean {
    try {
      return this.#regex.test(subject);
    } catch (error) {
      return noMatchOnOverflow(error) !== null;
    }
  }

  exec(subject: string, from = 0): PcreMatch | null {
    const found = this.#find(subject, from);
    if (found === null) return null;
    const { index } = found;
    const end = index + found[0].length;
    return { groups: this.#map === undefined ? found : this.#map.map((native) => found[native]), index, end };
  }

  #find(subject: string, from: number): RegExpExecArray | null {
    try {
      if (from === 0) return this.#regex.exec(subject);
      const regex = (this.#resumable ??= new RegExp(this.#regex.source, 'gs'));
      regex.lastIndex = from;
      return regex.exec(subject);
    } catch (error) {
      return noMatchOnOverflow(error);
    }
  }
}

/** A RegExp for subjects so short that it has soon tried everything, the machine, which gives up as PCRE2 does, for longer ones. */
class BoundedPcre extends Compiled implements Pcre {
  readonly #face: Face;
  readonly #fast: Pcre;
  readonly #longest: number;
  readonly #pattern: ParsedPattern;
  #slow: Pcre | undefined;

  constructor(face: Face, fast: Pcre, longest: number, pattern: ParsedPattern) {
    super(face);
    this.#face = face;
    this.#fast = fast;
    this.#longest = longest;
    this.#pattern = pattern;
  }

  test(subject: string): boolean {
    return this.#for(subject).test(subject);
  }

  exec(subject: string, from?: number): PcreMatch | null {
    return this.#for(subject).exec(subject, from);
  }

  #for(subject: string): Pcre {
    if (subject.length <= this.#longest) return this.#fast;
    this.#slow ??= new MachinePcre(this.#face, this.#pattern);
    return this.#slow;
  }
}

class MachinePcre extends Compiled implements Pcre {
  readonly #machine: Machine;
  readonly #reported: number;

  constructor(face: Face, pattern: ParsedPattern) {
    super(face);
    this.#reported = face.reported;
    this.#machine = new Machine(compileProgram(pattern));
  }

  test(subject: string): boolean {
    return this.#machine.exec(subject, 0) !== null;
  }

  exec(subject: string, from = 0): PcreMatch | null {
    const found = this.#machine.exec(subject, from);
    if (found === null) return null;
    const groups: (string | undefined)[] = [];
    for (let group = 0; group <= this.#reported; group++) {
      const end = found[2 * group + 1] as number;
      groups.push(end < 0 ? undefined : subject.slice(found[2 * group], end));
    }
    return { groups, index: found[0] ?? 0, end: found[1] ?? 0 };
  }
}
