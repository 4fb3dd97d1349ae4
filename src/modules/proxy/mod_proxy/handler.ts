/** Sending a request to its backend (mod_proxy.c: proxy_fixup, proxy_handler; proxy_util.c: ap_proxy_pre_request). */
import type { BackendAddress } from '../../../backend/connect.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { coreServer, serverTimeout } from '../../../core/core-config.ts';
import { allowField } from '../../../core/errors.ts';
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { beginBody } from '../../../core/response.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { answerTrace } from '../../../core/trace.ts';
import { isBalancerUrl } from '../shared/balancer.ts';
import type { ProxyDirConf, ProxyServerConf } from '../shared/config.ts';
import { hostAndPort, proxyError, urlHostAndPort } from '../shared/errors.ts';
import { runtimePath } from '../shared/runtime-path.ts';
import type { ProxyState, ProxyTarget, RemoteProxy, SchemeHandler } from '../shared/scheme.ts';
import { bracketHost, defaultPortOf, splitSocket, tcpAddress, unixAddress } from '../shared/url.ts';
import { findWorker, Worker } from '../shared/worker.ts';
import { canonicaliseBalanced, sendBalanced } from './balanced.ts';
import { checkBlocked, redirectToDomain, sendByRemotes } from './forward.ts';
import { newState, schemeHandlerOf } from './translate.ts';

const PREFIX = 'proxy:';

/** Makes r.filename canonical by its scheme's rules. DECLINED: nobody knows the scheme. */
export function canonicalise(r: Request, state: ProxyState, server: Readonly<ProxyServerConf>): Answer {
  // Left by the request that was redirected to this one.
  state.balancing = undefined;
  state.isOverridden = false;
  const wrong = takeSocket(r, state);
  if (wrong !== OK) return wrong;
  const url = (r.filename ?? '').slice(PREFIX.length);
  if (isBalancerUrl(url)) return canonicaliseBalanced(r, state, url, server);
  const handler = schemeHandlerOf(r, url);
  if (handler === undefined) return DECLINED;
  return handler.canonicalise(r, url.slice(url.indexOf(':') + 1), state);
}

/** Moves `unix:...|` out of the URL (ap_proxy_fixup_uds_filename). */
function takeSocket(r: Request, state: ProxyState): number {
  const filename = r.filename ?? '';
  const url = filename.slice(PREFIX.length);
  const split = splitSocket(url);
  if (split?.socket === '' || split === undefined) {
    logRequest(r, 'proxy', Level.error, 'AH10292', `Invalid proxy UDS filename (${filename})`);
    return 400;
  }
  if (split.socket === undefined) return OK;
  state.socket = split.socket;
  r.filename = PREFIX + split.url;
  return OK;
}

/**
 * Answers a proxied request, or declines one that is none.
 * @param stateOf what the earlier phases kept, if anything.
 */
export function handle(
  r: Request,
  server: Readonly<ProxyServerConf>,
  dir: Readonly<ProxyDirConf>,
  stateOf: (r: Request) => ProxyState | undefined,
): Answer {
  const { filename } = r;
  if (filename === undefined) return DECLINED;
  let state: ProxyState;
  if (!filename.startsWith(PREFIX)) {
    if (r.handler?.startsWith(PREFIX) !== true) return DECLINED;
    state = newState(r);
    const entered = enterBySetHandler(r, r.handler, filename, state, server);
    if (typeof entered !== 'number')
      return entered.then((status) => (status === OK ? serve(r, state, server, dir) : status));
    if (entered !== OK) return entered;
  } else {
    if (r.proxyRequest === 'none') return DECLINED;
    state = stateOf(r) ?? newState(r);
  }
  return serve(r, state, server, dir);
}

