/** Requests that go to a balancer: to one member after another, until one answers (mod_proxy.c: proxy_handler's loop). */
import type { Answer } from '../../../core/hooks.ts';
import { isLogged, Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { type Balancing, chooserOf } from '../shared/balancing.ts';
import type { ProxyServerConf } from '../shared/config.ts';
import { ReplayBody } from '../shared/replay-body.ts';
import type { ProxyState } from '../shared/scheme.ts';
import type { Worker } from '../shared/worker.ts';
import { schemeHandlerOf } from './translate.ts';

const PREFIX = 'proxy:';

/** Chooses a member and makes r.filename canonical for it (proxy_balancer_canon). */
export function canonicaliseBalanced(
  r: Request,
  state: ProxyState,
  url: string,
  server: Readonly<ProxyServerConf>,
): Answer {
  const chooser = chooserOf(r.configuration.providers);
  if (chooser === undefined) return DECLINED;
  // The member's socket counts.
  state.socket = undefined;
  const chosen = chooser.begin(r, url, server, (balancing) => {
    state.balancing = balancing;
  });
  if (typeof chosen !== 'number') return chosen.then((status) => afterChoice(r, state, status));
  return afterChoice(r, state, chosen);
}

function afterChoice(r: Request, state: ProxyState, chosen: number): number {
  if (chosen === OK) return canonicaliseForMember(r, state);
  // There is no such balancer: the handler says so.
  return chosen === DECLINED ? OK : chosen;
}

/** Puts the member's URL in the place of the balancer's name (rewrite_url), in the form its protocol has it. */
function canonicaliseForMember(r: Request, state: ProxyState): number {
  const balancing = state.balancing as Balancing;
  const { balancer, worker, path } = balancing;
  r.filename = PREFIX + worker.name + path;
  const status = canonicaliseMember(r, state, balancing);
  if (isLogged(r, 'proxy_balancer', Level.debug)) {
    const url = (r.filename ?? '').slice(PREFIX.length);
    const message = `${balancer.name}: worker (${worker.name}) rewritten to ${url}`;
    logRequest(r, 'proxy_balancer', Level.debug, 'AH01172', message);
  }
  return status;
}

function canonicaliseMember(r: Request, state: ProxyState, { worker, url, path }: Balancing): number {
  const { name, scheme } = worker;
  // A balancer as a member of another one: nobody serves that, as the handler finds out.
  if (scheme === 'balancer') return OK;
  const handler = schemeHandlerOf(r, name);
  if (handler !== undefined) return handler.canonicalise(r, name.slice(name.indexOf(':') + 1) + path, state);
  logRequest(r, 'proxy', Level.error, 'AH00934', `all workers are busy.  Unable to serve ${url}`);
  return 503;
}

/** Sends a request, prepared for its member, once. */
export type Send = (r: Request, state: ProxyState) => Answer;

/** The request is one more of the member's until it is over. */
function enter(balancing: Balancing): Worker {
  const { worker, tried } = balancing;
  tried.push(worker);
  worker.record.busy++;
  return worker;
}

function leaveAll({ tried }: Balancing): void {
  for (const { record } of tried) if (record.busy > 0) record.busy--;
  tried.length = 0;
}

/** Sends a request to its member, and to others as long as they fail. */
export function sendBalanced(r: Request, state: ProxyState, balancing: Balancing, send: Send): Answer {
  const { body } = r.transport;
  if (r.main === undefined && body.isPresent && !body.isTaken && balancing.balancer.maxAttempts > 0)
    balancing.body = new ReplayBody(body);
  return attempt(r, state, balancing, send);
}

function attempt(r: Request, state: ProxyState, balancing: Balancing, send: Send): Answer {
  enter(balancing);
  if (isLogged(r, 'proxy', Level.debug)) {
    const message = `Running scheme balancer handler (attempt ${balancing.attempts})`;
    logRequest(r, 'proxy', Level.debug, 'AH01143', message);
  }
  let answer: Answer;
  try {
    answer = send(r, state);
  } catch (error) {
    leaveAll(balancing);
    throw error;
  }
  if (typeof answer === 'number') return afterAttempt(r, state, balancing, send, answer);
  return answer.then(
    (status) => afterAttempt(r, state, balancing, send, status),
    (error: unknown) => {
      leaveAll(balancing);
      throw error;
    },
  );
}

/** A member that could not be reached, or broke off before it answered, is left alone for a while. */
function afterAttempt(
  r: Request,
  state: ProxyState,
  balancing: Balancing,
  send: Send,
  status: number,
): Answer {
  const { balancer, worker } = balancing;
  if (!worker.state.isInError) worker.state.markReached();
  const hasFailed = (status === 503 || status === 500) && !state.isOverridden;
  if (hasFailed) worker.state.markFailed();
  const isRecoverable = status === 503 && hasFailed && !worker.state.isAvailable;
  if (!isRecoverable || balancing.attempts >= balancer.maxAttempts || balancing.body?.isReplayable === false)
    return conclude(r, balancing, status);
  balancing.attempts++;
  balancing.body?.detach();
  const chosen = balancing.chooser.again(r, balancing);
  if (typeof chosen !== 'number') return chosen.then((next) => onChosen(r, state, balancing, send, next));
  return onChosen(r, state, balancing, send, chosen);
}

/** Who is not sent anywhere any more does not end at a member: no `end`. */
function onChosen(r: Request, state: ProxyState, balancing: Balancing, send: Send, chosen: number): Answer {
  const status = chosen === OK ? canonicaliseForMember(r, state) : chosen;
  if (status === OK) return attempt(r, state, balancing, send);
  leaveAll(balancing);
  return status;
}

function conclude(r: Request, balancing: Balancing, status: number): number {
  balancing.chooser.end(r, balancing, status);
  leaveAll(balancing);
  return status;
}
