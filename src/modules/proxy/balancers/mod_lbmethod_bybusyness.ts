/** mod_lbmethod_bybusyness: who is at fewest requests (modules/proxy/balancers/mod_lbmethod_bybusyness.c). */
import { defineModule } from '../../../core/module.ts';
import { GainingMethod, LB_METHODS } from '../shared/balancer-method.ts';
import type { WorkerRecord } from '../shared/worker.ts';

/** Among those equally busy the choice is that of `byrequests`. */
export class ByBusyness extends GainingMethod {
  readonly name = 'bybusyness';

  protected isAhead(record: Readonly<WorkerRecord>, best: Readonly<WorkerRecord>): boolean {
    return record.busy < best.busy || (record.busy === best.busy && record.lbstatus > best.lbstatus);
  }
}

export const modLbmethodBybusyness = defineModule({
  name: 'lbmethod_bybusyness_module',
  file: 'mod_lbmethod_bybusyness.c',
  providers: { [LB_METHODS]: { bybusyness: new ByBusyness() } },
});
