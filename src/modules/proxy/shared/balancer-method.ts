/**
 * The seam by which methods of choosing a member plug into balancers (the provider group `proxylbmethod` of httpd), and what most of them have in
 * common (proxy_util.c: ap_proxy_balancer_get_best_worker). Choosing allocates nothing: a method is asked once a request.
 */
import { isLogged, Level, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import type { Balancer } from './balancer.ts';
import type { Worker, WorkerRecord } from './worker.ts';

/** Group of providers; the names are those of `lbmethod=`. */
export const LB_METHODS = 'proxylbmethod';

export interface LbMethod {
  readonly name: string;
  /** The member that is to have the request; undefined: none is usable. */
  choose(balancer: Balancer, r: Request): Worker | undefined;
  /** Begins to count anew, when it takes the place of another method. */
  reset?(balancer: Balancer): void;
}

/** Asked for one usable member after the other, in order; it may count what it is asked. */
export interface Comparison {
  isBetter(current: Worker, best: Worker | undefined): boolean;
}

/** Ends a member's error where its time is over, and says so in the log (ap_proxy_retry_worker). */
export function retryMember(worker: Worker, server: VirtualServer): void {
  const { state } = worker;
  const result = state.retry();
  if (result === 'usable' || !server.log.isOn('proxy', Level.debug)) return;
  const where = `(${worker.host}:${worker.port})`;
  switch (result) {
    case 'retried':
      logServer(
        server,
        'proxy',
        Level.debug,
        'AH00932',
        `BALANCER: worker for ${where} has been marked for retry`,
      );
      return;
    case 'too-soon':
      logServer(server, 'proxy', Level.debug, 'AH00933', `BALANCER: too soon to retry worker for ${where}`);
      return;
    case 'stopped':
      logServer(server, 'proxy', Level.debug, 'AH03305', `BALANCER: Won't retry worker ${where}: stopped`);
  }
}

/**
 * The best usable member: of the lowest set (`lbset`) that has one, spares taking the place of members that are out, standbys when there is nothing
 * else.
 */
export function bestMember(
  balancer: Balancer,
  r: Request,
  method: string,
  comparison: Comparison,
): Worker | undefined {
  const { server } = r;
  const isTold = isLogged(r, 'proxy', Level.debug);
  if (isTold) {
    const message = `proxy: Entering ${method} for BALANCER (${balancer.name})`;
    logServer(server, 'proxy', Level.debug, 'AH10122', message);
  }
  let best: Worker | undefined;
  for (let set = 0, lastSet = 0; set <= lastSet && best === undefined; set++) {
    let out = 0;
    let standbys = 0;
    for (const worker of balancer.members) {
      const { lbset } = worker.record;
      if (lbset > lastSet) lastSet = lbset;
      if (lbset !== set) continue;
      const { state } = worker;
      const { isDraining, isHotSpare, isHotStandby } = state.flags;
      if (isDraining) {
        if (!isHotSpare && !isHotStandby) out++;
        continue;
      }
      if (!state.isAvailable) retryMember(worker, server);
      if (isHotSpare) continue;
      if (isHotStandby) standbys++;
      else if (!state.isAvailable) out++;
      else if (comparison.isBetter(worker, best)) best = worker;
    }
    if (out > 0) best = bestSpare(balancer, set, out, best, comparison);
    if (best === undefined && standbys > 0) best = bestStandby(balancer, set, comparison);
  }
  if (isTold && best !== undefined) {
    const { busy, lbstatus } = best.record;
    const message = `proxy: ${method} selected worker "${best.name}" : busy ${busy} : lbstatus ${lbstatus}`;
    logServer(server, 'proxy', Level.debug, 'AH10123', message);
  }
  return best;
}

/** A method by which every member in question gains its factor (`lbfactor`), and who is chosen pays what all have gained. */
export abstract class GainingMethod implements LbMethod, Comparison {
  abstract readonly name: string;
  #gained = 0;

  choose(balancer: Balancer, r: Request): Worker | undefined {
    this.#gained = 0;
    const best = bestMember(balancer, r, this.name, this);
    if (best !== undefined) best.record.lbstatus -= this.#gained;
    return best;
  }

  reset({ members }: Balancer): void {
    for (const { record } of members) record.lbstatus = 0;
  }

  isBetter({ record }: Worker, best: Worker | undefined): boolean {
    record.lbstatus += record.lbfactor;
    this.#gained += record.lbfactor;
    return best === undefined || this.isAhead(record, best.record);
  }

  protected abstract isAhead(record: Readonly<WorkerRecord>, best: Readonly<WorkerRecord>): boolean;
}

function isReserve(worker: Worker, set: number): boolean {
  const { state } = worker;
  return worker.record.lbset === set && !state.flags.isDraining && state.isAvailable;
}

/** As many spares as members are out. */
function bestSpare(
  { members }: Balancer,
  set: number,
  out: number,
  known: Worker | undefined,
  comparison: Comparison,
): Worker | undefined {
  let best = known;
  let left = out;
  for (const worker of members) {
    if (!worker.state.flags.isHotSpare || !isReserve(worker, set)) continue;
    if (left-- === 0) break;
    if (comparison.isBetter(worker, best)) best = worker;
  }
  return best;
}

function bestStandby({ members }: Balancer, set: number, comparison: Comparison): Worker | undefined {
  let best: Worker | undefined;
  for (const worker of members) {
    const { isHotSpare, isHotStandby } = worker.state.flags;
    if (!isHotStandby || isHotSpare || !isReserve(worker, set)) continue;
    if (comparison.isBetter(worker, best)) best = worker;
  }
  return best;
}
