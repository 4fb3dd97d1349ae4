/**
 * mod_proxy_wstunnel: WebSocket by itself (modules/proxy/mod_proxy_wstunnel.c). It serves ws: and wss: where ProxyWebsocketFallbackToProxyHttp is
 * Off or mod_proxy_http is not there; everywhere else they are mod_proxy_http's. The handshake is sent on, and from the backend's first byte
 * the two connections are one: the answer, whatever it is, goes to the client as it is, and who ends his side ends both.
 *
 * Different from httpd on purpose: a backend that does not answer the handshake makes a proper 502, or 504 after the worker's timeout;
 * what the client sends behind its handshake waits for the answer.
 */

import type { Driver, DriverEvents } from '../../backend/driver.ts';
import type { BackendFailure } from '../../backend/failure.ts';
import type { Pump } from '../../backend/pump.ts';
import { Tunnel } from '../../backend/tunnel.ts';
import { ACCESS_CONF, RSRC_CONF } from '../../config/directive.ts';
import { NO_BODY } from '../../core/body.ts';
import type { Answer } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { DECLINED, DONE, OK } from '../../core/status.ts';
import { equalsIgnoreCase } from '../../http/bytes.ts';
import { BackendAnswer } from './shared/answer.ts';
import { hostAndPort } from './shared/errors.ts';
import { type CanonicalBy, canonicaliseHttp } from './shared/http-canonical.ts';
import { requestFields } from './shared/http-request-head.ts';
import {
  CLAIMING_HANDLERS,
  type ClaimingHandler,
  type ProxyTarget,
  SCHEME_HANDLERS,
} from './shared/scheme.ts';
import { makePump } from './shared/send.ts';
import { backendTls } from './shared/tls.ts';

const MODULE = 'proxy_wstunnel';
const BY: CanonicalBy = { module: MODULE, badUrl: 'AH02439', badPath: 'AH10419', badQuery: 'AH10409' };

interface WebSocketDirConf {
  fallsBack?: boolean;
}

/** Sends the handshake and hands over the first bytes that come back. */
class HandshakeDriver implements Driver<Buffer> {
  readonly isReusable = false;
  readonly #head: string;
  #events: DriverEvents<Buffer> | undefined;

  constructor(head: string) {
    this.#head = head;
  }
  open(events: DriverEvents<Buffer>): string {
    this.#events = events;
    return this.#head;
  }
  receive(chunk: Buffer): void {
    this.#events?.onHead(chunk);
  }
  socketEnd(): void {
    this.#events?.onProtocolFailure('closed', 'closed');
  }
  // The request's body is part of what goes through the tunnel.
  encodeBody(chunk: Buffer): Buffer {
    return chunk;
  }
  encodeBodyEnd(): undefined {
    return undefined;
  }
  encodeAbort(): undefined {
    return undefined;
  }
}

class HandshakeAnswer extends BackendAnswer<Buffer> {
  readonly #pump: () => Pump<Buffer>;
  readonly #done: (status: number) => void;
  readonly #defect: (error: unknown) => void;

  constructor(
    r: Request,
    target: ProxyTarget,
    pump: () => Pump<Buffer>,
    done: (status: number) => void,
    defect: (error: unknown) => void,
  ) {
    super(r, target, done);
    this.#pump = pump;
    this.#done = done;
    this.#defect = defect;
  }

