/** Answers that name the backend, made to name us (proxy_util.c: ap_proxy_location_reverse_map, ap_proxy_cookie_reverse_map). */
import type { Request } from '../../../core/request.ts';
import { constructUrl } from '../../../core/server-identity.ts';
import { equalsIgnoreCase } from '../../../http/bytes.ts';
import type { Balancer } from './balancer.ts';
import { memberPrefix } from './balancer-reverse.ts';
import type { ProxyDirConf, ReverseAlias } from './config.ts';
import { interpolate } from './pass.ts';

function texts(r: Request, conf: Readonly<ProxyDirConf>, alias: ReverseAlias): { from: string; to: string } {
  if (conf.interpolatesEnv !== true || !alias.isInterpolated) return alias;
  const variable = (name: string): string | undefined => r.getEnv(name);
  return { from: interpolate(alias.from, variable), to: interpolate(alias.to, variable) };
}

/** A Location, Content-Location, URI or Destination field by ProxyPassReverse: absolute, since clients resolve it. */
export function mapLocation(
  r: Request,
  conf: Readonly<ProxyDirConf>,
  url: string,
  balancers?: readonly Balancer[],
): string {
  for (const alias of conf.reverseAliases ?? []) {
    const { from, to } = texts(r, conf, alias);
    const ofMember = memberPrefix(url, to, balancers);
    const rest = ofMember === undefined ? behind(url, to) : behindMember(url, ofMember, from, to);
    if (rest === undefined) continue;
    const mapped = from + rest;
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(mapped) ? mapped : constructUrl(r, mapped);
  }
  return url;
}

/** What follows the backend URL `prefix` in `url`; a path is looked for behind any host. Case does not matter, not even in paths. */
function behind(url: string, prefix: string): string | undefined {
  if (prefix === '') return undefined;
  let part = url;
  if (prefix.startsWith('/')) {
    const authority = url.indexOf('://');
    const path = authority < 0 ? -1 : url.indexOf('/', authority + 3);
    if (path >= 0) part = url.slice(path);
  }
  const isHit = part.length >= prefix.length && equalsIgnoreCase(part.slice(0, prefix.length), prefix);
  return isHit ? part.slice(prefix.length) : undefined;
}

function behindMember(url: string, taken: number, from: string, to: string): string | undefined {
  if (taken === 0) return undefined;
  // A balancer's name stands for the whole server: "/" in front of a path would make two slashes.
  const isRoot = from === '/' && isWholeServer(to) && url.charCodeAt(taken) === 0x2f;
  return url.slice(isRoot ? taken + 1 : taken);
}

function isWholeServer(url: string): boolean {
  return /^[^/]*:\/\/[^/]*\/?$/.test(url);
}

/** A Set-Cookie field by ProxyPassReverseCookiePath and ProxyPassReverseCookieDomain. */
export function mapCookie(r: Request, conf: Readonly<ProxyDirConf>, field: string): string {
  let mapped = field;
  if (conf.cookiePaths !== undefined) mapped = mapAttribute(r, conf, mapped, 'path', conf.cookiePaths);
  if (conf.cookieDomains !== undefined) mapped = mapAttribute(r, conf, mapped, 'domain', conf.cookieDomains);
  return mapped;
}

function mapAttribute(
  r: Request,
  conf: Readonly<ProxyDirConf>,
  field: string,
  name: 'path' | 'domain',
  aliases: readonly ReverseAlias[],
): string {
  const attribute = lastAttribute(field, name);
  if (attribute === undefined) return field;
  const value = field.slice(attribute.start, attribute.end);
  for (const alias of aliases) {
    const { from, to } = texts(r, conf, alias);
    const isHit = name === 'path' ? value.startsWith(to) : value.toLowerCase() === to.toLowerCase();
    // All of it gives way, what stands behind a path's beginning too.
    if (isHit) return field.slice(0, attribute.start) + from + field.slice(attribute.end);
  }
  return field;
}

/** Where the value of the last attribute of a name stands; the cookie itself counts as one. */
function lastAttribute(field: string, name: string): { start: number; end: number } | undefined {
  let found: { start: number; end: number } | undefined;
  for (let at = 0; at < field.length; ) {
    const semicolon = field.indexOf(';', at);
    const end = semicolon < 0 ? field.length : semicolon;
    while (at < end && (field.charCodeAt(at) === 0x20 || field.charCodeAt(at) === 0x09)) at++;
    const equals = at + name.length;
    if (field.charCodeAt(equals) === 0x3d && equals < end && field.slice(at, equals).toLowerCase() === name)
      found = { start: equals + 1, end };
    at = end + 1;
  }
  return found;
}