function serve(
  r: Request,
  state: ProxyState,
  server: Readonly<ProxyServerConf>,
  dir: Readonly<ProxyDirConf>,
): Answer {
  const limited = limitForwards(r, server);
  if (limited !== undefined) return limited;
  const url = (r.filename ?? '').slice(PREFIX.length);
  if (!url.includes(':')) {
    logRequest(r, 'proxy', Level.error, 'AH01141', `proxy_handler no URL in ${r.filename ?? ''}`);
    return 400;
  }
  if (server.domain !== undefined) {
    const status = redirectToDomain(r, server.domain);
    if (status !== OK) return status;
  }
  const { balancing } = state;
  if (balancing === undefined && server.remotes === undefined && server.blocks === undefined) {
    // Most requests: a scheme's handler that declines does so at once.
    const handler = schemeHandlerOf(r, url);
    if (handler === undefined) return noHandler(r, url);
    const answer = sendTo(r, handler, targetOf(r, url, state, server, dir, undefined));
    return answer === DECLINED ? noHandler(r, url) : answer;
  }
  const answer =
    balancing === undefined
      ? send(r, state, server, dir)
      : sendBalanced(r, state, balancing, () => send(r, state, server, dir));
  if (typeof answer === 'number') return answer === DECLINED ? noHandler(r, balancing?.url ?? url) : answer;
  return answer.then((status) => (status === DECLINED ? noHandler(r, balancing?.url ?? url) : status));
}

/** Hands the request to the handler of its URL's scheme. DECLINED: there is none. */
function send(
  r: Request,
  state: ProxyState,
  server: Readonly<ProxyServerConf>,
  dir: Readonly<ProxyDirConf>,
): Answer {
  const url = (r.filename ?? '').slice(PREFIX.length);
  const handler = schemeHandlerOf(r, url);
  if (handler === undefined) return DECLINED;
  if (server.remotes === undefined && server.blocks === undefined)
    return sendTo(r, handler, targetOf(r, url, state, server, dir, undefined));
  return sendByRemotes(r, url, server, (remote) =>
    sendUnblocked(r, handler, targetOf(r, url, state, server, dir, remote)),
  );
}

/** CONNECT asks ProxyBlock itself: it looks hosts up in any case. */
function sendUnblocked(r: Request, handler: SchemeHandler, target: ProxyTarget): Answer {
  const { blocks } = target.server;
  if (blocks === undefined || r.method === 'CONNECT') return sendTo(r, handler, target);
  const { host, port } = urlHostAndPort(target.url);
  const isElsewhere = target.remote !== undefined || target.address.kind === 'unix';
  return checkBlocked(r, blocks, host, isElsewhere).then((checked) => {
    if (typeof checked === 'number') return checked;
    const address =
      checked === undefined ? target.address : tcpAddress(`${bracketHost(checked)}:${port}`, port);
    return sendTo(r, handler, { ...target, address });
  });
}

function sendTo(r: Request, handler: SchemeHandler, target: ProxyTarget): Answer {
  if (!target.worker.state.isUsable()) {
    const { host, port } = hostAndPort(target);
    logServer(
      r.server,
      'proxy',
      Level.error,
      'AH00940',
      `${handler.label}: disabled connection for (${host}:${port})`,
    );
    return 503;
  }
  return handler.handle(r, target);
}

/** SetHandler "proxy:scheme://...": the file's name is the path. */
function enterBySetHandler(
  r: Request,
  handler: string,
  filename: string,
  state: ProxyState,
  server: Readonly<ProxyServerConf>,
): Answer {
  r.proxyRequest = 'reverse';
  r.filename = handler + filename;
  state.isSetHandler = true;
  const canonical = canonicalise(r, state, server);
  if (typeof canonical !== 'number') return canonical.then((status) => leaveUnlessOk(r, filename, status));
  return leaveUnlessOk(r, filename, canonical);
}

function leaveUnlessOk(r: Request, filename: string, status: number): number {
  if (status !== OK) {
    r.filename = filename;
    r.proxyRequest = 'none';
  }
  return status;
}

function noHandler(r: Request, url: string): number {
  const scheme = url.slice(0, url.indexOf(':'));
  const message =
    `No protocol handler was valid for the URL ${r.uri} (scheme '${scheme}'). If you are using a DSO version of mod_proxy, make sure the ` +
    'proxy submodules are included in the configuration using LoadModule.';
  logRequest(r, 'proxy', Level.warn, 'AH01144', message);
  return 500;
}

