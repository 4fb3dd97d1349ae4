/** mod_lbmethod_byrequests: requests in proportion to `loadfactor` (modules/proxy/balancers/mod_lbmethod_byrequests.c). */
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import type { Balancer } from '../shared/balancer.ts';
import { bestMember, type Comparison, LB_METHODS, type LbMethod } from '../shared/balancer-method.ts';
import type { Worker } from '../shared/worker.ts';

/** Every member in question gains its factor; who has most is chosen and pays what all have gained. */
export class ByRequests implements LbMethod, Comparison {
  readonly name = 'byrequests';
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
    return best === undefined || record.lbstatus > best.record.lbstatus;
  }
}

export const modLbmethodByrequests = defineModule({
  name: 'lbmethod_byrequests_module',
  file: 'mod_lbmethod_byrequests.c',
  providers: { [LB_METHODS]: { byrequests: new ByRequests() } },
});
