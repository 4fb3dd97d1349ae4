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
  readonly server: Server;
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

  /** Opens every socket that Listen names; when one cannot be opened none stays open. Throws ListenError. */
  async listen(): Promise<void> {
    try {
      for (const address of listenAddresses(this.configuration))
        this.#listeners.push(await this.#open(address));
    } catch (error) {
      await this.#closeListeners(this.#listeners);
      this.#listeners = [];
      throw error;
    }
  }

  /** Serves a new configuration from now on; the old one finishes what it is at. Throws ListenError, and then nothing has changed. */
  async reload(configuration: Configuration): Promise<void> {
    const wanted = listenAddresses(configuration);
    const kept = this.#listeners.filter(({ key }) => wanted.some((address) => keyOf(address) === key));
    const opened: Listener[] = [];
    try {
      for (const address of wanted) {
        if (!kept.some(({ key }) => key === keyOf(address))) opened.push(await this.#open(address));
      }
    } catch (error) {
      await this.#closeListeners(opened);
      throw error;
    }
    const dropped = this.#listeners.filter((listener) => !kept.includes(listener));
    this.#listeners = [...kept, ...opened];
    const old = this.#generation;
    this.#generation = new Generation(configuration, this.#wheel);
    this.#draining.add(old);
    void this.#closeListeners(dropped);
    void old.drain().then(() => {
      this.#draining.delete(old);
      retire(old.configuration);
    });
  }

  /** Stops listening. Gracefully: resolves when the last answer is given; else connections are cut. */
  async stop(graceful: boolean): Promise<void> {
    const closed = this.#closeListeners(this.#listeners);
    this.#listeners = [];
    const generations = [this.#generation, ...this.#draining];
    if (!graceful) for (const generation of generations) generation.abort();
    await Promise.all(generations.map((generation) => generation.drain()));
    await closed;
    for (const { configuration } of generations) retire(configuration);
    this.#wheel.stop();
  }

  #open(address: ListenAddress): Promise<Listener> {
    const server = createServer(
      { allowHalfOpen: true, noDelay: true, highWaterMark: 64 * 1024 },
      (socket) => {
        this.#generation.accept(socket);
      },
    );
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(new ListenError(shownAddress(address), error)),
      );
      server.listen(
        {
          host: address.host ?? '::',
          port: address.port,
          backlog: coreServer(this.configuration.main).listenBacklog ?? DEFAULT_BACKLOG,
        },
        () => {
          server.removeAllListeners('error');
          // Accepting fails for want of descriptors: the next ones may succeed again.
          server.on('error', () => undefined);
          resolve({ key: keyOf(address), server });
        },
      );
    });
  }

  async #closeListeners(listeners: readonly Listener[]): Promise<void> {
    for (const { server } of listeners) server.close();
  }
}

/** Tells the modules that a configuration serves no more. */
function retire(configuration: Configuration): void {
  for (const module of configuration.loaded) module.retire?.(configuration);
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
