/** Choosing among variants: qualities of each, and which one is better (best_match and what it calls in mod_negotiation.c). */
import type { Request } from '../../../core/request.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { AcceptItem, ClientSide, Mode } from './accept.ts';

/** A representation that could be sent. */
export interface Variant {
  /** Of a file beside the resource, or a URI of a type map; empty for one whose body stands in the map. */
  readonly fileName: string;
  readonly description: string;
  readonly mimeType: string;
  readonly charset: string;
  readonly encoding: string | undefined;
  readonly languages: readonly string[];
  readonly sourceQuality: number;
  readonly level: number;
  /** Bytes; -1: not known yet. */
  length: number;
  /** The file, looked up, for those that a directory yields. */
  sub: Request | undefined;
  /** Bytes of a body inside the map. */
  readonly body: { readonly start: number; readonly length: number } | undefined;
}

/** What of a variant was found out in comparing it with what the client takes. */
interface Rated {
  readonly variant: Variant;
  typeQuality: number;
  languageQuality: number;
  encodingQuality: number;
  charsetQuality: number;
  /** Place in LanguagePriority; -1: none. */
  languageIndex: number;
  levelMatched: number;
  /** 1 for star/star, 2 for type/star, 3 for the type itself. */
  stars: number;
  isDefinite: boolean;
}

export interface LanguageRules {
  /** In lower case. */
  readonly priority: readonly string[];
  readonly prefers: boolean;
  readonly fallsBack: boolean;
}

export interface Choice {
  readonly best: Variant | undefined;
  /** A variant was chosen; else the client is to see the list. */
  readonly isChoice: boolean;
}

export interface Task {
  readonly variants: readonly Variant[];
  readonly client: ClientSide;
  readonly mode: Mode;
  readonly rules: LanguageRules;
  /** Variable prefer-language. */
  readonly preferred: string | undefined;
}

export function choose(task: Task, lengthOf: (variant: Variant) => number): Choice {
  const first = chooseOnce(task, task.preferred, lengthOf);
  // A preference that settles nothing is forgotten.
  return task.preferred !== undefined && !first.isChoice ? chooseOnce(task, undefined, lengthOf) : first;
}

function chooseOnce(
  task: Task,
  preferred: string | undefined,
  lengthOf: (variant: Variant) => number,
): Choice {
  const { variants, mode } = task;
  const withoutLanguage =
    !mode.isStrict && variants.some(({ languages }) => languages.length > 0) ? 0.0001 : 1;
  let best: Rated | undefined;
  let bestQuality = 0;
  for (const variant of variants) {
    const rated = rate(task, variant, preferred, withoutLanguage);
    if (!mode.mayChoose) continue;
    const quality = mode.usesRvsa
      ? betterRemotely(rated, best, bestQuality)
      : better(rated, best, bestQuality, lengthOf);
    if (quality === undefined) continue;
    best = rated;
    bestQuality = quality;
  }
  const isChoice = bestQuality > 0 && (!mode.usesRvsa || best?.isDefinite === true);
  return { best: best?.variant, isChoice };
}

function rate(task: Task, variant: Variant, preferred: string | undefined, withoutLanguage: number): Rated {
  const rated: Rated = {
    variant,
    typeQuality: 1,
    languageQuality: 1,
    encodingQuality: 1,
    charsetQuality: 1,
    languageIndex: -1,
    levelMatched: 0,
    stars: 0,
    isDefinite: true,
  };
  rateType(task, rated);
  if (preferred !== undefined) {
    // Nothing is said against the others: they stay at the quality of what is not asked for.
    rated.languageQuality = variant.languages.some((language) => language === preferred) ? 1 : 0;
    rated.isDefinite = rated.isDefinite && rated.languageQuality > 0;
  } else rateLanguage(task, rated, withoutLanguage);
  rateEncoding(task.client.encodings, rated);
  rateCharset(task, rated);
  return rated;
}

function rateType({ client, mode }: Task, rated: Rated): void {
  const { mimeType, level } = rated.variant;
  const mayFiddle = !mode.isStrict && !client.hasTypeQuality;
  let quality = 0;
  let isDefinite = true;
  for (const item of client.types) {
    const before = rated.stars;
    if (!matchesType(item, mimeType, level, rated) || rated.stars === before) continue;
    if (mayFiddle && rated.stars === 1) quality = 0.01;
    else if (mayFiddle && rated.stars === 2) quality = 0.02;
    else ({ quality } = item);
    isDefinite = rated.stars === 3;
  }
  rated.typeQuality = quality;
  rated.isDefinite = rated.isDefinite && isDefinite;
}

function matchesType(item: AcceptItem, mimeType: string, level: number, rated: Rated): boolean {
  const { name } = item;
  if (name === '*' || name === '*/*') {
    rated.stars = Math.max(rated.stars, 1);
    return true;
  }
  if (name.length > 2 && name.endsWith('/*') && mimeType.startsWith(name.slice(0, -1))) {
    rated.stars = Math.max(rated.stars, 2);
    return true;
  }
  if (name !== mimeType || (item.level !== 0 && item.level !== level)) return false;
  if (item.level >= rated.levelMatched) {
    rated.levelMatched = item.level;
    rated.stars = 3;
  }
  return true;
}

function rateLanguage({ client, mode, rules }: Task, rated: Rated, withoutLanguage: number): void {
  const { languages } = rated.variant;
  const asked = client.languages;
  if (languages.length === 0) {
    if (!mode.isStrict) rated.languageQuality = withoutLanguage;
    return;
  }
  if (asked === undefined) rated.isDefinite = false;
  else matchLanguages(asked, mode, rated);
  applyPriority(rules, rated);
}

