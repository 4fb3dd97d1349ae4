/** Makes the checks that are due, and takes members out of use and back (mod_proxy_hcheck.c: hc_watchdog_callback, hc_check). */
import type { BackendTls } from '../../../backend/connect.ts';
import { BackendPool } from '../../../backend/pool.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { serverTimeout } from '../../../core/core-config.ts';
import { Level, logServer } from '../../../core/log.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import { systemError } from '../../../lib/error-text.ts';
import { proxyConfOf } from '../shared/balancing.ts';
import { type HealthCheckMethod, SHORTEST_INTERVAL } from '../shared/health-check.ts';
import { runtimePath } from '../shared/runtime-path.ts';
import { PROXY_TLS, PROXY_TLS_NAME, type ProxyTlsProvider } from '../shared/tls.ts';
import { bracketHost, tcpAddress, unixAddress } from '../shared/url.ts';
import type { Worker } from '../shared/worker.ts';
import { holds, type ProbeAnswer, ProbeContext } from './condition.ts';
import type { HealthCheckServerConf } from './config.ts';
import { CpingProbe, FcgiProbe, HttpProbe, type Probe, type ProbeResult, startProbe } from './probe.ts';

/** Checks at once, where ProxyHCTPsize says nothing. */
const POOL_SIZE = 16;
const TLS_SCHEMES: ReadonlySet<string> = new Set(['https', 'wss', 'h2']);

/** What is known of one member's checks. */
interface Watch {
  /** When the last one began, milliseconds of the process' clock. */
  last: number;
  probe: Probe | undefined;
  pool: BackendPool | undefined;
}

type ConfOf = (server: VirtualServer) => Readonly<HealthCheckServerConf>;

