/**
 * The worker's part: listening sockets and the connections on them. It serves one configuration at a time; a reload swaps the configuration,
 * opens and closes sockets as Listen asks, and lets connections finish what they are at.
 */
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Configuration, ProxyProtocolRule } from '../core/configuration.ts';
import type { ProxiedClient } from '../core/connection.ts';
import { type CoreServerConf, coreServer } from '../core/core-config.ts';
import type { ClientTls } from '../core/tls.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { DEFAULT_LIMITS, type ParserOptions, REGISTERED_METHODS } from '../http/request-head.ts';
import { TimerWheel } from '../lib/timer-wheel.ts';
import type { Arrival } from './arrival.ts';
import type { ConnectionHome } from './connection-home.ts';
import { Http1Connection } from './http1-connection.ts';
import { plainAddress } from './http1-request.ts';
import { beginsWithProxyHeader, ProxyArrival, type ProxyArrivalHost } from './proxy-arrival.ts';
import { TlsArrival, type TlsArrivalHost } from './tls-arrival.ts';

/** A socket could not be opened. */
export class ListenError extends Error {
  readonly code = 'ERR_LISTEN';
  /** As httpd prints it: `0.0.0.0:80`, `[::]:80`. */
  readonly address: string;
  readonly errno: number;

  constructor(address: string, cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.address = address;
    this.errno = -(cause.errno ?? 0);
  }
}

/** One address that Listen names. */
export interface ListenAddress {
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  readonly port: number;
}

const WHEEL_TICK = 250;
const DEFAULT_BACKLOG = 511;

/** A configuration in service, with the connections that were accepted under it. */
class Generation implements ConnectionHome, TlsArrivalHost, ProxyArrivalHost {
  readonly configuration: Configuration;
  readonly wheel: TimerWheel;
  isDraining = false;
  readonly connections = new Set<Http1Connection>();
  /** In their handshake, or in the header before all else. */
  readonly #arrivals = new Set<Arrival>();
  readonly #proxyProtocol: ProxyProtocolRule | undefined;
  readonly #usesTls: boolean;
  readonly #parserOptions = new WeakMap<VirtualServer, ParserOptions>();
  #serves: 'not yet' | 'yes' | 'no more' = 'not yet';
  #onEmpty: (() => void) | undefined;
  #drained: Promise<void> | undefined;

