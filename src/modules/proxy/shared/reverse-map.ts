/** Answers that name the backend, made to name us (proxy_util.c: ap_proxy_location_reverse_map, ap_proxy_cookie_reverse_map). */
import type { Request } from '../../../core/request.ts';
import { constructUrl } from '../../../core/server-identity.ts';
import type { Balancer } from './balancer.ts';
import { memberPrefix } from './balancer-reverse.ts';
import type { ProxyDirConf, ReverseAlias } from './config.ts';
import { interpolate, prefixLength } from './pass.ts';

function texts(r: Request, conf: Readonly<ProxyDirConf>, alias: ReverseAlias): { from: string; to: string } {
  if (conf.interpolatesEnv !== true || !alias.isInterpolated) return alias;
  const variable = (name: string): string | undefined => r.getEnv(name);
  return { from: interpolate(alias.from, variable), to: interpolate(alias.to, variable) };
}

/** A Location, Content-Location or URI field by ProxyPassReverse: absolute, since clients resolve it. */
export function mapLocation(
  r: Request,
  conf: Readonly<ProxyDirConf>,
  url: string,
  balancers?: readonly Balancer[],
): string {
  for (const alias of conf.reverseAliases ?? []) {
    const { from, to } = texts(r, conf, alias);
    const ofMember = memberPrefix(url, to, balancers);
    const taken = ofMember ?? (to.startsWith('/') ? prefixLength(url, to) : prefixOfUrl(url, to));
    if (taken === 0) continue;
    // A balancer's name stands for the whole server: "/" in front of a path would make two slashes.
    const isRoot =
      from === '/' && ofMember !== undefined && isWholeServer(to) && url.charCodeAt(taken) === 0x2f;
    const rest = url.slice(isRoot ? taken + 1 : taken);
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(from) ? from + rest : constructUrl(r, from + rest);
  }
  return url;
}

function isWholeServer(url: string): boolean {
  return /^[^/]*:\/\/[^/]*\/?$/.test(url);
}

/** How much of `url` the backend URL `prefix` takes: scheme and host without case. */
function prefixOfUrl(url: string, prefix: string): number {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
  const start = authority.exec(prefix)?.[0].length ?? 0;
  if (url.slice(0, start).toLowerCase() !== prefix.slice(0, start).toLowerCase()) return 0;
  return url.startsWith(prefix.slice(start), start) ? prefix.length : 0;
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
