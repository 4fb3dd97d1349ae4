/** Asking an HTTP server (mod_proxy_http.c: proxy_http_handler, ap_proxy_http_prefetch). */

import type { BodySource } from '../../../backend/body.ts';
import { describeAddress } from '../../../backend/connect.ts';
import { BodySpool } from '../../../backend/spool.ts';
import { NO_BODY, type RequestBody } from '../../../core/body.ts';
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { equalsIgnoreCase } from '../../../http/bytes.ts';
import type { BadHeaderMode } from '../../../http/response-head-parser.ts';
import { hostAndPort, urlHostAndPort } from '../shared/errors.ts';
import { requestHead, type Sending } from '../shared/http-request-head.ts';
import type { ProxyTarget, RemoteProxy } from '../shared/scheme.ts';
import { makePump } from '../shared/send.ts';
import { backendTls, PROXY_TLS, PROXY_TLS_NAME } from '../shared/tls.ts';
import { bracketHost, tunnelAddress } from '../shared/url.ts';
import { type Expectation, HttpAnswer } from './answer.ts';
import { HttpDriver } from './driver.ts';

/** Bytes of a body that are waited for before a backend is asked (MAX_MEM_SPOOL, less what no filter may need). */
const PREFETCH = 16 * 1024 - 80;

export function handleHttp(r: Request, plain: ProxyTarget): Answer {
  let target = plain;
  if (plain.url.startsWith('https:') || plain.url.startsWith('wss:')) {
    if (r.configuration.providers.find(PROXY_TLS, PROXY_TLS_NAME) === undefined) return DECLINED;
    const tls = backendTls(r, plain);
    if (tls === undefined) return 500;
    target = { ...plain, tls };
    if (plain.remote !== undefined) target = { ...target, ...behindProxy(plain, plain.remote) };
  }
  // Sub-requests send no body but a kept one, and httpd gives up the connection of those without.
  if (r.main !== undefined && target.body.kept === undefined)
    return send(r, target, { ...planOf(r, target), isKept: false }, NO_BODY);
  const encoding = r.headersIn.get('transfer-encoding');
  if (encoding !== undefined && !equalsIgnoreCase(encoding, 'chunked')) {
    logRequest(r, 'proxy_http', Level.error, 'AH01093', `${encoding} Transfer-Encoding is not supported`);
    return 500;
  }
  const { body } = target;
  const plan = planOf(r, target);
  if (!body.isPresent || body.isTaken) {
    // Whoever read it left nothing of it.
    const isAnnounced = encoding !== undefined || r.headersIn.has('content-length');
    return send(r, target, isAnnounced ? { ...plan, length: '0' } : plan, NO_BODY);
  }
  return withBody(r, target, plan, body);
}

/** TLS is between us and the server: the proxy is only the way there, and sees no request but CONNECT. */
function behindProxy(target: ProxyTarget, remote: RemoteProxy): Pick<ProxyTarget, 'address' | 'remote'> {
  const { host, port } = urlHostAndPort(target.url);
  const authority = `${bracketHost(host)}:${port}`;
  return { address: tunnelAddress(target.address, authority, remote.credentials), remote: undefined };
}

interface Plan extends Sending {
  readonly expectation: Expectation;
}

const PLAIN: Plan = {
  isHttp10: false,
  isKept: true,
  expects: false,
  expectation: 'none',
  length: undefined,
  isChunked: false,
  hasExtraLine: false,
  upgrade: undefined,
};
const UNKEPT: Plan = { ...PLAIN, isKept: false };

/** All that does not depend on the request's body. */
function planOf(r: Request, target: ProxyTarget): Plan {
  const { worker } = target;
  const isHttp10 = r.getEnv('force-proxy-request-1.0') !== undefined;
  const isKept = worker.isReusing(true) && !isHttp10 && r.getEnv('proxy-nokeepalive') === undefined;
  const expectation = isHttp10 ? 'none' : expectationOf(r, target);
  // A WebSocket URL says what it is for.
  const allowed = worker.options.upgrade ?? (target.url.startsWith('ws') ? 'websocket' : undefined);
  const upgrade = allowed === undefined ? undefined : upgradeOf(r, allowed);
  const hasExtraLine = r.method === 'POST' && r.getEnv('proxy-sendextracrlf') !== undefined;
  if (!isHttp10 && expectation === 'none' && upgrade === undefined && !hasExtraLine)
    return isKept ? PLAIN : UNKEPT;
  return { ...PLAIN, isHttp10, isKept, expects: expectation !== 'none', expectation, hasExtraLine, upgrade };
}

