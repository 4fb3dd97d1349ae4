/** ProxyPass and ProxyPassMatch at work: from a request's path to a backend's URL (mod_proxy.c: ap_proxy_trans_match, alias_match). */
import { substitute } from '../../../lib/pcre/index.ts';
import type { ProxyAlias } from './config.ts';

const SLASH = 0x2f;

/**
 * How much of a path a prefix takes, 0 for a path that is not below it (alias_match). Runs of slashes count as one on both sides.
 */
export function prefixLength(path: string, prefix: string): number {
  let at = 0;
  let of = 0;
  while (of < prefix.length && at < path.length) {
    if (prefix.charCodeAt(of) === SLASH) {
      if (path.charCodeAt(at) !== SLASH) return 0;
      while (prefix.charCodeAt(of) === SLASH) of++;
      while (path.charCodeAt(at) === SLASH) at++;
    } else if (path.charCodeAt(at++) !== prefix.charCodeAt(of++)) {
      return 0;
    }
  }
  if (at === path.length && of !== prefix.length) return 0;
  if (prefix.charCodeAt(of - 1) !== SLASH && at < path.length && path.charCodeAt(at) !== SLASH) return 0;
  return at;
}

/** A path as a servlet container reads it: without path parameters, dot segments resolved (alias_match_servlet). */
export function servletPath(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  const last = segments.length - 1;
  for (let i = 1; i <= last; i++) {
    const whole = segments[i] as string;
    const semicolon = whole.indexOf(';');
    const segment = semicolon < 0 ? whole : whole.slice(0, semicolon);
    if (segment === '..') {
      kept.pop();
      if (i === last) kept.push('');
    } else if (segment === '.' || (segment === '' && i !== last)) {
      if (i === last) kept.push('');
    } else {
      kept.push(segment);
    }
  }
  return `/${kept.join('/')}`;
}

/** What a ProxyPass makes of a path. */
export type PassResult =
  /** Not below it: the next one is asked. */
  | { readonly kind: 'none' }
  /** `!`: not proxied, and no other ProxyPass is asked. */
  | { readonly kind: 'excluded' }
  /** The substitution does not fit (AH01135). */
  | { readonly kind: 'too-long' }
  | {
      readonly kind: 'proxied';
      /** Backend URL without `proxy:`. */
      readonly url: string;
      /** The path goes on as the client sent it (`nocanon`). */
      readonly isRaw: boolean;
      /** `nocanon` was asked for but the path as sent does not match (AH01136). */
      readonly isMismatch: boolean;
      /** mapping=servlet: the path from now on. */
      readonly path: string | undefined;
    };

const NONE: PassResult = { kind: 'none' };
const EXCLUDED: PassResult = { kind: 'excluded' };

/**
 * @param path decoded, or as sent for an alias with a mapping.
 * @param target the request target as sent, query included.
 */
export function applyPass(alias: ProxyAlias, path: string, target: string): PassResult {
  return alias.regex === undefined ? applyPrefix(alias, path, target) : applyRegex(alias, path, target);
}

function applyPrefix(alias: ProxyAlias, path: string, target: string): PassResult {
  const { from, to } = alias;
  const isServlet = alias.mapping === 'servlet';
  const compared = isServlet ? servletPath(path) : path;
  const taken = prefixLength(compared, from);
  if (taken === 0) return NONE;
  if (to === '!') return EXCLUDED;
  const isNocanon = alias.isNocanon && !isServlet;
  const isMismatch = isNocanon && prefixLength(target, from) !== taken;
  const isRaw = isNocanon && !isMismatch;
  const rest = isServlet ? compared.slice(taken) : (isRaw ? target : path).slice(taken);
  return { kind: 'proxied', url: to + rest, isRaw, isMismatch, path: isServlet ? compared : undefined };
}

function applyRegex(alias: ProxyAlias, path: string, target: string): PassResult {
  const { regex, to } = alias;
  const match = regex?.exec(path) ?? null;
  if (match === null) return NONE;
  if (to === '!') return EXCLUDED;
  const rawMatch = alias.isNocanon ? (regex?.exec(target) ?? null) : null;
  const isMismatch = alias.isNocanon && rawMatch === null;
  const isRaw = rawMatch !== null;
  const found = substitute(to, rawMatch ?? match);
  if (found === undefined) return { kind: 'too-long' };
  // Without any $n the whole path is meant, as if the pattern were in parentheses and $1 behind the URL.
  const url = found === to ? to + (isRaw ? target : path) : found;
  return { kind: 'proxied', url, isRaw, isMismatch, path: undefined };
}

const VARIABLE = /\$\{([^}]*)\}/g;

/** `${NAME}` by the environment of the request, empty when it is not set (ap_proxy_interpolate). */
export function interpolate(text: string, variable: (name: string) => string | undefined): string {
  return text.includes('${') ? text.replace(VARIABLE, (_, name: string) => variable(name) ?? '') : text;
}
