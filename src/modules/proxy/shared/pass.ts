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

/** A path as a servlet container reads it, and where in the path as given each of its characters stands. */
export interface ServletPath {
  readonly path: string;
  /** One more than there are characters: the last is the end. */
  readonly offsets: readonly number[];
}

/** Without path parameters, double slashes and dot segments (alias_match_servlet). */
export function servletPath(path: string): ServletPath {
  const kept: { readonly text: string; readonly at: number }[] = [];
  let at = 0;
  for (const whole of path.split('/')) {
    const semicolon = whole.indexOf(';');
    const text = semicolon < 0 ? whole : whole.slice(0, semicolon);
    const isLast = at + whole.length >= path.length;
    if (at > 0) {
      if (text === '..') kept.pop();
      if (text !== '..' && text !== '.' && text !== '') kept.push({ text, at });
      else if (isLast) kept.push({ text: '', at });
    }
    at += whole.length + 1;
  }
  let clean = '';
  const offsets: number[] = [];
  for (const segment of kept) {
    clean += `/${segment.text}`;
    for (let i = -1; i < segment.text.length; i++) offsets.push(segment.at + i);
  }
  const last = kept.at(-1);
  offsets.push(last === undefined ? path.length : last.at + last.text.length);
  return { path: clean, offsets };
}

/** One request asks for the same one by one ProxyPass after the other. */
let last: { readonly of: string; readonly servlet: ServletPath } | undefined;

function rememberedServletPath(path: string): ServletPath {
  if (last?.of !== path) last = { of: path, servlet: servletPath(path) };
  return last.servlet;
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
  if (alias.mapping === 'servlet') return applyServlet(alias, path);
  const taken = prefixLength(path, from);
  if (taken === 0) return NONE;
  if (to === '!') return EXCLUDED;
  const isMismatch = alias.isNocanon && prefixLength(target, from) !== taken;
  const isRaw = alias.isNocanon && !isMismatch;
  return {
    kind: 'proxied',
    url: to + (isRaw ? target : path).slice(taken),
    isRaw,
    isMismatch,
    path: undefined,
  };
}

/** The path is compared without its parameters, but what follows the prefix goes on with them. */
function applyServlet(alias: ProxyAlias, path: string): PassResult {
  const servlet = rememberedServletPath(path);
  const taken = prefixLength(servlet.path, alias.from);
  if (taken === 0) return NONE;
  if (alias.to === '!') return EXCLUDED;
  // Behind the last character taken, not before the next one: what is between them are parameters.
  const rest = path.slice((servlet.offsets[taken - 1] ?? path.length) + 1);
  return { kind: 'proxied', url: alias.to + rest, isRaw: false, isMismatch: false, path: servlet.path };
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
