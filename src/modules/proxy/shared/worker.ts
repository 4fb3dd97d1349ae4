/**
 * Workers: what is known of one backend, and the connections to it (proxy_util.c: ap_proxy_define_worker_ex, ap_proxy_get_worker_ex). A worker is
 * found by the longest beginning of a URL that is its name; the unix socket is no part of the name. Requests that no worker matches share the
 * default one, which keeps no connection.
 */
import {
  type BackendAddress,
  type BackendTls,
  describeAddress,
  type Traffic,
} from '../../../backend/connect.ts';
import { BackendPool, type PoolOptions } from '../../../backend/pool.ts';
import { WorkerState } from '../../../backend/worker-state.ts';
import { type HealthCheck, newHealthCheck } from './health-check.ts';
import { addressKey, bracketHost, defaultPortOf, parseNetloc, splitSocket } from './url.ts';
import { setWorkerOption, type WorkerOptions } from './worker-options.ts';

/** Pools of one worker. More than one there are only where requests name the address: those least recently used are given up. */
const MAX_POOLS = 64;
const DEFAULT_RETRY = 60_000;

/** What is not the worker's to say when a pool is made. */
export interface PoolDefaults {
  /** Whether connections are kept when neither enablereuse nor disablereuse is said. */
  readonly isReusing: boolean;
  /** Milliseconds, where connectiontimeout is not said. */
  readonly connectTimeout: number;
  readonly localAddress: string | undefined;
  /** Of `backendTls` in tls.ts, for schemes over TLS. */
  readonly tls?: BackendTls | undefined;
}

/** What is counted of a worker, and by what balancers choose among theirs; the manager's page shows it and may change the second half. */
export interface WorkerRecord extends Traffic {
  /** Requests it was chosen for. */
  elected: number;
  /** Requests it is at. */
  busy: number;
  /** What a method has it in hand: grows by its factor with every choice, falls by the sum of all when it is chosen. */
  lbstatus: number;
  /** Hundredths: 100 for `loadfactor=1`. */
  lbfactor: number;
  lbset: number;
  /** Empty: none. */
  route: string;
  redirect: string;
}

export class Worker {
  /** `scheme://host:port/path` as written, host in lower case; empty for the default worker. */
  readonly name: string;
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  /** Path of its unix socket as written. */
  readonly socket: string | undefined;
  readonly options: WorkerOptions = {};
  /** Its name holds `$1`: made by ProxyPassMatch. */
  readonly isPattern: boolean;
  readonly #pattern: RegExp | undefined;
  /** Made by ProxyPassMatch: its connections are kept only where that is said, and never where requests name host or port. */
  isMatch = false;
  /** One of a balancer's: an error takes it out of use for a while. Alone, there is nobody to take over. */
  isMember = false;
  /** Whatever mod_proxy_hcheck was told of it. */
  readonly healthCheck: HealthCheck = newHealthCheck();
  #record: WorkerRecord | undefined;
  #state: WorkerState | undefined;
  readonly #flags: [letter: string, isOn: boolean][] = [];
  readonly #pools = new Map<string, BackendPool>();
  #lastAddress: BackendAddress | undefined;
  #lastTls: BackendTls | undefined;
  #lastPool: BackendPool | undefined;

  constructor(name: string, scheme: string, host: string, port: number, socket: string | undefined) {
    this.name = name;
    this.scheme = scheme;
    this.host = host;
    this.port = port;
    this.socket = socket;
    this.isPattern = /\$[0-9]/.test(name);
    this.#pattern = this.isPattern ? patternOf(name) : undefined;
  }

  /** For logs: with its socket (ap_proxy_worker_name). */
  get shownName(): string {
    return this.socket === undefined ? this.name : `unix:${this.socket}|${this.name}`;
  }

  get isDefault(): boolean {
    return this.name === '';
  }

