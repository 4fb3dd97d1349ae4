/** Answers that name the backend, made to name us (proxy_util.c: ap_proxy_location_reverse_map, ap_proxy_cookie_reverse_map). */
import type { Request } from '../../../core/request.ts';
import { constructUrl } from '../../../core/server-identity.ts';
import type { ProxyDirConf, ReverseAlias } from './config.ts';
import { interpolate, prefixLength } from './pass.ts';

function texts(r: Request, conf: Readonly<ProxyDirConf>, alias: ReverseAlias): { from: string; to: string } {
  if (conf.interpolatesEnv !== true || !alias.isInterpolated) return alias;
  const variable = (name: string): string | undefined => r.getEnv(name);
  return { from: interpolate(alias.from, variable), to: interpolate(alias.to, variable) };
}

/** A Location, Content-Location or URI field by ProxyPassReverse: absolute, since clients resolve it. */
export function mapLocation(r: Request, conf: Readonly<ProxyDirConf>, url: string): string {
  for (const alias of conf.reverseAliases ?? []) {
    const { from, to } = texts(r, conf, alias);
    const taken = to.startsWith('/') ? prefixLength(url, to) : prefixOfUrl(url, to);
    if (taken === 0) continue;
    const rest = url.slice(taken);
    // A path maps to a path, a whole URL to a whole URL.
    return to.startsWith('/') || /^[a-z][a-z0-9+.-]*:\/\//i.test(from)
      ? from + rest
      : constructUrl(r, from + rest);
  }
  return url;
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
  const match = new RegExp(`(?:^|;)\\s*${name}=([^;]*)`, 'i').exec(field);
  if (match === null) return field;
  const value = match[1] ?? '';
  const start = match.index + match[0].length - value.length;
  for (const alias of aliases) {
    const { from, to } = texts(r, conf, alias);
    const isHit = name === 'path' ? value.startsWith(to) : value.toLowerCase() === to.toLowerCase();
    if (!isHit) continue;
    return field.slice(0, start) + from + value.slice(to.length) + field.slice(start + value.length);
  }
  return field;
}
