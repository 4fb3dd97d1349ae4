/** Balancers: several workers behind one name (proxy_balancer of mod_proxy.h, ap_proxy_define_balancer and ap_proxy_get_balancer of proxy_util.c). */
import type { LbMethod } from './balancer-method.ts';
import { type BalancerOptions, setBalancerOption } from './balancer-options.ts';
import type { Worker } from './worker.ts';

const PREFIX = 'balancer://';
/** Characters of a name httpd has room for (PROXY_BALANCER_MAX_NAME_SIZE, less its end). */
const MAX_NAME = 95;

export class Balancer {
  /** `balancer://name`, in lower case; another scheme where BalancerMember named one. */
  readonly name: string;
  readonly members: Worker[];
  readonly options: BalancerOptions = {};
  /** Undefined: `byrequests`, looked for when the configuration is whole. */
  method: LbMethod | undefined;
  /** What forms of the manager's page carry, so that nobody else's pages can send them. Empty: nothing is asked for. */
  nonce = '';
  /** The path that ProxyPass maps to it, for the manager's page. */
  path = '/';
  /** Members there is room for, and how much of that is taken: those of the configuration, and what was added by the server this balancer is of. */
  capacity = 0;
  used = 0;
  /** Its method was changed: what members have in hand is no measure any more. */
  isResetPending = false;

  constructor(name: string, members: Worker[] = []) {
    this.name = name;
    this.members = members;
  }

  /**
   * The balancer as a virtual host takes it over: the same members, whatever becomes of them, but parameters and a nonce of its own, as in httpd,
   * where each server has its piece of shared memory.
   */
  copy(): Balancer {
    const copy = new Balancer(this.name, this.members);
    Object.assign(copy.options, this.options);
    copy.method = this.method;
    copy.path = this.path;
    return copy;
  }

  /** Sets back what the method before has counted. */
  resetIfPending(): void {
    if (!this.isResetPending) return;
    this.isResetPending = false;
    this.method?.reset?.(this);
  }

  /** Sets a parameter. Answers what is wrong with it in httpd's words, or nothing. */
  setOption(
    key: string,
    value: string,
    findMethod: (name: string) => LbMethod | undefined,
  ): string | undefined {
    if (key.toLowerCase() !== 'lbmethod') return setBalancerOption(this.options, key, value);
    const method = findMethod(value);
    if (method === undefined) return 'unknown lbmethod';
    this.method = method;
    return undefined;
  }

  /** How often another member is tried when one fails; unless it is said, all that there were at the start once. */
  get maxAttempts(): number {
    return this.options.maxAttempts ?? 0;
  }

  /** Closes what is idle of its members' connections, and the rest as it comes back. */
  drain(): void {
    for (const member of this.members) member.drain();
  }
}

/** Whether a URL names a balancer (ap_proxy_valid_balancer_name). */
export function isBalancerUrl(url: string): boolean {
  return url.length >= 9 && url.slice(0, 9).toLowerCase() === 'balancer:';
}

function lowerAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

/** What of a URL is a balancer's name: all before the path. */
function nameOf(url: string): string {
  const slash = url.indexOf('/', url.indexOf(':') + 3);
  return lowerAscii(slash < 0 ? url : url.slice(0, slash));
}

/** The balancer of a URL as written in the configuration; the first of a name counts. */
export function findBalancer(balancers: readonly Balancer[] | undefined, url: string): Balancer | undefined {
  if (balancers === undefined) return undefined;
  const name = nameOf(url);
  return balancers.find((balancer) => balancer.name === name);
}

/** The balancer of a host, as requests name it: neither user nor port are part of that. */
export function balancerOfHost(
  balancers: readonly Balancer[] | undefined,
  host: string,
): Balancer | undefined {
  if (balancers === undefined) return undefined;
  for (const balancer of balancers) {
    const { name } = balancer;
    if (name.length === host.length + PREFIX.length && name.startsWith(PREFIX) && name.endsWith(host))
      return balancer;
  }
  return undefined;
}

/** A balancer for a URL as written; a text says what is wrong with it. */
export function defineBalancer(url: string): Balancer | string {
  const colon = url.indexOf(':');
  if (colon < 0 || url.slice(colon + 1, colon + 3) !== '//' || url.length <= colon + 3)
    return `Bad syntax for a balancer name (${url})`;
  const name = nameOf(url);
  return name.length > MAX_NAME ? `balancer name (${name}) too long` : new Balancer(name);
}