  /** Made at first use, when all parameters are known. */
  get state(): WorkerState {
    if (this.#state === undefined) {
      this.#state = new WorkerState(this.options.retry ?? DEFAULT_RETRY);
      if (!this.isMember) this.#state.setFlag('I', true);
      for (const [letter, isOn] of this.#flags) this.#state.setFlag(letter, isOn);
    }
    return this.#state;
  }

  /** Made at first use, when all parameters are known. */
  get record(): WorkerRecord {
    if (this.#record === undefined) {
      const { loadFactor, lbset, route, redirect } = this.options;
      this.#record = {
        elected: 0,
        busy: 0,
        transferred: 0,
        read: 0,
        lbstatus: 0,
        lbfactor: Math.trunc((loadFactor ?? 1) * 100),
        lbset: lbset ?? 0,
        route: route ?? '',
        redirect: redirect ?? '',
      };
    }
    return this.#record;
  }

  /** What is known of a worker of the same name in an earlier configuration, which both of them go on writing. */
  takeOver(other: Worker): void {
    this.#record = other.record;
    this.#state = other.state;
  }

  /** For `status=`. */
  setFlag(letter: string, isOn: boolean): boolean {
    const upper = letter.toUpperCase();
    if (!new WorkerState().setFlag(upper, isOn)) return false;
    this.#flags.push([upper, isOn]);
    return true;
  }

  /** Sets a parameter. Answers what is wrong with it in httpd's words, or nothing. */
  setOption(key: string, value: string): string | undefined {
    return setWorkerOption(this.options, this, key, value);
  }

