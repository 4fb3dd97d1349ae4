/** mod_lbmethod_bybusyness: who is at fewest requests (modules/proxy/balancers/mod_lbmethod_bybusyness.c). */
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import type { Balancer } from '../shared/balancer.ts';
import { bestMember, type Comparison, LB_METHODS, type LbMethod } from '../shared/balancer-method.ts';
import type { Worker } from '../shared/worker.ts';

/** Among those equally busy the choice is that of `byrequests`. */
export class ByBusyness implements LbMethod, Comparison {
  readonly name = 'bybusyness';
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
    if (best === undefined) return true;
    const { busy, lbstatus } = best.record;
    return record.busy < busy || (record.busy === busy && record.lbstatus > lbstatus);
  }
}

export const modLbmethodBybusyness = defineModule({
  name: 'lbmethod_bybusyness_module',
  file: 'mod_lbmethod_bybusyness.c',
  providers: { [LB_METHODS]: { bybusyness: new ByBusyness() } },
});
