/** mod_lbmethod_bytraffic: bytes in proportion to `loadfactor` (modules/proxy/balancers/mod_lbmethod_bytraffic.c). */
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import type { Balancer } from '../shared/balancer.ts';
import { bestMember, type Comparison, LB_METHODS, type LbMethod } from '../shared/balancer-method.ts';
import type { Worker, WorkerRecord } from '../shared/worker.ts';

/** Bytes both ways for a factor of 0.01, each way rounded down as integers are. */
function share({ transferred, read, lbfactor }: WorkerRecord): number {
  return Math.floor(transferred / lbfactor) + Math.floor(read / lbfactor);
}

export class ByTraffic implements LbMethod, Comparison {
  readonly name = 'bytraffic';

  choose(balancer: Balancer, r: Request): Worker | undefined {
    return bestMember(balancer, r, this.name, this);
  }

  reset({ members }: Balancer): void {
    for (const { record } of members) {
      record.transferred = 0;
      record.read = 0;
    }
  }

  isBetter(current: Worker, best: Worker | undefined): boolean {
    return best === undefined || share(current.record) < share(best.record);
  }
}

export const modLbmethodBytraffic = defineModule({
  name: 'lbmethod_bytraffic_module',
  file: 'mod_lbmethod_bytraffic.c',
  providers: { [LB_METHODS]: { bytraffic: new ByTraffic() } },
});
