/** Parameters of balancers: `key=value` of ProxyPass, ProxySet, `<Proxy>` (mod_proxy.c: set_balancer_param), in httpd's wording. */
import { atoi } from '../../../config/values.ts';

/** Undefined: not said. */
export interface BalancerOptions {
  /** Name of the cookie that holds the session. */
  stickyCookie?: string;
  /** Name of the path or query parameter that holds it. */
  stickyPath?: string;
  /** What stands before the route in a session; empty: the session is the route. Default `.`. */
  stickySeparator?: string;
  /** `;` ends a session in a path, as `?` and `&` do. */
  endsAtSemicolon?: boolean;
  /** A session whose worker is out is answered 503. */
  isNotFailingOver?: boolean;
  /** Milliseconds to wait for a usable member. */
  timeout?: number;
  maxAttempts?: number;
  failOnStatus?: readonly number[];
  failsOnTimeout?: boolean;
  /** Default true: when all members are in error, all are tried again. */
  forcesRecovery?: boolean;
  /** undefined: one is made at the start; empty: none is used. */
  nonce?: string;
  /** Members that the manager may add. */
  growth?: number;
}

/** Characters of a nonce httpd has room for: those of a UUID. */
const MAX_NONCE = 36;

type Setter = (options: BalancerOptions, value: string) => string | undefined;

function onOff(
  key: 'endsAtSemicolon' | 'isNotFailingOver' | 'failsOnTimeout' | 'forcesRecovery',
  name: string,
): Setter {
  return (options, value) => {
    const lower = value.toLowerCase();
    if (lower !== 'on' && lower !== 'off') return `${name} must be On|Off`;
    options[key] = lower === 'on';
    return undefined;
  };
}

const SETTERS: Readonly<Record<string, Setter>> = {
  stickysession(options, value) {
    const bar = value.indexOf('|');
    options.stickyCookie = bar < 0 ? value : value.slice(0, bar);
    options.stickyPath = bar < 0 ? value : value.slice(bar + 1);
    return undefined;
  },
  stickysessionsep(options, value) {
    if (value.length === 1) options.stickySeparator = value;
    else if (value.toLowerCase() === 'off') options.stickySeparator = '';
    else return 'stickysessionsep must be a single character or Off';
    return undefined;
  },
  scolonpathdelim: onOff('endsAtSemicolon', 'scolonpathdelim'),
  nofailover: onOff('isNotFailingOver', 'failover'),
  failontimeout: onOff('failsOnTimeout', 'failontimeout'),
  forcerecovery: onOff('forcesRecovery', 'forcerecovery'),
  timeout(options, value) {
    const seconds = atoi(value);
    if (seconds < 1) return 'timeout must be at least one second';
    options.timeout = seconds * 1000;
    return undefined;
  },
  maxattempts(options, value) {
    const most = atoi(value);
    if (most < 0) return 'maximum number of attempts must be a positive number';
    options.maxAttempts = most;
    return undefined;
  },
  failonstatus(options, value) {
    const statuses: number[] = [];
    for (const word of value.split(/[, ]+/)) {
      if (word === '') continue;
      const status = atoi(word);
      if (status < 100 || status > 599) return 'failonstatus must be one or more HTTP response codes';
      statuses.push(status);
    }
    options.failOnStatus = statuses;
    return undefined;
  },
  nonce(options, value) {
    if (value.length > MAX_NONCE) return 'Provided nonce is too large';
    options.nonce = value.toLowerCase() === 'none' ? '' : value;
    return undefined;
  },
  growth(options, value) {
    const growth = atoi(value);
    if (growth < 1 || growth > 100) return 'growth must be between 1 and 100';
    options.growth = growth;
    return undefined;
  },
};

/** Sets one parameter other than lbmethod. Answers what is wrong, or nothing. */
export function setBalancerOption(options: BalancerOptions, key: string, value: string): string | undefined {
  const lower = key.toLowerCase();
  if (!Object.hasOwn(SETTERS, lower)) return 'unknown Balancer parameter';
  return (SETTERS[lower] as Setter)(options, value);
}
