/** What goes wrong with a backend, told to the client and to the log (proxy_util.c: ap_proxyerror). */
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { escapeHtml } from '../../../http/escape.ts';
import type { ProxyTarget } from './scheme.ts';
import { defaultPortOf, tcpAddress } from './url.ts';

/** An answer the proxy makes itself, with its reason on the page (ap_proxyerror). */
export function proxyError(r: Request, status: number, message: string): number {
  const reason = `The proxy server could not handle the request<p>Reason: <strong>${escapeHtml(message)}</strong></p>`;
  r.notes.set('error-notes', reason);
  r.notes.set('verbose-error-to', '*');
  r.statusLine = `${status} Proxy Error`;
  logRequest(r, 'proxy', Level.error, 'AH00898', `${message} returned by ${r.uri}`);
  return status;
}

/** Host and port as log lines name them: those of the URL even where a unix socket leads there; another proxy's, where one does. */
export function hostAndPort(target: ProxyTarget): HostAndPort {
  return target.remote ?? urlHostAndPort(target.url);
}

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Host and port of a canonical URL. */
export function urlHostAndPort(url: string): HostAndPort {
  const colon = url.indexOf(':');
  const slash = url.indexOf('/', colon + 3);
  const address = tcpAddress(
    url.slice(colon + 3, slash < 0 ? url.length : slash),
    defaultPortOf(url.slice(0, colon)),
  );
  return address.kind === 'tcp' ? address : { host: '*', port: 80 };
}