export class Checker {
  readonly #configuration: Configuration;
  readonly #confOf: ConfOf;
  readonly #watches = new Map<Worker, Watch>();
  readonly #most: number;
  /** `Threaded `: how log lines begin. */
  readonly #prefix: string;
  #running = 0;
  /** Which member the next look begins with: the one there was no room for. */
  #first = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(configuration: Configuration, confOf: ConfOf) {
    this.#configuration = configuration;
    this.#confOf = confOf;
    const size = confOf(configuration.main).poolSize ?? POOL_SIZE;
    this.#most = Math.max(1, size);
    this.#prefix = size > 0 ? 'Threaded ' : '';
  }

  /** The timer does not hold the process. */
  start(): void {
    const { main, virtualServers } = this.#configuration;
    const hasMembers = [main, ...virtualServers].some((server) => this.#balancersOf(server).length > 0);
    if (hasMembers) this.#timer = setInterval(() => this.look(), SHORTEST_INTERVAL).unref();
  }

  /** Checks under way are given up, and their connections closed. */
  stop(): void {
    clearInterval(this.#timer);
    for (const { probe, pool } of this.#watches.values()) {
      probe?.abort();
      pool?.drain();
    }
    this.#watches.clear();
  }

  /** Begins what is due, each in its turn where there is not room for all. */
  look(): void {
    const members = this.#members();
    const from = this.#first;
    for (let i = 0; i < members.length; i++) {
      const place = (from + i) % members.length;
      if (this.#running >= this.#most) {
        this.#first = place;
        return;
      }
      const [worker, server] = members[place] as [Worker, VirtualServer];
      this.#lookAt(server, worker);
    }
  }

  /** All there are at the moment. A member of several servers' balancers is the first one's. */
  #members(): [Worker, VirtualServer][] {
    const { main, virtualServers } = this.#configuration;
    const members = new Map<Worker, VirtualServer>();
    for (const server of [main, ...virtualServers]) {
      for (const balancer of this.#balancersOf(server)) {
        for (const worker of balancer.members) if (!members.has(worker)) members.set(worker, server);
      }
    }
    return [...members];
  }

  #balancersOf(server: VirtualServer) {
    return proxyConfOf(this.#configuration, server)?.balancers ?? [];
  }

  #lookAt(server: VirtualServer, worker: Worker): void {
    const { method, interval } = worker.healthCheck;
    if (method === 'NONE' || worker.state.flags.isStopped) return;
    let watch = this.#watches.get(worker);
    if (watch === undefined) {
      // The first check is made when its time has come, not at once.
      watch = { last: performance.now(), probe: undefined, pool: undefined };
      this.#watches.set(worker, watch);
    }
    const now = performance.now();
    if (watch.probe !== undefined || now < watch.last + interval) return;
    watch.last = now;
    this.#begin(server, worker, watch, method);
  }

  #begin(server: VirtualServer, worker: Worker, watch: Watch, method: HealthCheckMethod): void {
    debug(server, 'AH03256', `${this.#prefix}Health checking ${worker.name}`);
    const timeout = this.#timeout(server, worker);
    watch.pool ??= this.#pool(server, worker, timeout);
    this.#running++;
    let isDone = false;
    const limit = timeout === 0 ? 0 : (worker.options.connectTimeout ?? timeout) + timeout;
    const probe = startProbe(watch.pool, driverOf(worker, method), timeout, limit, (result) => {
      isDone = true;
      watch.probe = undefined;
      this.#running--;
      // Stopped meanwhile.
      if (this.#watches.get(worker) === watch) this.#conclude(server, worker, method, result);
    });
    if (!isDone) watch.probe = probe;
  }

  #timeout(server: VirtualServer, { options }: Worker): number {
    const conf = proxyConfOf(this.#configuration, server);
    return options.timeout ?? conf?.timeout ?? serverTimeout(server);
  }

  #pool(server: VirtualServer, worker: Worker, timeout: number): BackendPool {
    const { host, port, socket, options, scheme } = worker;
    const address =
      socket === undefined
        ? tcpAddress(`${bracketHost(host)}:${port}`, port)
        : unixAddress(runtimePath(this.#configuration, socket));
    const tls = TLS_SCHEMES.has(scheme) ? this.#tls(server, host) : undefined;
    return new BackendPool({
      address,
      isReusing: false,
      connectTimeout: options.connectTimeout ?? timeout,
      ...(tls === undefined ? {} : { tls }),
    });
  }

  #tls(server: VirtualServer, host: string): BackendTls | undefined {
    const { providers } = this.#configuration;
    const provider = providers.find(PROXY_TLS, PROXY_TLS_NAME) as ProxyTlsProvider | undefined;
    return provider?.outgoing({ server, perDir: server.lookupDefaults }, host);
  }

  #conclude(server: VirtualServer, worker: Worker, method: HealthCheckMethod, result: ProbeResult): void {
    const isWell = result.kind === 'answer' && this.#isGood(server, worker, method, result.answer);
    if (result.kind === 'unreachable') logUnreachable(server, worker, method, result.failure.detail);
    const code = isWell ? 0 : result.kind === 'unreachable' ? -1 : 1;
    debug(server, 'AH03251', `Health check ${method} Status (${code}) for ${worker.name}.`);
    const change = judge(worker, isWell);
    if (change === undefined) return;
    const [tag, word] = change === 'enabled' ? ['AH03302', 'ENABLING'] : ['AH03303', 'DISABLING'];
    logServer(server, 'proxy_hcheck', Level.info, tag, `${this.#prefix}Health check ${word} ${worker.name}`);
  }

  /** The condition's word, else that of the status; a check without an answer is good as it is. */
  #isGood(
    server: VirtualServer,
    worker: Worker,
    method: HealthCheckMethod,
    answer: ProbeAnswer | undefined,
  ): boolean {
    if (answer === undefined) return method === 'TCP' || method === 'CPING';
    const { expression } = worker.healthCheck;
    if (expression !== '') {
      const condition = this.#confOf(server).expressions?.get(expression);
      if (condition === undefined) return false;
      const isMet = holds(condition, new ProbeContext(answer, method.replace('11', ''), worker.host));
      const message = `Condition ${expression} for ${worker.name}: ${isMet ? 'passed' : 'failed'}`;
      logServer(server, 'proxy_hcheck', Level.trace2, '', message);
      return isMet;
    }
    const isGood = answer.status >= 200 && answer.status <= 399;
    const message = `Response status ${answer.status} for ${worker.name}: ${isGood ? 'passed' : 'failed'}`;
    logServer(server, 'proxy_hcheck', Level.trace2, '', message);
    return isGood;
  }
}