  onHead(first: Buffer): void {
    const { r } = this;
    const backend = this.#pump().detach();
    if (backend === undefined) return;
    this.close();
    const client = r.transport.takeConnection?.(r);
    if (client === undefined) {
      backend.release(backend.connection);
      this.#done(r.connection.isAborted ? OK : 501);
      return;
    }
    const tunnel = new Tunnel({
      client,
      backend: backend.connection,
      release: backend.release,
      // As long as both are there, as in httpd.
      timeout: 0,
      endsTogether: true,
      onEnd: ({ why, error }) => (why === 'defect' ? this.#defect(error) : this.#done(OK)),
    });
    tunnel.start(first);
  }

  protected get label(): string {
    return this.target.url.startsWith('wss:') ? 'WSS' : 'WS';
  }

  protected report(failure: BackendFailure): number {
    const status = this.reportConnecting(failure);
    if (status === undefined) return failure.kind === 'timeout' ? 504 : 502;
    if (status === 503) {
      const message = `failed to make connection to backend: ${hostAndPort(this.target).host}`;
      logRequest(this.r, MODULE, Level.error, 'AH02452', message);
    }
    return status;
  }
}

/** What the worker switches to: `upgrade=`, else WebSocket; undefined when the client asks for something else. */
export function upgradeFor(asked: string | undefined, allowed: string | undefined): string | undefined {
  if (asked === undefined) return undefined;
  if (allowed === undefined || equalsIgnoreCase(allowed, 'websocket'))
    return equalsIgnoreCase(asked, 'websocket') ? (allowed ?? 'WebSocket') : undefined;
  if (equalsIgnoreCase(allowed, 'any')) return asked;
  return equalsIgnoreCase(allowed, asked) ? allowed : undefined;
}

function handleWebSocket(r: Request, plain: ProxyTarget): Answer {
  const allowed = plain.worker.options.upgrade;
  const asked = r.headersIn.getJoined('upgrade');
  const upgrade = upgradeFor(asked, allowed);
  if (upgrade === undefined) return requireUpgrade(r, plain.url, asked, allowed ?? 'WebSocket');
  let target = plain;
  if (plain.url.startsWith('wss:')) {
    const tls = backendTls(r, plain);
    if (tls === undefined) return 500;
    target = { ...plain, tls };
  }
  const fields = requestFields(r, target, { isHttp10: false, expects: false });
  const driver = new HandshakeDriver(`${fields}Upgrade: ${upgrade}\r\nConnection: Upgrade\r\n\r\n`);
  return new Promise<number>((resolve, reject) => {
    const sink: HandshakeAnswer = new HandshakeAnswer(r, target, () => pump, resolve, reject);
    const pump = makePump(r, target, { driver, body: NO_BODY, sink, isReusing: false, onDefect: reject });
    sink.attach(pump);
    pump.start();
  });
}

function requireUpgrade(r: Request, url: string, asked: string | undefined, expected: string): number {
  const message = `require upgrade for URL ${url} (Upgrade header is ${asked ?? 'missing'}, expecting ${expected})`;
  logRequest(r, MODULE, Level.info, 'AH02900', message);
  r.errHeadersOut.set('Connection', 'Upgrade');
  r.errHeadersOut.set('Upgrade', expected);
  return 426;
}

function handlerOf(scheme: string): ClaimingHandler {
  return {
    label: scheme.toUpperCase(),
    claims: (r) =>
      modProxyWstunnel.dir(r).fallsBack === false ||
      r.configuration.providers.find(SCHEME_HANDLERS, scheme) === undefined,
    // What asks for no upgrade is somebody else's.
    checkTranslate: (r) => (r.headersIn.has('upgrade') ? DECLINED : DONE),
    canonicalise: (r, rest, state) => canonicaliseHttp(r, scheme, rest, state, BY),
    handle: handleWebSocket,
  };
}

export const modProxyWstunnel = defineModule<object, WebSocketDirConf>({
  name: 'proxy_wstunnel_module',
  file: 'mod_proxy_wstunnel.c',
  directives: [
    {
      name: 'ProxyWebsocketFallbackToProxyHttp',
      shape: 'FLAG',
      where: RSRC_CONF | ACCESS_CONF,
      usage: 'whether to let mod_proxy_http handle the upgrade and tunneling, On by default',
      apply: (cmd, on) => void (cmd.dir.fallsBack = on),
    },
  ],
  mergeDir: (base, add) => ({ ...base, ...add }),
  providers: { [CLAIMING_HANDLERS]: { ws: handlerOf('ws'), wss: handlerOf('wss') } },
});