  constructor(configuration: Configuration, wheel: TimerWheel) {
    this.configuration = configuration;
    this.wheel = wheel;
    this.#proxyProtocol = configuration.proxyProtocol;
    this.#usesTls = [configuration.main, ...configuration.virtualServers].some(
      ({ tls }) => tls !== undefined,
    );
  }

  /** Lets modules start what the configuration needs. */
  begin(): void {
    this.#serves = 'yes';
    for (const module of this.configuration.loaded) module.begin?.(this.configuration);
  }

  /** Tells the modules that the configuration serves no more. */
  retire(): void {
    if (this.#serves !== 'yes') return;
    this.#serves = 'no more';
    for (const module of this.configuration.loaded) module.retire?.(this.configuration);
  }

  readonly parserOptions = (server: VirtualServer): ParserOptions => {
    let options = this.#parserOptions.get(server);
    if (options === undefined) {
      options = parserOptionsOf(coreServer(server));
      this.#parserOptions.set(server, options);
    }
    return options;
  };

  accept(socket: Socket): void {
    const rule = this.#proxyProtocol;
    if (rule !== undefined && beginsWithProxyHeader(rule, socket))
      this.#arrivals.add(new ProxyArrival(socket, this, this.#baseServer(socket)));
    else this.#enter(socket, undefined);
  }

  #enter(socket: Socket, client: ProxiedClient | undefined): void {
    if (!this.#usesTls || !this.#acceptTls(socket, client))
      this.#keep(new Http1Connection(socket, this, undefined, client));
  }

  #baseServer(socket: Socket): VirtualServer {
    const { vhosts, main } = this.configuration;
    return vhosts.find(plainAddress(socket.localAddress ?? ''), socket.localPort ?? 0)?.first ?? main;
  }

  #keep(connection: Http1Connection): void {
    this.connections.add(connection);
    if (this.isDraining) connection.close();
  }

  /** False: plain HTTP is spoken at the address. */
  #acceptTls(socket: Socket, client: ProxiedClient | undefined): boolean {
    const { vhosts, main } = this.configuration;
    const servers = vhosts.find(plainAddress(socket.localAddress ?? ''), socket.localPort ?? 0);
    const base = servers?.first ?? main;
    if (base.tls === undefined) return false;
    this.#arrivals.add(new TlsArrival(socket, this, servers, base, client));
    return true;
  }

  onSecured(arrival: TlsArrival, socket: TLSSocket, tls: ClientTls): void {
    this.#arrivals.delete(arrival);
    this.#keep(new Http1Connection(socket, this, tls, arrival.proxiedClient));
  }

  onPlain(arrival: TlsArrival, socket: Socket): void {
    this.#arrivals.delete(arrival);
    this.#keep(new Http1Connection(socket, this, 'mistaken', arrival.proxiedClient));
    socket.resume();
  }

  onProxied(arrival: ProxyArrival, socket: Socket, client: ProxiedClient | undefined): void {
    this.#arrivals.delete(arrival);
    this.#enter(socket, client);
    socket.resume();
  }

  onLost(arrival: Arrival): void {
    this.#arrivals.delete(arrival);
    this.#tellEmpty();
  }

  onClosed(connection: Http1Connection): void {
    this.connections.delete(connection);
    this.#tellEmpty();
  }

  #tellEmpty(): void {
    if (this.connections.size + this.#arrivals.size === 0) this.#onEmpty?.();
  }

  /** No new requests; idle connections end now, busy ones after their answer. */
  drain(): Promise<void> {
    this.isDraining = true;
    for (const connection of this.connections) connection.close();
    if (this.connections.size + this.#arrivals.size === 0) return Promise.resolve();
    this.#drained ??= new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
    return this.#drained;
  }

  abort(): void {
    for (const connection of this.connections) connection.abort();
    for (const arrival of this.#arrivals) arrival.abort();
  }
}

function parserOptionsOf(conf: Readonly<CoreServerConf>): ParserOptions {
  return {
    limits: {
      line: conf.limitRequestLine ?? DEFAULT_LIMITS.line,
      fields: conf.limitRequestFields ?? DEFAULT_LIMITS.fields,
      fieldSize: conf.limitRequestFieldSize ?? DEFAULT_LIMITS.fieldSize,
    },
    strict: conf.strictHttp !== false,
    registeredMethods:
      conf.lenientMethods === false
        ? new Set([...REGISTERED_METHODS, ...(conf.registeredMethods ?? [])])
        : undefined,
    allowHttp09: conf.allowHttp09 !== false,
  };
}

interface Listener {
  readonly key: string;
  readonly address: ListenAddress;
  readonly server: Server;
}

/** Where IPv6 is switched off: what opening `[::]` says. */
const NO_IPV6: readonly unknown[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'];

function codeOf(error: unknown): unknown {
  return error instanceof ListenError ? (error.cause as NodeJS.ErrnoException).code : undefined;
}

export class HttpServer {
  #generation: Generation;
  readonly #wheel = new TimerWheel({ tickMs: WHEEL_TICK });
  #listeners: Listener[] = [];
  readonly #draining = new Set<Generation>();

  constructor(configuration: Configuration) {
    this.#generation = new Generation(configuration, this.#wheel);
  }

  get configuration(): Configuration {
    return this.#generation.configuration;
  }

  /** Where it listens, with the ports the system chose for port 0. */
  get addresses(): { host: string; port: number }[] {
    return this.#listeners.flatMap(({ server }) => {
      const address = server.address();
      return address === null || typeof address === 'string'
        ? []
        : [{ host: address.address, port: address.port }];
    });
  }

  /**
   * Opens every socket that Listen names; when one cannot be opened none stays open. Throws ListenError.
   * @param beforeBegin done when they are open, before modules start what they need; what it throws closes them too.
   */
  async listen(beforeBegin?: () => void): Promise<void> {
    try {
      for (const address of listenAddresses(this.configuration))
        this.#listeners.push(await open(address, this.configuration, this.#accept));
      beforeBegin?.();
      this.#generation.begin();
    } catch (error) {
      this.#generation.retire();
      close(this.#listeners);
      this.#listeners = [];
      throw error;
    }
  }

  /**
   * Serves a new configuration from now on; the old one finishes what it is at. Throws ListenError, and then nothing has changed.
   * @param beforeBegin as for listen().
   */
  async reload(configuration: Configuration, beforeBegin?: () => void): Promise<void> {
    const wanted = listenAddresses(configuration);
    const isWanted = ({ key }: Listener): boolean => wanted.some((address) => keyOf(address) === key);
    const kept = this.#listeners.filter(isWanted);
    const dropped = this.#listeners.filter((listener) => !isWanted(listener));
    const opened: Listener[] = [];
    /** Closed before their time: they stood in the way of others. */
    const gone: Listener[] = [];
    const next = new Generation(configuration, this.#wheel);
    try {
      for (const address of wanted) {
        if (kept.some(({ key }) => key === keyOf(address))) continue;
        opened.push(await this.#openAmong(dropped, gone, address, configuration));
      }
      beforeBegin?.();
      next.begin();
    } catch (error) {
      next.retire();
      close(opened);
      await this.#reopen(gone);
      throw error;
    }
    this.#listeners = [...kept, ...opened];
    const old = this.#generation;
    this.#generation = next;
    this.#draining.add(old);
    close(dropped);
    void old.drain().then(() => {
      this.#draining.delete(old);
      old.retire();
    });
  }

  /** Stops listening. Gracefully: resolves when the last answer is given; else connections are cut. */
  async stop(graceful: boolean): Promise<void> {
    close(this.#listeners);
    this.#listeners = [];
    const generations = [this.#generation, ...this.#draining];
    if (!graceful) for (const generation of generations) generation.abort();
    await Promise.all(generations.map((generation) => generation.drain()));
    for (const generation of generations) generation.retire();
    this.#wheel.stop();
  }

  readonly #accept = (socket: Socket): void => this.#generation.accept(socket);

  /** `[::]:80` holds 127.0.0.1:80 too: one that is to be closed gives way to one that is to be opened. */
  async #openAmong(
    dropped: readonly Listener[],
    gone: Listener[],
    address: ListenAddress,
    configuration: Configuration,
  ): Promise<Listener> {
    try {
      return await open(address, configuration, this.#accept);
    } catch (error) {
      const inTheWay = dropped.filter(
        (listener) => listener.address.port === address.port && !gone.includes(listener),
      );
      if (codeOf(error) !== 'EADDRINUSE' || inTheWay.length === 0) throw error;
      close(inTheWay);
      gone.push(...inTheWay);
      return open(address, configuration, this.#accept);
    }
  }

  /** Nothing is to have changed. Whoever was quicker has the address now. */
  async #reopen(gone: readonly Listener[]): Promise<void> {
    for (const listener of gone) {
      const again = await open(listener.address, this.configuration, this.#accept).catch(() => undefined);
      this.#listeners = this.#listeners.flatMap((one) =>
        one !== listener ? [one] : again === undefined ? [] : [again],
      );
    }
  }
}

/** All addresses are those of IPv6, which takes IPv4 too, and of IPv4 alone where there is no IPv6. */
async function open(
  address: ListenAddress,
  configuration: Configuration,
  accept: (socket: Socket) => void,
): Promise<Listener> {
  if (address.host !== undefined) return openAt(address.host, address, configuration, accept);
  try {
    return await openAt('::', address, configuration, accept);
  } catch (error) {
    if (!NO_IPV6.includes(codeOf(error))) throw error;
    return openAt('0.0.0.0', address, configuration, accept);
  }
}

function openAt(
  host: string,
  address: ListenAddress,
  configuration: Configuration,
  accept: (socket: Socket) => void,
): Promise<Listener> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 64 * 1024 }, accept);
  const backlog = coreServer(configuration.main).listenBacklog ?? DEFAULT_BACKLOG;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new ListenError(shownAddress(address), error)),
    );
    server.listen({ host, port: address.port, backlog }, () => {
      server.removeAllListeners('error');
      // Accepting fails for want of descriptors: the next ones may succeed again.
      server.on('error', () => undefined);
      resolve({ key: keyOf(address), address, server });
    });
  });
}

/** The sockets are free at once; connections stay. */
function close(listeners: readonly Listener[]): void {
  for (const { server } of listeners) server.close();
}

function keyOf({ host, port }: ListenAddress): string {
  return `${host ?? '*'}:${port}`;
}

function shownAddress({ host, port }: ListenAddress): string {
  if (host === undefined) return `[::]:${port}`;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What Listen names, each address once. */
export function listenAddresses(configuration: Configuration): ListenAddress[] {
  const addresses = new Map<string, ListenAddress>();
  for (const { host, port } of coreServer(configuration.main).listen ?? []) {
    const address = { host, port };
    addresses.set(keyOf(address), address);
  }
  return [...addresses.values()];
}
