/** What can be said of a regular expression by its text, for rules that must be sure. */
import { compilePcre, type Pcre } from '../lib/pcre/index.ts';

/** The pattern compiled; undefined for one that is wrong, which is an error elsewhere. */
export function compiled(pattern: string, ignoreCase = false): Pcre | undefined {
  try {
    return compilePcre(pattern, { ignoreCase });
  } catch {
    return undefined;
  }
}

/** Top-level alternatives, or any the pattern might have: then a look at its start proves nothing. */
function hasAlternatives(pattern: string): boolean {
  return pattern.includes('|');
}

/** A quantifier that lets what stands before it be left out. */
const OPTIONAL = /^(?:[?*]|\{0?,)/;

/** Matches only what begins with a slash: `^/...`. */
export function demandsSlash(pattern: string): boolean {
  const rest = /^\^\\?\/(.*)$/s.exec(pattern)?.[1];
  return rest !== undefined && !hasAlternatives(pattern) && !OPTIONAL.test(rest);
}

/** Matches only what begins with a certain letter, digit or dot, which no URL path does: `^index`, `^\.`. */
export function demandsNoSlash(pattern: string): boolean {
  const rest = /^\^(?:[A-Za-z0-9_-]|\\[.-])(.*)$/s.exec(pattern)?.[1];
  return rest !== undefined && !hasAlternatives(pattern) && !OPTIONAL.test(rest);
}

/** A slash that every match holds. */
export function demandsInnerSlash(pattern: string): boolean {
  if (hasAlternatives(pattern) || /[([]/.test(pattern)) return false;
  const at = pattern.indexOf('/');
  return at >= 0 && !OPTIONAL.test(pattern.slice(at + 1));
}

const ALWAYS: ReadonlySet<string> = new Set([
  '^',
  '$',
  '.*',
  '^.*',
  '.*$',
  '^.*$',
  '(.*)',
  '^(.*)',
  '(.*)$',
  '^(.*)$',
  '.?',
  '',
]);
const ALWAYS_PATH: ReadonlySet<string> = new Set([
  '.',
  '.+',
  '^.+$',
  '(.+)',
  '^(.+)$',
  '^/',
  '^/?',
  '/',
  '^/.*',
  '^/.*$',
  '^/(.*)',
  '^/(.*)$',
  '^/?(.*)',
  '^/?(.*)$',
  '/(.*)',
  '/(.*)$',
]);

/** Matches every text; with `isPath` every URL path, which has a slash in front. */
export function matchesAlways(pattern: string, isPath: boolean): boolean {
  return ALWAYS.has(pattern) || (isPath && ALWAYS_PATH.has(pattern));
}
