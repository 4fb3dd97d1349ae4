/** What the manager's page changes of members and balancers; the next request finds it so (mod_proxy_balancer.c: balancer_process_balancer_worker). */
import { atoi, parseTimeout } from '../../../config/values.ts';
import type { Configuration } from '../../../core/configuration.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import type { Balancer } from '../shared/balancer.ts';
import { LB_METHODS, type LbMethod } from '../shared/balancer-method.ts';
import {
  HEALTH_CHECK_METHODS,
  healthChecksOf,
  SHORTEST_INTERVAL,
  URI_LIMIT,
} from '../shared/health-check.ts';
import { splitSocket } from '../shared/url.ts';
import { defineWorker, findWorker, type Worker } from '../shared/worker.ts';
import type { Parameters } from './manager-parameters.ts';

/** Characters of a route or a redirect, of a session's names, of a method's name that httpd has room for. */
const MAX_ROUTE = 63;
const MAX_STICKY = 62;
const MAX_METHOD = 14;
const MAX_TIMEOUT = 7200;
const MAX_ATTEMPTS = 99;
const MAX_SET = 99;

/** Parameters of the form that set a flag; what is no number clears it. */
const STATUS_LETTERS = ['I', 'N', 'D', 'H', 'R', 'S', 'C'] as const;

/** atof(): the number a text begins with; 0 where it begins with none. */
export function atof(text: string): number {
  const match = /^[ \t-\r]*([+-]?)(0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/i.exec(text);
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * Number(match[2]);
}

/** Whether an integer of the form is one that may be. */
function within(value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = atoi(value);
  return number >= least && number <= most ? number : undefined;
}

export function changeMember(
  configuration: Configuration,
  server: VirtualServer,
  balancer: Balancer,
  worker: Worker,
  parameters: Parameters,
): void {
  const { record, state } = worker;
  const factor = parameters.get('w_lf');
  if (factor !== undefined) setFactor(balancer, worker, Math.trunc(atof(factor) * 100));
  const route = parameters.get('w_wr');
  if (route !== undefined) record.route = route.length <= MAX_ROUTE ? route : '';
  const redirect = parameters.get('w_rr');
  if (redirect !== undefined) record.redirect = redirect.length <= MAX_ROUTE ? redirect : '';
  for (const letter of STATUS_LETTERS) {
    const value = parameters.get(`w_status_${letter.toLowerCase()}`);
    if (value !== undefined) state.setFlag(letter, atoi(value) !== 0);
  }
  record.lbset = within(parameters.get('w_ls'), 0, MAX_SET) ?? record.lbset;
  changeCheck(configuration, server, worker, parameters);
}

/** All begin anew with what they then have in hand; one that is alone has no other factor than 1 (recalc_factors). */
function setFactor({ members }: Balancer, { record }: Worker, factor: number): void {
  if (!(factor >= 100 && factor <= 10_000)) return;
  record.lbfactor = members.length === 1 ? 100 : factor;
  for (const member of members) member.record.lbstatus = member.record.lbfactor;
}

/** Nobody but mod_proxy_hcheck looks at what is set here. */
function changeCheck(
  configuration: Configuration,
  server: VirtualServer,
  { healthCheck }: Worker,
  parameters: Parameters,
): void {
  const interval = parseTimeout(parameters.get('w_hi') ?? '', 'ms');
  if (parameters.has('w_hi') && interval !== undefined && interval >= SHORTEST_INTERVAL)
    healthCheck.interval = interval;
  healthCheck.passes = within(parameters.get('w_hp'), 1, 0x7fffffff) ?? healthCheck.passes;
  healthCheck.fails = within(parameters.get('w_hf'), 1, 0x7fffffff) ?? healthCheck.fails;
  const uri = parameters.get('w_hu');
  if (uri !== undefined) healthCheck.uri = uri.length < URI_LIMIT && isHeaderSafe(uri) ? uri : '';
  const method = parameters.get('w_hm')?.toUpperCase();
  healthCheck.method = HEALTH_CHECK_METHODS.find((name) => name === method) ?? healthCheck.method;
  const expression = parameters.get('w_he');
  if (expression !== undefined) {
    const isKnown = healthChecksOf(configuration.providers)?.expressions(server).has(expression) === true;
    healthCheck.expression = isKnown ? expression : '';
  }
  // There is no answer to look at.
  if (healthCheck.method === 'NONE' || healthCheck.method === 'TCP') healthCheck.expression = '';
}

/** It becomes part of a request line: what would end that, or the target, cannot be part of it (httpd sends it as it is). */
function isHeaderSafe(text: string): boolean {
  return !/[\0-\x20\x7f]/.test(text);
}

/** @returns the number of what is logged when a member was to be added that cannot be. Nothing else is ever refused; what does not fit changes nothing. */
export function changeBalancer(
  configuration: Configuration,
  balancer: Balancer,
  parameters: Parameters,
): string | undefined {
  const { options } = balancer;
  const name = parameters.get('b_lbm');
  if (name !== undefined && name.length <= MAX_METHOD && name !== balancer.method?.name) {
    const method = configuration.providers.find(LB_METHODS, name) as LbMethod | undefined;
    if (method !== undefined) {
      balancer.method = method;
      balancer.isResetPending = true;
    }
  }
  const timeout = within(parameters.get('b_tmo'), 0, MAX_TIMEOUT);
  if (timeout === 0) delete options.timeout;
  else if (timeout !== undefined) options.timeout = timeout * 1000;
  const attempts = within(parameters.get('b_max'), 0, MAX_ATTEMPTS);
  if (attempts !== undefined) options.maxAttempts = attempts;
  const force = parameters.get('b_sforce');
  if (force !== undefined) options.isNotFailingOver = atoi(force) !== 0;
  setSticky(balancer, parameters.get('b_ss'));
  const url = parameters.get('b_nwrkr');
  return url === undefined || parameters.get('b_wyes') !== '1' ? undefined : addMember(balancer, url);
}

function setSticky({ options }: Balancer, value: string | undefined): void {
  if (value === undefined || value === '' || value.length > MAX_STICKY) return;
  if (value === '-') {
    delete options.stickyCookie;
    delete options.stickyPath;
    return;
  }
  const bar = value.indexOf('|');
  options.stickyCookie = bar < 0 ? value : value.slice(0, bar);
  options.stickyPath = bar < 0 ? value : value.slice(bar + 1);
}

/** There is such a member, or no room for another; it is no URL. */
const NO_PLACE = 'AH10164';
const NO_URL = 'AH10163';

/** A new member is disabled until somebody says otherwise. */
function addMember(balancer: Balancer, url: string): string | undefined {
  const { members } = balancer;
  if (balancer.used >= balancer.capacity) return NO_PLACE;
  if (findWorker(members, splitSocket(url)?.url ?? url) !== undefined) return NO_PLACE;
  const worker = defineWorker(url, false);
  if (typeof worker === 'string') return NO_URL;
  worker.isMember = true;
  worker.state.setFlag('D', true);
  members.push(worker);
  balancer.used++;
  return undefined;
}
