/**
 * The forward proxy: which requests it takes, and by which other proxy they go (mod_proxy.c: proxy_detect, proxy_needsdomain, the choice among
 * ProxyRemotes in proxy_handler; proxy_util.c: ap_proxy_checkproxyblock2). Off unless ProxyRequests says otherwise; other proxies and blocked
 * hosts are a reverse proxy's matter too.
 */
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { defaultPort, requestScheme } from '../../../core/server-identity.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { isServersOwn } from '../../../core/vhosts.ts';
import { parseTarget } from '../../../http/uri.ts';
import { addressesOf } from '../shared/addresses.ts';
import { refuseBlocked } from '../shared/blocked.ts';
import type { ProxyServerConf, RemoteRule } from '../shared/config.ts';
import { proxyError } from '../shared/errors.ts';
import { blockOf, isDirect } from '../shared/host-lists.ts';
import type { RemoteProxy } from '../shared/scheme.ts';
import { defaultPortOf, splitAuthority } from '../shared/url.ts';

/** Takes a request that names another server, or asks for a tunnel. */
export function detectForward(r: Request): void {
  if (r.absoluteScheme === undefined) {
    if (r.method !== 'CONNECT' || r.absoluteAuthority === undefined || r.absolutePort === undefined) return;
  } else if (isOwn(r)) {
    return;
  }
  r.proxyRequest = 'forward';
  r.uri = r.unparsedUri;
  r.filename = `proxy:${r.uri}`;
  r.handler = 'proxy-server';
}

/** An absolute URL of ours: the scheme the client used, and a name of the server it came to. */
function isOwn(r: Request): boolean {
  const host = r.absoluteAuthority;
  if (host === undefined || r.absoluteScheme?.toLowerCase() !== requestScheme(r)) return false;
  return isServersOwn(r.server, host, parseTarget(r.unparsedUri, r.method)?.port ?? defaultPort(r));
}

/** A host without a domain gets one: the client is sent there (ProxyDomain). */
export function redirectToDomain(r: Request, domain: string): number {
  const host = r.absoluteAuthority;
  if (r.proxyRequest === 'none' || (r.method !== 'GET' && r.method !== 'HEAD') || host === undefined)
    return OK;
  if (/[.:]/.test(host) || host.toLowerCase() === 'localhost') return OK;
  const scheme = r.absoluteScheme ?? 'http';
  const port = parseTarget(r.unparsedUri, r.method)?.port;
  const suffix = port === undefined || port === defaultPortOf(scheme.toLowerCase()) ? '' : `:${port}`;
  const query = r.args === undefined ? '' : `?${r.args}`;
  const path = /^[^:]*:\/\/[^/?#]*\//.test(r.unparsedUri) ? r.rawPath : '';
  const location = `${scheme}://${host}${domain}${suffix}${path}${query}`;
  r.headersOut.set('Location', location);
  const referer = r.headersIn.get('referer');
  const from = referer === undefined ? '' : ` from ${referer}`;
  logRequest(r, 'proxy', Level.info, 'AH01138', `Domain missing: ${r.uri} sent to ${location}${from}`);
  return 301;
}

/** Sends a request directly, or by way of another proxy. Is asked again where that one gives no usable answer (502), or none at all (DECLINED). */
export type SendBy = (remote: RemoteProxy | undefined) => Answer;

/** Chooses the way of a request: NoProxy, then the first ProxyRemote that fits and answers, else straight on. */
export function sendByRemotes(
  r: Request,
  url: string,
  server: Readonly<ProxyServerConf>,
  send: SendBy,
): Answer {
  const { remotes = [], directHosts } = server;
  const host = hostOf(r, url);
  const direct = directHosts === undefined || host === undefined ? false : isDirect(directHosts, host);
  if (typeof direct === 'boolean') return direct ? send(undefined) : tryRemotes(r, url, remotes, 0, send);
  return direct.then((is) => (is ? send(undefined) : tryRemotes(r, url, remotes, 0, send)));
}

/** As the client named it, else the URL's (proxy_get_host_of_request). */
function hostOf(r: Request, url: string): string | undefined {
  if (r.hostname !== undefined) return r.hostname;
  const netloc = splitAuthority(url.slice(url.indexOf(':') + 1));
  return typeof netloc === 'string' ? undefined : netloc.host;
}

function tryRemotes(
  r: Request,
  url: string,
  rules: readonly RemoteRule[],
  from: number,
  send: SendBy,
): Answer {
  const scheme = url.slice(0, url.indexOf(':')).toLowerCase();
  for (let i = from; i < rules.length; i++) {
    const rule = rules[i] as RemoteRule;
    if (!rule.matches(scheme, url)) continue;
    const settle = (status: number): Answer => {
      if (status !== DECLINED) {
        if (status !== 502 || hasBody(r)) return status;
        forgetError(r);
      }
      return tryRemotes(r, url, rules, i + 1, send);
    };
    const answer = send(rule.remote);
    return typeof answer === 'number' ? settle(answer) : answer.then(settle);
  }
  return send(undefined);
}

/** What was sent of a body cannot be sent again. */
function hasBody(r: Request): boolean {
  const length = r.headersIn.get('content-length');
  return (length !== undefined && Number(length) > 0) || r.headersIn.has('transfer-encoding');
}

/** What proxyError() left for the page. */
function forgetError(r: Request): void {
  r.notes.delete('error-notes');
  r.notes.delete('verbose-error-to');
  r.statusLine = undefined;
}

/**
 * Asks ProxyBlock about a host, and its addresses unless another proxy looks it up. Answers with the address that was asked about, for it to be the
 * one connected to (undefined for another proxy), or with the status to answer with.
 */
export async function checkBlocked(
  r: Request,
  blocks: readonly string[],
  host: string,
  isRemote: boolean,
): Promise<string | undefined | number> {
  const addresses = isRemote ? [] : await addressesOf(host);
  if (addresses === undefined) return proxyError(r, 500, `DNS lookup failure for: ${host}`);
  const block = await blockOf(blocks, host, addresses);
  return block === undefined ? addresses[0] : refuseBlocked(r, host, block);
}
