/**
 * mod_proxy_connect: tunnels for CONNECT, of the forward proxy only (modules/proxy/mod_proxy_connect.c). Which ports may be asked for is
 * AllowCONNECT's to say; to whom it is open is said by `<Proxy *>`.
 *
 * Different from httpd on purpose: when a tunnel times out the client is not kept waiting for the backend's end.
 */
import type { BackendConnection } from '../../backend/connection.ts';
import type { BackendFailure } from '../../backend/failure.ts';
import { Tunnel, type TunnelResult } from '../../backend/tunnel.ts';
import { type ApplyResult, type Command, RSRC_CONF } from '../../config/directive.ts';
import type { Answer } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { DECLINED, OK } from '../../core/status.ts';
import { parseTarget } from '../../http/uri.ts';
import { systemError } from '../../lib/error-text.ts';
import { addressesOf } from './shared/addresses.ts';
import { TIMED_OUT } from './shared/answer.ts';
import { refuseBlocked } from './shared/blocked.ts';
import { proxyError } from './shared/errors.ts';
import { blockOf } from './shared/host-lists.ts';
import { CONNECT_TARGET, type ProxyTarget, SCHEME_HANDLERS, type SchemeHandler } from './shared/scheme.ts';
import { tunnelTimeout } from './shared/tunnel-timeout.ts';
import { bracketHost, tcpAddress } from './shared/url.ts';

const MODULE = 'proxy_connect';

interface PortRange {
  readonly first: number;
  readonly last: number;
}

interface ConnectServerConf {
  allowed?: PortRange[];
}

/** https and snews (APR_URI_HTTPS_DEFAULT_PORT, APR_URI_SNEWS_DEFAULT_PORT). */
const DEFAULT_PORTS: readonly PortRange[] = [
  { first: 443, last: 443 },
  { first: 563, last: 563 },
];

/** `443` or `8000-8100`; what is wrong with it in httpd's words. */
export function portRange(text: string): PortRange | string {
  if (!/^\d/.test(text)) return 'AllowCONNECT: port numbers must be numeric';
  const dash = /^\d+-/.exec(text)?.[0].length ?? 0;
  const last = text.slice(dash);
  if (!/^\s*[+-]?\d+$/.test(last)) return `Cannot parse '${last}' as port number`;
  return { first: Number.parseInt(text, 10), last: Number(last) };
}

export function isAllowed(allowed: readonly PortRange[], port: number): boolean {
  return allowed.some(({ first, last }) => port >= first && port <= last);
}

function allowConnect(cmd: Command<ConnectServerConf, object>, text: string): ApplyResult {
  const range = portRange(text);
  if (typeof range === 'string') return range;
  cmd.server.allowed ??= [];
  cmd.server.allowed.push(range);
  return undefined;
}

/** Looks the next hop up, then asks ProxyBlock and AllowCONNECT, in this order (proxy_connect_handler). */
async function handleConnect(r: Request, target: ProxyTarget): Promise<number> {
  const asked = parseTarget(r.unparsedUri, 'CONNECT');
  if (asked?.hostname === undefined || asked.port === undefined)
    return proxyError(r, 400, `URI cannot be parsed: ${r.uri}`);
  const { remote, server } = target;
  const next = remote ?? { host: asked.hostname, port: asked.port };
  const addresses = await addressesOf(next.host);
  if (addresses === undefined) {
    const error = '(EAI 2)Name or service not known';
    logRequest(r, MODULE, Level.error, 'AH02327', `failed to resolve hostname '${next.host}'`, error);
    return proxyError(r, 502, `DNS lookup failure for: ${next.host}`);
  }
  const block = await blockOf(server.blocks ?? [], asked.hostname, remote === undefined ? addresses : []);
  if (block !== undefined) return refuseBlocked(r, asked.hostname, block);
  const { allowed } = modProxyConnect.server(r.server);
  if (!isAllowed(allowed ?? DEFAULT_PORTS, asked.port))
    return proxyError(r, 403, 'Connect to remote machine blocked');
  for (const address of addresses) {
    const status = await new ConnectAttempt(r, target, next.host, address, next.port).run();
    if (status !== undefined) return status;
  }
  // Another proxy that is not there is done without.
  return remote === undefined ? 503 : DECLINED;
}

