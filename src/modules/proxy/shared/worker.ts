/**
 * Workers: what is known of one backend, and the connections to it (proxy_util.c: ap_proxy_define_worker_ex, ap_proxy_get_worker_ex). A worker is
 * found by the longest beginning of a URL that is its name; the unix socket is no part of the name. Requests that no worker matches share the
 * default one, which keeps no connection.
 */
import type { BackendAddress, Traffic } from '../../../backend/connect.ts';
import type { BackendPool } from '../../../backend/pool.ts';
import { WorkerState } from '../../../backend/worker-state.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { type HealthCheck, newHealthCheck } from './health-check.ts';
import { runtimePath } from './runtime-path.ts';
import { bracketHost, defaultPortOf, parseNetloc, splitSocket, tcpAddress, unixAddress } from './url.ts';
import { setWorkerOption, type WorkerOptions } from './worker-options.ts';
import { type Opening, WorkerPools } from './worker-pools.ts';

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
  /** What stands between the `$n` of a pattern. */
  readonly #literals: readonly string[];
  /** Made by ProxyPassMatch: its connections are kept only where that is said, and never where requests name host or port. */
  isMatch = false;
  /** One of a balancer's: an error takes it out of use for a while. Alone, there is nobody to take over. */
  isMember = false;
  /** Whatever mod_proxy_hcheck was told of it. */
  readonly healthCheck: HealthCheck = newHealthCheck();
  #record: WorkerRecord | undefined;
  #state: WorkerState | undefined;
  readonly #flags: [letter: string, isOn: boolean][] = [];
  readonly #pools = new WorkerPools();
  #address: BackendAddress | undefined;

  constructor(name: string, scheme: string, host: string, port: number, socket: string | undefined) {
    this.name = name;
    this.scheme = scheme;
    this.host = host;
    this.port = port;
    this.socket = socket;
    this.isPattern = /\$[0-9]/.test(name);
    this.#literals = this.isPattern ? literalsOf(name) : [];
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
      this.#state = new WorkerState(this.options.retry);
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
    const isOurs = this.isPattern ? beginsAs(url, this.#literals) : url.startsWith(this.name);
    return isOurs ? this.name.length : -1;
  }

  /** Whether connections are kept; `byDefault` where the configuration does not say. */
  isReusing(byDefault: boolean): boolean {
    if (this.isDefault || (this.isPattern && this.host.includes('$'))) return false;
    return this.options.isReusing ?? (byDefault && !this.isMatch);
  }

  /** Where all its requests go; undefined where they name the address themselves. */
  addressIn(configuration: Configuration): BackendAddress | undefined {
    if (this.#address !== undefined || this.isDefault || this.isPattern) return this.#address;
    this.#address =
      this.socket === undefined
        ? tcpAddress(`${bracketHost(this.host)}:${this.port}`, this.port)
        : unixAddress(runtimePath(configuration, this.socket));
    return this.#address;
  }

  /** The connections to an address that are opened in this way. */
  pool(address: BackendAddress, opening: Opening): BackendPool {
    // Nobody asks what a worker without a name has carried.
    const traffic = this.isDefault ? undefined : this.record;
    return this.#pools.pool(address, opening, this.options, traffic);
  }

  /** Closes what is idle, and the rest as it comes back. */
  drain(): void {
    this.#pools.drain();
  }
}

/** What is between the `$n` of a name, which stand for anything. */
function literalsOf(name: string): readonly string[] {
  return name.split(/(?:\$[0-9])+/).map((part) => part.replaceAll('\\', ''));
}

/** Whether a URL begins with these texts, the first at its start, whatever is between them (ap_proxy_strcmp_ematch). */
function beginsAs(url: string, literals: readonly string[]): boolean {
  const [first = '', ...rest] = literals;
  if (!url.startsWith(first)) return false;
  let at = first.length;
  for (const literal of rest) {
    // The first place will do: anything may follow the last one.
    const found = url.indexOf(literal, at);
    if (found < 0) return false;
    at = found + literal.length;
  }
  return true;
}

/** How long scheme and authority are; 0 where there is no authority. */
function authorityEnd(url: string): number {
  const colon = url.indexOf('://');
  if (colon <= 0 || colon + 3 >= url.length) return 0;
  const slash = url.indexOf('/', colon + 3);
  return slash < 0 ? url.length : slash;
}

/** With scheme and authority in lower case, as names of workers have them. */
function withLowerAuthority(url: string, end: number): string {
  for (let at = 0; at < end; at++) {
    const char = url.charCodeAt(at);
    if (char >= 0x41 && char <= 0x5a) return asciiLower(url.slice(0, end)) + url.slice(end);
  }
  return url;
}

/**
 * The worker of a URL (without its `unix:` part): the longest name that begins it, host and port included.
 * @param isMatch only those of ProxyPassMatch.
 */
export function findWorker(workers: readonly Worker[], url: string, isMatch = false): Worker | undefined {
  const end = authorityEnd(url);
  if (workers.length === 0 || end === 0) return undefined;
  const lowered = withLowerAuthority(url, end);
  let best: Worker | undefined;
  let longest = -1;
  for (const worker of workers) {
    // Not even a pattern takes fewer characters than it has.
    if (worker.name.length <= longest || worker.name.length > url.length) continue;
    if ((worker.name.length < end && !worker.isPattern) || (isMatch && !worker.isMatch)) continue;
    if (worker.matchLength(lowered) < 0) continue;
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
