/** Sessions that stay with a member: where a request names one, and whose it is (mod_proxy_balancer.c: find_session_route). */
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import type { Balancer } from '../shared/balancer.ts';
import { retryMember } from '../shared/balancer-method.ts';
import type { Worker } from '../shared/worker.ts';

/** A session found in a request. */
export interface Session {
  /** Name of the parameter or cookie that holds it. */
  readonly name: string;
  /** Of the member it belongs to; empty when nothing stands behind the separator. */
  readonly route: string;
}

/** The value behind `name=` in a URL, wherever that stands, up to the end of the parameter (get_path_param). */
export function pathParameter(url: string, name: string, endsAtSemicolon: boolean): string | undefined {
  for (let at = url.indexOf(name); at >= 0; at = url.indexOf(name, at + 1)) {
    at += name.length;
    if (url.charCodeAt(at) !== 0x3d || at + 1 >= url.length) continue;
    const value = url.slice(at + 1);
    // Delimiters before it are passed over, as strtok() does.
    return (endsAtSemicolon ? /[^?&;]+/ : /[^?&]+/).exec(value)?.[0];
  }
  return undefined;
}

const BEFORE_COOKIE = /[;,\s]/;

/** The value of a cookie (get_cookie_param). Undefined: no such cookie, or `name=` ends the field. */
export function cookieValue(cookies: string, name: string): string | undefined {
  for (let at = cookies.indexOf(name); at >= 0; at = cookies.indexOf(name, at + 1)) {
    if (at > 0 && !BEFORE_COOKIE.test(cookies.charAt(at - 1))) continue;
    at += name.length;
    while (/\s/.test(cookies.charAt(at))) at++;
    if (cookies.charAt(at) !== '=' || at + 1 >= cookies.length) continue;
    return /^[^;,]*/.exec(cookies.slice(at + 1))?.[0] ?? '';
  }
  return undefined;
}

/** @param url path and query of the balancer's URL. */
export function findSession(r: Request, balancer: Balancer, url: string): Session | undefined {
  const { stickyCookie, stickyPath, stickySeparator = '.', endsAtSemicolon } = balancer.options;
  if (stickyCookie === undefined || stickyCookie === '') return undefined;
  let name = stickyPath ?? stickyCookie;
  let value = name === '' ? undefined : pathParameter(url, name, endsAtSemicolon === true);
  if (value !== undefined) {
    logRequest(r, 'proxy_balancer', Level.debug, 'AH01159', `Found value ${value} for stickysession ${name}`);
  } else {
    name = stickyCookie;
    value = cookieValue(r.headersIn.get('cookie') ?? '', name);
    if (value === undefined) return undefined;
    logRequest(r, 'proxy_balancer', Level.debug, 'AH01160', `Found value ${value} for stickysession ${name}`);
  }
  const separator = stickySeparator === '' ? -1 : value.indexOf(stickySeparator);
  if (separator < 0 && stickySeparator !== '') return undefined;
  const route = value.slice(separator + 1);
  if (route !== '') logRequest(r, 'proxy_balancer', Level.debug, 'AH01161', `Found route ${route}`);
  return { name, route };
}

/**
 * The usable member of a route, or the one it is redirected to while it is out; those on standby come last.
 * @param depth redirects followed so far, and one.
 */
export function memberOfRoute(r: Request, balancer: Balancer, route: string, depth = 1): Worker | undefined {
  return (
    memberOfRouteAmong(r, balancer, route, depth, false) ??
    memberOfRouteAmong(r, balancer, route, depth, true)
  );
}

function memberOfRouteAmong(
  r: Request,
  balancer: Balancer,
  route: string,
  depth: number,
  isStandby: boolean,
): Worker | undefined {
  for (const worker of balancer.members) {
    const { state, record } = worker;
    if (record.route === '' || record.route !== route || state.flags.isHotStandby !== isStandby) continue;
    if (!state.isAvailable) retryMember(worker, r.server);
    if (state.isAvailable) return worker;
    if (record.redirect === '' || depth >= balancer.members.length) continue;
    const other = memberOfRoute(r, balancer, record.redirect, depth + 1);
    if (other !== undefined) return other;
  }
  return undefined;
}