  /** How many characters of `url` (host in lower case) are its name, or -1. */
  matchLength(url: string): number {
    if (this.#pattern !== undefined) return this.#pattern.test(url) ? this.name.length : -1;
    return url.startsWith(this.name) ? this.name.length : -1;
  }

  /** Whether connections are kept; `byDefault` where the configuration does not say. */
  isReusing(byDefault: boolean): boolean {
    if (this.isDefault || (this.isPattern && this.host.includes('$'))) return false;
    return this.options.isReusing ?? (byDefault && !this.isMatch);
  }

  /**
   * The connections to an address. Addresses differ only where requests bring their own socket or host; what is said by TLS may differ by
   * `<Proxy>` section, and with the client's Host where that is preserved.
   */
  pool(address: BackendAddress, defaults: PoolDefaults): BackendPool {
    const { tls } = defaults;
    if (this.#lastPool !== undefined && this.#lastAddress === address && this.#lastTls === tls)
      return this.#lastPool;
    const key = tls === undefined ? addressKey(address) : `${addressKey(address)} ${tls.key}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new BackendPool(this.#poolOptions(address, defaults));
      if (this.#pools.size >= MAX_POOLS) this.#dropOldestPool();
    } else {
      this.#pools.delete(key);
    }
    this.#pools.set(key, pool);
    this.#lastAddress = address;
    this.#lastTls = tls;
    this.#lastPool = pool;
    return pool;
  }

  /** Closes what is idle, and the rest as it comes back. */
  drain(): void {
    for (const pool of this.#pools.values()) pool.drain();
    this.#pools.clear();
    this.#lastPool = undefined;
  }

  describe(address: BackendAddress): string {
    return describeAddress(address);
  }

  #dropOldestPool(): void {
    for (const [key, pool] of this.#pools) {
      const { used, connecting, waiting } = pool.counters;
      if (used + connecting + waiting > 0) continue;
      this.#pools.delete(key);
      pool.drain();
      return;
    }
  }

  #poolOptions(address: BackendAddress, defaults: PoolDefaults): PoolOptions {
    const { max, smax, ttl, acquire, keepAlive, connectTimeout } = this.options;
    return {
      address:
        address.kind === 'tcp' && defaults.localAddress !== undefined
          ? { ...address, localAddress: defaults.localAddress }
          : address,
      isReusing: this.isReusing(defaults.isReusing),
      // Nobody asks what a worker without a name has carried.
      ...(this.isDefault ? {} : { traffic: this.record }),
      connectTimeout: connectTimeout ?? defaults.connectTimeout,
      ...(max === undefined || max === 0 ? {} : { max }),
      ...(smax === undefined ? {} : { smax }),
      ...(ttl === undefined ? {} : { ttl }),
      ...(acquire === undefined ? {} : { acquireTimeout: acquire }),
      ...(keepAlive === undefined ? {} : { isKeepAlive: keepAlive }),
      ...(defaults.tls === undefined ? {} : { tls: defaults.tls }),
    };
  }
}

/** The beginning of a URL where `$n` stands for anything (ap_proxy_strcmp_ematch). */
function patternOf(name: string): RegExp {
  const literal = name
    .split(/(?:\$[0-9])+/)
    .map((part) => part.replaceAll('\\', '').replace(/[.*+?^${}()|[\]/]/g, '\\$&'));
  return new RegExp(`^${literal.join('[^]*?')}`);
}

/** Scheme and authority in lower case, as names of workers have them; `length` is how much that is. */
function lowerAuthority(url: string): { readonly url: string; readonly length: number } | undefined {
  const colon = url.indexOf('://');
  if (colon <= 0 || colon + 3 >= url.length) return undefined;
  const slash = url.indexOf('/', colon + 3);
  const length = slash < 0 ? url.length : slash;
  const authority = url.slice(0, length);
  if (!/[A-Z]/.test(authority)) return { url, length };
  return {
    url: authority.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) + url.slice(length),
    length,
  };
}

/**
 * The worker of a URL (without its `unix:` part): the longest name that begins it, host and port included.
 * @param isMatch only those of ProxyPassMatch.
 */
export function findWorker(workers: readonly Worker[], url: string, isMatch = false): Worker | undefined {
  if (workers.length === 0) return undefined;
  const lowered = lowerAuthority(url);
  if (lowered === undefined) return undefined;
  let best: Worker | undefined;
  let longest = -1;
  for (const worker of workers) {
    // Not even a pattern takes fewer characters than it has.
    if (worker.name.length <= longest || worker.name.length > url.length) continue;
    if ((worker.name.length < lowered.length && !worker.isPattern) || (isMatch && !worker.isMatch)) continue;
    if (worker.matchLength(lowered.url) < 0) continue;
    best = worker;
    longest = worker.name.length;
  }
  return best;
}

/**
 * A worker for a URL as written in the configuration, `unix:...|` included. A text instead says what is wrong with it.
 * @param isMatch the URL may hold `$1` (ProxyPassMatch).
 */
export function defineWorker(text: string, isMatch: boolean): Worker | string {
  const split = splitSocket(text);
  if (split === undefined) return `URL must be absolute!: ${text}`;
  const { socket } = split;
  let { url } = split;
  let parsed = parseWorkerUrl(url);
  if (parsed === undefined && isMatch && url.includes('$')) {
    url = url.slice(0, url.indexOf('$'));
    parsed = parseWorkerUrl(url);
  }
  if (parsed === undefined) return `Unable to parse URL: ${url}`;
  const { scheme, authority, path } = parsed;
  if (scheme === '' || (authority === '' && socket === undefined)) return `URL must be absolute!: ${text}`;
  // A port out of range is complained of when a request is sent there, as in httpd.
  const parsedHost = parseNetloc(authority === '' ? 'localhost' : authority);
  const { host, port } = parsedHost ?? { host: authority.toLowerCase(), port: undefined };
  const usual = defaultPortOf(scheme);
  const suffix = port === undefined || port === usual ? '' : `:${port}`;
  const shownHost = parsedHost === null ? host : bracketHost(host);
  const name = `${scheme}://${shownHost}${suffix}${path}`;
  const worker = new Worker(name, scheme, host, port ?? usual, socket);
  worker.isMatch = isMatch;
  return worker;
}

function parseWorkerUrl(url: string): { scheme: string; authority: string; path: string } | undefined {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/s.exec(url);
  if (match === null) return { scheme: '', authority: '', path: url };
  const authority = match[2] ?? '';
  // apr_uri_parse() takes anything for a host, but only digits for a port.
  if (
    /:[^\]:]*[^0-9\]:][^\]]*$/.test(authority.slice(authority.lastIndexOf('@') + 1)) &&
    !authority.startsWith('[')
  )
    return undefined;
  return { scheme: (match[1] ?? '').toLowerCase(), authority, path: match[3] ?? '' };
}