/** The longest range that a language falls in counts; the best of the variant's languages is its quality. */
function matchLanguages(asked: readonly AcceptItem[], mode: Mode, rated: Rated): void {
  const star = asked.find(({ name }) => name === '*');
  let best: AcceptItem | undefined;
  let fiddle = 0;
  let matchedStar = false;
  for (const language of rated.variant.languages) {
    let longest: AcceptItem | undefined;
    for (const item of asked) {
      const { name } = item;
      if (name === '*') continue;
      const isMatch =
        language.startsWith(name) && (language.length === name.length || language[name.length] === '-');
      if (isMatch && name.length > (longest?.name.length ?? 0)) longest = item;
      if (longest !== undefined || mode.isStrict) continue;
      // Who asks for en-US alone reads en, too, if need be.
      const dash = name.indexOf('-');
      if (dash >= 0 && language.startsWith(name.slice(0, dash))) fiddle = 0.001;
    }
    if (best === undefined || (longest !== undefined && longest.quality > best.quality)) best = longest;
    if (longest === undefined && star !== undefined) matchedStar = true;
  }
  if (matchedStar && star !== undefined && (best === undefined || star.quality > best.quality)) {
    best = star;
    rated.isDefinite = false;
  }
  rated.languageQuality = best?.quality ?? fiddle;
}

function applyPriority(rules: LanguageRules, rated: Rated): void {
  if (!rules.prefers && !(rules.fallsBack && rated.languageQuality === 0)) return;
  let index = -1;
  for (const language of rated.variant.languages) {
    const lower = asciiLower(language);
    const at = rules.priority.findIndex((wanted) => lower.startsWith(wanted));
    if (at >= 0 && (index < 0 || at < index)) index = at;
  }
  if (index < 0) return;
  if (rated.languageQuality > 0) {
    if (rules.prefers) rated.languageIndex = index;
  } else if (rules.fallsBack) {
    rated.languageIndex = index;
    rated.languageQuality = 0.0001;
    rated.isDefinite = false;
  }
}

const IDENTITY: ReadonlySet<string> = new Set(['', 'identity', '7bit', '8bit', 'binary']);
const plainName = (coding: string): string => (coding.startsWith('x-') ? coding.slice(2) : coding);

function rateEncoding(asked: readonly AcceptItem[] | undefined, rated: Rated): void {
  const encoding = rated.variant.encoding ?? '';
  const isIdentity = IDENTITY.has(encoding);
  if (asked === undefined) {
    rated.encodingQuality = isIdentity ? 1 : 0.5;
    return;
  }
  const name = isIdentity ? 'identity' : plainName(encoding);
  const found =
    asked.find((item) => plainName(item.name) === name) ?? asked.find((item) => item.name === '*');
  rated.encodingQuality = found?.quality ?? (isIdentity ? 0.0001 : 0);
}

function rateCharset({ client, mode }: Task, rated: Rated): void {
  const { charset, mimeType } = rated.variant;
  if (client.charsets === undefined) {
    if (charset !== '') rated.isDefinite = false;
    return;
  }
  if (charset === '' && (!mimeType.startsWith('text/') || mode.isStrict)) return;
  const name = charset === '' ? 'iso-8859-1' : charset;
  const found =
    client.charsets.find((item) => item.name === name) ?? client.charsets.find((item) => item.name === '*');
  rated.charsetQuality = found?.quality ?? (name === 'iso-8859-1' ? 1 : 0);
}

/** The new best quality when `rated` is better than `best` (is_variant_better): type, language, level, charset, encoding, length. */
function better(
  rated: Rated,
  best: Rated | undefined,
  bestQuality: number,
  lengthOf: (variant: Variant) => number,
): number | undefined {
  const { encodingQuality, languageQuality, charsetQuality, typeQuality, variant } = rated;
  if (encodingQuality === 0 || languageQuality === 0 || charsetQuality === 0) return undefined;
  const quality = typeQuality * variant.sourceQuality;
  if (quality === 0 || quality < bestQuality) return undefined;
  if (best === undefined || quality > bestQuality) return quality;
  const comparisons = [
    languageQuality - best.languageQuality,
    compareIndex(rated.languageIndex, best.languageIndex),
    compareLevel(rated, best),
    charsetQuality - best.charsetQuality,
    Number(isOtherCharset(variant)) > Number(isOtherCharset(best.variant)) ? 1 : 0,
    encodingQuality - best.encodingQuality,
  ];
  const decisive = comparisons.find((result) => result !== 0) ?? lengthOf(best.variant) - lengthOf(variant);
  return decisive > 0 ? quality : undefined;
}

function compareIndex(a: number, b: number): number {
  if (a === b) return 0;
  if (a < 0) return -1;
  return b < 0 || a < b ? 1 : -1;
}

function compareLevel(a: Rated, b: Rated): number {
  if (a.variant.mimeType !== b.variant.mimeType) return 0;
  if (a.levelMatched !== b.levelMatched) return a.levelMatched - b.levelMatched;
  return b.variant.level - a.variant.level;
}

function isOtherCharset({ charset }: Variant): boolean {
  return charset !== '' && charset !== 'iso-8859-1';
}

/** The same by RVSA/1.0 (RFC 2296), as clients compute it. */
function betterRemotely(rated: Rated, best: Rated | undefined, bestQuality: number): number | undefined {
  if (rated.encodingQuality === 0) return undefined;
  const quality =
    rated.typeQuality * rated.variant.sourceQuality * rated.charsetQuality * rated.languageQuality;
  if (quality <= 0) return undefined;
  if (
    quality > bestQuality ||
    (quality === bestQuality && best !== undefined && rated.encodingQuality > best.encodingQuality)
  )
    return quality;
  return undefined;
}