/** Counts a check, and says what it changed. Neither count falls when a check turns out the other way, as in httpd. */
export function judge({ healthCheck, state }: Worker, isWell: boolean): 'enabled' | 'disabled' | undefined {
  if (state.flags.isUnhealthy || state.isInError) {
    if (!isWell || ++healthCheck.passed < healthCheck.passes) return undefined;
    healthCheck.passed = 0;
    state.setFlag('C', false);
    state.endError();
    return 'enabled';
  }
  if (isWell) return undefined;
  state.noteFailure();
  if (++healthCheck.failed < healthCheck.fails) return undefined;
  healthCheck.failed = 0;
  state.setFlag('C', true);
  return 'disabled';
}

function debug(server: VirtualServer, tag: string, message: string): void {
  logServer(server, 'proxy_hcheck', Level.debug, tag, message);
}

function logUnreachable(
  server: VirtualServer,
  { host, port, socket }: Worker,
  method: string,
  detail: string,
): void {
  const label = method === 'TCP' ? 'HCTCP' : method === 'CPING' ? 'HCCPING' : 'HCOH';
  const where = socket ?? `${host}:${port}`;
  const message = `${label}: attempt to connect to ${where} (${host}:${port}) failed`;
  logServer(server, 'proxy', Level.error, 'AH00957', message, systemError(detail));
}

function driverOf(worker: Worker, method: HealthCheckMethod) {
  if (method === 'TCP') return undefined;
  if (method === 'CPING') return new CpingProbe();
  const verb = method.replace('11', '');
  if (worker.scheme === 'fcgi') return new FcgiProbe(fcgiParameters(worker, verb));
  return new HttpProbe(requestHead(worker, verb, method.endsWith('11')), verb === 'HEAD');
}

/** What stands behind the authority in the worker's name. */
function pathOf({ name, scheme }: Worker): string {
  const slash = name.indexOf('/', scheme.length + 3);
  return slash < 0 ? '' : name.slice(slash);
}

/** As httpd puts it together: a slash between the worker's path and hcuri, whatever they begin and end with. */
export function requestHead(worker: Worker, verb: string, isNew: boolean): string {
  const { uri } = worker.healthCheck;
  const path = pathOf(worker);
  // With neither of them httpd leaves the target empty, which no server takes.
  const target = verb === 'OPTIONS' ? '*' : `${path}${path !== '' && uri !== '' ? '/' : ''}${uri}` || '/';
  return `${verb} ${target} HTTP/1.${isNew ? 1 : 0}\r\nHost: ${bracketHost(worker.host)}:${worker.port}\r\n\r\n`;
}

/** What FPM compares with its ping.path is SCRIPT_NAME. */
export function fcgiParameters(worker: Worker, verb: string): [string, string][] {
  const { uri } = worker.healthCheck;
  const question = uri.indexOf('?');
  const script = (question < 0 ? uri : uri.slice(0, question)) || '/';
  return [
    ['REQUEST_METHOD', verb],
    ['SCRIPT_NAME', script],
    ['SCRIPT_FILENAME', script],
    ['REQUEST_URI', uri || '/'],
    ['QUERY_STRING', question < 0 ? '' : uri.slice(question + 1)],
    ['SERVER_PROTOCOL', 'HTTP/1.1'],
    ['GATEWAY_INTERFACE', 'CGI/1.1'],
    ['SERVER_NAME', worker.host],
    ['SERVER_PORT', String(worker.port)],
    ['REMOTE_ADDR', '127.0.0.1'],
  ];
}
