/**
 * The seam by which protocols plug into mod_proxy (its canon_handler, check_trans and scheme_handler hooks). A protocol's module lists its
 * handlers in its description: `providers: { [SCHEME_HANDLERS]: { fcgi: handler } }`.
 */
import type { BackendAddress, BackendTls } from '../../../backend/connect.ts';
import type { RequestBody } from '../../../core/body.ts';
import type { Answer } from '../../../core/hooks.ts';
import type { Request } from '../../../core/request.ts';
import type { Balancer } from './balancer.ts';
import type { Balancing } from './balancing.ts';
import type { ProxyDirConf, ProxyServerConf } from './config.ts';
import type { Worker } from './worker.ts';

/** Group of providers; the names are schemes in lower case. */
export const SCHEME_HANDLERS = 'proxy-scheme';
/** Group of those who are asked before them, for the requests they claim: mod_proxy_wstunnel before mod_proxy_http. */
export const CLAIMING_HANDLERS = 'proxy-scheme-claim';
/** The name in SCHEME_HANDLERS of who answers CONNECT; no scheme can be called so. */
export const CONNECT_TARGET = 'connect:';

/** What is known of a proxied request besides its record. */
export interface ProxyState {
  /** By SetHandler "proxy:...": the path is a file's name, not to be encoded. */
  isSetHandler: boolean;
  /** The path is as the client sent it (`nocanon`). */
  isNocanon: boolean;
  /** The path has not been decoded (mapping=encoded). */
  isNoencode: boolean;
  /** Unix socket that the request itself named, as written. */
  socket: string | undefined;
  /** Of a request that goes to a balancer. */
  balancing: Balancing | undefined;
  /** The backend's answer gave way to our own page (ProxyErrorOverride): its status is no failure of the backend. */
  isOverridden: boolean;
}

/** Another proxy that a request is passed to (ProxyRemote). */
export interface RemoteProxy {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  /** `user:password` in base64, for Proxy-Authorization. */
  readonly credentials: string | undefined;
}

/** Where a request goes. */
export interface ProxyTarget {
  readonly worker: Worker;
  /** The balancer that chose the worker, and may choose another one when this one answers 503. */
  readonly balancer: Balancer | undefined;
  /** Canonical URL, without `proxy:`. */
  readonly url: string;
  /** Where to connect to: the remote proxy, where there is one. */
  readonly address: BackendAddress;
  /** Put there by a scheme over TLS (backendTls of tls.ts). */
  readonly tls?: BackendTls;
  /** What is sent there is meant for the URL's server then: an absolute request target, credentials for the proxy. */
  readonly remote: RemoteProxy | undefined;
  readonly state: ProxyState;
  readonly server: Readonly<ProxyServerConf>;
  readonly dir: Readonly<ProxyDirConf>;
  /** Milliseconds the backend may be silent: timeout=, ProxyTimeout, Timeout. */
  readonly timeout: number;
  /**
   * What is to be sent of the request's body: the handler takes it from here, not from the transport, since a balancer's next worker gets all of it
   * again. A sub-request has none but a kept one.
   */
  readonly body: RequestBody;
}

export interface SchemeHandler {
  /** `FCGI`, `https`: how log lines call it. */
  readonly label: string;
  /** Asked when a ProxyPass matches: OK or DECLINED to go on, DONE for "not this one", else the status to answer with. */
  checkTranslate?(r: Request, url: string): number;
  /** Makes r.filename canonical. `rest` is what stands behind `scheme:`. Answers OK, or the status to answer with. */
  canonicalise(r: Request, rest: string, state: ProxyState): number;
  /** Answers the request. DECLINED: not mine after all. An error status only while nothing was sent. */
  handle(r: Request, target: ProxyTarget): Answer;
}

/** A handler of only some of a scheme's requests. */
export interface ClaimingHandler extends SchemeHandler {
  claims(r: Request): boolean;
}
