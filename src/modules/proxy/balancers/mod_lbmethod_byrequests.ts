/** mod_lbmethod_byrequests: requests in proportion to `loadfactor` (modules/proxy/balancers/mod_lbmethod_byrequests.c). */
import { defineModule } from '../../../core/module.ts';
import { GainingMethod, LB_METHODS } from '../shared/balancer-method.ts';
import type { WorkerRecord } from '../shared/worker.ts';

/** Who has gained most. */
export class ByRequests extends GainingMethod {
  readonly name = 'byrequests';

  protected isAhead(record: Readonly<WorkerRecord>, best: Readonly<WorkerRecord>): boolean {
    return record.lbstatus > best.lbstatus;
  }
}

export const modLbmethodByrequests = defineModule({
  name: 'lbmethod_byrequests_module',
  file: 'mod_lbmethod_byrequests.c',
  providers: { [LB_METHODS]: { byrequests: new ByRequests() } },
});