/** Max-Forwards and TRACE. undefined: the request goes on. */
function limitForwards(r: Request, server: Readonly<ProxyServerConf>): Answer | undefined {
  const { headersIn } = r;
  const field = headersIn.get('max-forwards');
  let most = server.maxForwards ?? -1;
  if (field !== undefined) {
    if (!/^\s*\+?\d{1,18}$/.test(field)) {
      logRequest(r, 'proxy', Level.warn, 'AH10188', `Max-Forwards value '${field}' could not be parsed`);
      return proxyError(r, 400, 'Max-Forwards request header could not be parsed');
    }
    const left = Number(field);
    if (left === 0) return answerHere(r);
    most = left - 1;
  }
  if (most >= 0) headersIn.set('Max-Forwards', String(most));
  return r.method === 'TRACE' ? checkTrace(r) : undefined;
}

/** The request may not go any further: OPTIONS and TRACE are about this server then. */
function answerHere(r: Request): Answer {
  if (r.method === 'OPTIONS') {
    r.headersOut.set('Allow', allowField(r));
    beginBody(r, 0).end();
    return OK;
  }
  if (r.method === 'TRACE') {
    r.proxyRequest = 'none';
    return answerTrace(r);
  }
  return proxyError(r, 400, 'Max-Forwards has reached zero - proxy loop?');
}

/** Only `TraceEnable off` keeps a TRACE from the backend: how much of a body there is, nobody knows yet. */
function checkTrace(r: Request): number | undefined {
  if (coreServer(r.server).traceEnable !== 'off') return undefined;
  const message = 'TRACE forbidden by server configuration';
  r.notes.set('error-notes', message);
  r.notes.set('verbose-error-to', '*');
  logRequest(r, 'proxy', Level.error, 'AH01139', message);
  return 405;
}

/** The worker of requests that no other one matches; one a configuration. */
const defaultWorkers = new WeakMap<Configuration, Worker>();

function defaultWorker(configuration: Configuration): Worker {
  let worker = defaultWorkers.get(configuration);
  if (worker === undefined) {
    worker = new Worker('', '', '*', 80, undefined);
    defaultWorkers.set(configuration, worker);
  }
  return worker;
}

function targetOf(
  r: Request,
  url: string,
  state: ProxyState,
  server: Readonly<ProxyServerConf>,
  dir: Readonly<ProxyDirConf>,
  remote: RemoteProxy | undefined,
): ProxyTarget {
  const { balancing } = state;
  let worker = balancing?.worker;
  if (worker === undefined && server.workers !== undefined) worker = findWorker(server.workers, url);
  if (worker === undefined) {
    worker = defaultWorker(r.configuration);
    r.env.set('proxy-nokeepalive', '1');
  }
  const timeout = worker.options.timeout ?? server.timeout ?? serverTimeout(r.server);
  const body = balancing?.body ?? r.transport.body;
  const address =
    remote === undefined
      ? addressOf(r, url, worker, state)
      : tcpAddress(`${remote.host}:${remote.port}`, remote.port);
  return { worker, balancer: balancing?.balancer, url, address, remote, state, server, dir, timeout, body };
}

/** The worker's socket, else the one the request brought, else what the URL says. */
function addressOf(r: Request, url: string, worker: Worker, state: ProxyState): BackendAddress {
  if (state.socket === undefined || worker.socket !== undefined) {
    const address = worker.addressIn(r.configuration);
    if (address !== undefined) return address;
  }
  const socket = worker.socket ?? state.socket;
  if (socket !== undefined) return unixAddress(runtimePath(r.configuration, socket));
  const colon = url.indexOf(':');
  const slash = url.indexOf('/', colon + 3);
  return tcpAddress(url.slice(colon + 3, slash < 0 ? url.length : slash), defaultPortOf(url.slice(0, colon)));
}