function expectationOf(r: Request, target: ProxyTarget): Expectation {
  const expect = r.headersIn.get('expect');
  if (
    expect !== undefined &&
    equalsIgnoreCase(expect, '100-continue') &&
    target.dir.forwardsContinue !== false
  )
    return 'client';
  const isPing = target.worker.options.ping !== undefined && r.proxyRequest === 'reverse';
  return isPing && r.main === undefined && target.body.isPresent ? 'ping' : 'none';
}

/** The protocol the client asks for, where the worker speaks it. */
function upgradeOf(r: Request, allowed: string): string | undefined {
  const asked = r.headersIn.get('upgrade');
  if (asked === undefined) return undefined;
  return equalsIgnoreCase(allowed, 'any') || equalsIgnoreCase(allowed, asked) ? asked : undefined;
}

/** Decides how the body is framed, when as much of it is there as that takes. */
function withBody(r: Request, target: ProxyTarget, plan: Plan, body: RequestBody): Answer {
  if (plan.expectation === 'client') {
    // The client sends it when it is told to.
    const length = body.length;
    return send(r, target, { ...plan, length: length?.toString(), isChunked: length === undefined }, body);
  }
  const spool = new BodySpool(body, PREFETCH);
  const wantsLength =
    plan.isHttp10 ||
    (r.getEnv('proxy-sendcl') !== undefined &&
      r.getEnv('proxy-sendchunked') === undefined &&
      r.getEnv('proxy-sendchunks') === undefined);
  const announced = body.length;
  const isWhole = wantsLength && announced === undefined;
  let isWaiting = true;
  let answer: Answer | undefined;
  let resolve: ((answer: Answer) => void) | undefined;
  let reject: ((error: unknown) => void) | undefined;
  const filled = (): void => {
    if (!isWaiting) return;
    isWaiting = false;
    try {
      answer = sendSpooled(r, target, plan, announced, spool);
      resolve?.(answer);
    } catch (error) {
      if (reject === undefined) throw error;
      reject(error);
    }
  };
  if (isWhole) spool.whole(filled);
  else spool.fill(filled);
  if (answer !== undefined) return answer;
  return new Promise<number>((done, failed) => {
    resolve = done;
    reject = failed;
    r.transport.onAbort(() => {
      isWaiting = false;
      spool.discard();
      done(OK);
    });
  });
}

function sendSpooled(
  r: Request,
  target: ProxyTarget,
  plan: Plan,
  announced: number | undefined,
  spool: BodySpool,
): Answer {
  const { failure } = spool;
  if (failure !== undefined) {
    spool.discard();
    return prefetchFailed(r, target, failure);
  }
  const length = spool.length ?? announced;
  return send(r, target, { ...plan, length: length?.toString(), isChunked: length === undefined }, spool);
}

function prefetchFailed(r: Request, target: ProxyTarget, failure: number): number {
  const { host } = hostAndPort(target);
  const message =
    `prefetch request body failed to ${describeAddress(target.address)} (${host}) from ` +
    `${r.connection.remoteAddr} ()`;
  logRequest(r, 'proxy', Level.error, 'AH01095', message);
  return failure === 0 ? 400 : failure;
}

function send(r: Request, target: ProxyTarget, plan: Plan, body: BodySource): Answer {
  const { worker, server } = target;
  const head = requestHead(r, target, plan);
  return new Promise<number>((resolve, reject) => {
    const answer = new HttpAnswer(r, target, plan.expectation, plan.upgrade, resolve, reject);
    const options = {
      isHead: r.method === 'HEAD',
      fieldSize: worker.options.responseFieldSize || undefined,
      badHeader: server.badHeader as BadHeaderMode | undefined,
    };
    const driver = new HttpDriver(head, plan, options, answer);
    const pump = makePump(r, target, {
      driver,
      body,
      sink: answer,
      isReusing: true,
      isFreshWanted: !plan.isKept || isFirstOfClient(r),
      isBodyHeld: plan.expectation !== 'none',
      onDefect: reject,
    });
    if (plan.expectation === 'ping') pump.setTimeout(worker.options.ping as number);
    answer.attachDriver(driver, pump);
    pump.start();
  });
}

/** The first request of a client's connection goes out on a new one, where `proxy-initial-not-pooled` says so: nobody would repeat it. */
function isFirstOfClient(r: Request): boolean {
  return r.connection.keepalives === 0 && r.getEnv('proxy-initial-not-pooled') !== undefined;
}