/** One address of the next hop: connected to, and joined with the client. */
class ConnectAttempt {
  readonly #r: Request;
  readonly #target: ProxyTarget;
  readonly #host: string;
  readonly #address: string;
  readonly #port: number;

  constructor(r: Request, target: ProxyTarget, host: string, address: string, port: number) {
    this.#r = r;
    this.#target = target;
    this.#host = host;
    this.#address = address;
    this.#port = port;
  }

  /** The request's status when the tunnel is over; undefined when nobody answers at the address. */
  run(): Promise<number | undefined> {
    const { worker, timeout, server } = this.#target;
    const pool = worker.pool(tcpAddress(`${bracketHost(this.#address)}:${this.#port}`, this.#port), {
      isReusing: false,
      connectTimeout: timeout,
      localAddress: server.sourceAddress,
    });
    return new Promise((resolve, reject) => {
      const client = {
        onAcquired: (connection: BackendConnection): void => {
          const release = (used: BackendConnection): void => pool.release(used, false);
          try {
            this.#join(connection, release, resolve, reject);
          } catch (error) {
            release(connection);
            reject(error);
          }
        },
        onAcquireFailed: (failure: BackendFailure): void => {
          this.#logFailure(failure);
          resolve(undefined);
        },
      };
      this.#r.transport.onAbort(() => {
        pool.cancel(client);
        resolve(OK);
      });
      pool.acquire(client, true);
    });
  }

  #join(
    backend: BackendConnection,
    release: (backend: BackendConnection) => void,
    resolve: (status: number) => void,
    reject: (error: unknown) => void,
  ): void {
    const r = this.#r;
    const client = r.transport.takeConnection?.(r);
    if (client === undefined) {
      release(backend);
      resolve(r.connection.isAborted ? OK : 501);
      return;
    }
    const agent = `Proxy-agent: ${r.configuration.banner}\r\n\r\n`;
    const tunnel = new Tunnel({
      client,
      backend,
      release,
      timeout: tunnelTimeout(r, this.#target),
      onEnd: (result) => {
        this.#logEnd(result);
        if (result.why === 'defect') reject(result.error);
        else resolve(OK);
      },
    });
    // Another proxy's answer to its CONNECT is the client's, whatever it says.
    if (this.#target.remote !== undefined)
      backend.write(Buffer.from(`CONNECT ${r.uri} HTTP/1.0\r\n${agent}`, 'latin1'));
    else client.write(Buffer.from(`HTTP/1.0 200 Connection Established\r\n${agent}`, 'latin1'));
    tunnel.start();
  }

  #logFailure({ detail, kind }: BackendFailure): void {
    const error = kind === 'connect-timeout' ? TIMED_OUT : systemError(detail);
    const where = `${bracketHost(this.#address)}:${this.#port} (${this.#host})`;
    logRequest(
      this.#r,
      'proxy',
      Level.error,
      'AH00939',
      `CONNECT: attempt to connect to ${where} failed`,
      error,
    );
  }

  #logEnd({ why }: TunnelResult): void {
    if (why === 'timeout') logRequest(this.#r, MODULE, Level.error, 'AH10224', 'tunnel timed out');
  }
}

const connect: SchemeHandler = {
  label: 'CONNECT',
  // The target is canonical as it is, but it must name somebody.
  canonicalise: (r) => (r.absoluteAuthority === '' ? 400 : OK),
  handle: (r, target): Answer => (r.method === 'CONNECT' ? handleConnect(r, target) : DECLINED),
};

export const modProxyConnect = defineModule<ConnectServerConf>({
  name: 'proxy_connect_module',
  file: 'mod_proxy_connect.c',
  directives: [
    {
      name: 'AllowCONNECT',
      shape: 'ITERATE',
      where: RSRC_CONF,
      usage: 'A list of ports or port ranges which CONNECT may connect to',
      apply: allowConnect,
    },
  ],
  mergeServer: (base, add) =>
    add.allowed === undefined ? base : { allowed: [...(base.allowed ?? []), ...add.allowed] },
  providers: { [SCHEME_HANDLERS]: { [CONNECT_TARGET]: connect } },
});
