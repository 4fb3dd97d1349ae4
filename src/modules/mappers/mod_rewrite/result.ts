/** What becomes of a rewritten request where rules of the server and of directories do the same: refusals, redirects, proxied requests. */
import type { Configuration } from '../../../core/configuration.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { isRedirect, OK } from '../../../core/status.ts';
import { escapeUri } from '../../../http/escape.ts';
import { hint, PROXY } from './engine.ts';
import { type Action, type Pass, REWRITTEN_RAW, STATUS_SET } from './pass.ts';
import { type Absolute, escapeAbsolute } from './uri.ts';

/** What the wire does not take in a query: controls and blanks (ap_scan_vchar_obstext). */
const NOT_VISIBLE = /[\x00-\x20\x7f]/;

/** The status that ends the request here; undefined to go on. */
export function finalStatus(
  pass: Pass,
  action: Action,
  absolute: Absolute | undefined,
  tag: 'AH10410' | 'AH10411',
): number | undefined {
  const { r } = pass;
  const isEscaped = absolute !== undefined && action !== REWRITTEN_RAW;
  if (r.args !== undefined && !isEscaped && NOT_VISIBLE.test(r.args)) {
    const message = `Rewritten query string contains control characters or spaces${hint(pass.lastRule)}`;
    logRequest(r, 'rewrite', Level.error, tag, message);
    return 403;
  }
  if (action !== STATUS_SET) return undefined;
  const { status } = r;
  r.status = 200;
  return status;
}

const proxies = new WeakMap<Configuration, boolean>();

function hasProxy(configuration: Configuration): boolean {
  let has = proxies.get(configuration);
  if (has === undefined) {
    has = [...configuration.loaded].some(({ file }) => file === 'mod_proxy.c');
    proxies.set(configuration, has);
  }
  return has;
}

/** Hands the request to mod_proxy. */
export function goToProxy(pass: Pass, action: Action, tag: 'AH00669' | 'AH10160'): number {
  const { r } = pass;
  if (!hasProxy(r.configuration)) {
    const message = `attempt to make remote request from mod_rewrite without proxy enabled: ${r.filename}${hint(pass.lastRule)}`;
    logRequest(r, 'rewrite', Level.error, tag, message);
    return 403;
  }
  if (action === REWRITTEN_RAW) r.notes.set('proxy-nocanon', '1');
  if (pass.directory === undefined) r.filename = (r.filename ?? '') + r.pathInfo;
  // Where mod_proxy makes the URL canonical it adds the query itself.
  const addsQuery = r.proxyRequest === 'forward' || action === REWRITTEN_RAW;
  if (r.args !== undefined && addsQuery) r.filename = `${r.filename}?${r.args}`;
  if (r.proxyRequest === 'none') r.proxyRequest = 'reverse';
  r.handler = 'proxy-server';
  if (pass.trace >= 1) pass.log(1, `go-ahead with proxy request ${r.filename} [OK]`);
  return OK;
}

export function isProxyResult(uri: string): boolean {
  return uri.length > PROXY.length && uri.startsWith(PROXY);
}

/** Answers with a redirect to a URL. `given`: the query string as the client sent it. */
export function redirectTo(
  pass: Pass,
  action: Action,
  absolute: Absolute,
  given: string | undefined,
): number {
  const { r } = pass;
  let url = r.filename ?? '';
  if (action !== REWRITTEN_RAW) {
    if (pass.trace >= 1) pass.log(1, `escaping ${url} for redirect`);
    url = escapeAbsolute(url, absolute);
  }
  if (r.args !== undefined) {
    const isRaw = action === REWRITTEN_RAW || r.args === given;
    const query = isRaw ? r.args : escapeUri(r.args);
    url += `?${query}`;
    if (pass.trace >= 1) {
      pass.log(
        1,
        `${isRaw ? 'copying' : 'escaping'} ${r.args} to query string for redirect ${isRaw ? '' : query}`,
      );
    }
  }
  r.filename = url;
  const status = isRedirect(r.status) ? r.status : 302;
  r.status = 200;
  r.headersOut.set('Location', url);
  if (pass.trace >= 1) pass.log(1, `redirect to ${url} [REDIRECT/${status}]`);
  return status;
}
