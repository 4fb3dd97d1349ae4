/** Choosing a member for a request, and what becomes of it (mod_proxy_balancer.c: proxy_balancer_pre_request, proxy_balancer_post_request). */
import type { Answer } from '../../../core/hooks.ts';
import { isLogged, Level, logRequest, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { type Balancer, balancerOfHost } from '../shared/balancer.ts';
import { retryMember } from '../shared/balancer-method.ts';
import type { Balancing, MemberChooser } from '../shared/balancing.ts';
import type { ProxyServerConf } from '../shared/config.ts';
import { splitAuthority } from '../shared/url.ts';
import type { Worker } from '../shared/worker.ts';
import { findSession, memberOfRoute, type Session } from './sticky.ts';

/** A waiting request looks for a usable member this many times within the balancer's timeout. */
const LOOKS = 100;

export function begin(
  chooser: MemberChooser,
  r: Request,
  url: string,
  server: Readonly<ProxyServerConf>,
  keep: (balancing: Balancing) => void,
): Answer {
  const rest = url.slice(url.indexOf(':') + 1);
  const split = splitAuthority(rest);
  if (typeof split === 'string') {
    logRequest(r, 'proxy_balancer', Level.error, 'AH01157', `error parsing URL ${rest}: ${split}`);
    return 400;
  }
  const balancer = balancerOfHost(server.balancers, split.host);
  if (balancer === undefined) return DECLINED;
  const slash = rest.indexOf('/', 2);
  const path = slash < 0 ? '/' : rest.slice(slash);
  const start = (worker: Worker | number): number => {
    if (typeof worker === 'number') return worker;
    keep({ chooser, balancer, url, path, worker, attempts: 0, tried: [], body: undefined });
    return OK;
  };
  const chosen = choose(r, balancer, path);
  return chosen instanceof Promise ? chosen.then(start) : start(chosen);
}

export function again(r: Request, balancing: Balancing): Answer {
  const go = (worker: Worker | number): number => {
    if (typeof worker === 'number') return worker;
    balancing.worker = worker;
    return OK;
  };
  const chosen = choose(r, balancing.balancer, balancing.path);
  return chosen instanceof Promise ? chosen.then(go) : go(chosen);
}

/** When all members are in error and the balancer may, all are given another chance (force_recovery). */
function recover(r: Request, { name, members, options }: Balancer): void {
  for (const worker of members) {
    const { state } = worker;
    if (!state.isInError) return;
    retryMember(worker, r.server);
    if (!state.isInError) return;
  }
  if (options.forcesRecovery === false) return;
  for (const { state, host, port } of members) {
    state.recover();
    const message = `${name}: Forcing recovery for worker (${host}:${port})`;
    logServer(r.server, 'proxy_balancer', Level.debug, 'AH01165', message);
  }
}

/** A member, or the status to answer with. */
function choose(r: Request, balancer: Balancer, path: string): Worker | number | Promise<Worker | number> {
  balancer.resetIfPending();
  recover(r, balancer);
  const isSticky = balancer.options.stickyCookie !== undefined && balancer.options.stickyCookie !== '';
  const session = isSticky ? findSession(r, balancer, withQuery(r, path)) : undefined;
  if (session !== undefined && session.route !== '') {
    const worker = memberOfRoute(r, balancer, session.route);
    if (worker !== undefined) return keepSession(r, balancer, worker, session);
  }
  if (session !== undefined && balancer.options.isNotFailingOver === true) {
    const isOurs = balancer.members.some(
      ({ record }) => record.route !== '' && record.route === session.route,
    );
    if (isOurs) {
      const message = `${balancer.name}: All workers are in error state for route (${session.route})`;
      logRequest(r, 'proxy_balancer', Level.error, 'AH01167', message);
      return 503;
    }
  }
  const best = findBest(r, balancer);
  if (best === undefined) return waitForBest(r, balancer, session);
  return take(r, balancer, best, session, isSticky);
}

/** The session is looked for in the query, too. */
function withQuery({ args }: Request, path: string): string {
  return args === undefined ? path : `${path}?${args}`;
}

function findBest(r: Request, balancer: Balancer): Worker | undefined {
  const best = balancer.method?.choose(balancer, r);
  if (best !== undefined) best.record.elected++;
  return best;
}

/** The choice of a session counts in what the method has in hand for each, as any other does. */
function keepSession(r: Request, balancer: Balancer, worker: Worker, session: Session): Worker {
  if (worker.record.route !== session.route) {
    r.env.set('BALANCER_ROUTE_CHANGED', '1');
    const message = `Route changed from ${session.route} to ${worker.record.route}`;
    logRequest(r, 'proxy_balancer', Level.debug, 'AH01162', message);
  }
  let gained = 0;
  for (const { state, record } of balancer.members) {
    if (!state.isAvailable) continue;
    record.lbstatus += record.lbfactor;
    gained += record.lbfactor;
  }
  worker.record.lbstatus -= gained;
  worker.record.elected++;
  return tell(r, balancer, worker, session);
}

function take(
  r: Request,
  balancer: Balancer,
  worker: Worker,
  session: Session | undefined,
  isSticky: boolean,
): Worker {
  if (isSticky) r.env.set('BALANCER_ROUTE_CHANGED', '1');
  return tell(r, balancer, worker, session);
}

/** Tells scripts, rules and logs who was chosen. */
function tell(r: Request, balancer: Balancer, worker: Worker, session: Session | undefined): Worker {
  const { env } = r;
  env.set('BALANCER_NAME', balancer.name);
  env.set('BALANCER_WORKER_NAME', worker.name);
  env.set('BALANCER_WORKER_ROUTE', worker.record.route);
  if (session !== undefined) {
    r.notes.set('session-sticky', session.name);
    r.notes.set('session-route', session.route);
    env.set('BALANCER_SESSION_STICKY', session.name);
    env.set('BALANCER_SESSION_ROUTE', session.route);
  }
  return worker;
}

/** No member is usable. With `timeout` of the balancer the request looks again and again, until one is or the client leaves. */
function waitForBest(
  r: Request,
  balancer: Balancer,
  session: Session | undefined,
): number | Promise<Worker | number> {
  const { timeout, stickyCookie = '' } = balancer.options;
  if (timeout === undefined) return noMember(r, balancer);
  return new Promise((resolve, reject) => {
    let looks = 0;
    const timer = setInterval(() => {
      try {
        const best = findBest(r, balancer);
        if (best === undefined && ++looks < LOOKS) return;
        clearInterval(timer);
        resolve(
          best === undefined ? noMember(r, balancer) : take(r, balancer, best, session, stickyCookie !== ''),
        );
      } catch (error) {
        clearInterval(timer);
        reject(error);
      }
    }, timeout / LOOKS);
    r.transport.onAbort(() => {
      clearInterval(timer);
      resolve(503);
    });
  });
}

function noMember(r: Request, { name, members }: Balancer): number {
  if (members.length > 0)
    logRequest(r, 'proxy_balancer', Level.error, 'AH01170', `${name}: All workers are in error state`);
  else logRequest(r, 'proxy_balancer', Level.error, 'AH01171', `${name}: No workers in balancer`);
  return 503;
}

/** `failonstatus` and `failontimeout` take a member out of use for what it answered, or did not. */
export function end(r: Request, { balancer, worker }: Balancing, status: number): void {
  const { failOnStatus, failsOnTimeout } = balancer.options;
  const { state } = worker;
  const answered = status === OK ? r.status : status;
  if (failOnStatus?.includes(answered) === true && !state.flags.isIgnoringErrors) {
    const why = `status code ${answered} matching 'failonstatus' balancer parameter`;
    force(r, balancer, worker, 'AH01174', why);
  }
  if (failsOnTimeout === true && !state.flags.isIgnoringErrors && r.getNote('proxy_timedout') !== undefined)
    force(r, balancer, worker, 'AH02460', "timeout and 'failontimeout' parameter being set");
  if (isLogged(r, 'proxy_balancer', Level.debug)) {
    const message = `proxy_balancer_post_request for (${balancer.name})`;
    logRequest(r, 'proxy_balancer', Level.debug, 'AH01176', message);
  }
}

function force(r: Request, balancer: Balancer, worker: Worker, tag: string, why: string): void {
  const message = `${balancer.name}: Forcing worker (${worker.shownName}) into error state due to ${why}`;
  logRequest(r, 'proxy_balancer', Level.error, tag, message);
  worker.state.markFailed();
}
