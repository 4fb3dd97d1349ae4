/**
 * mod_proxy_balancer: chooses among a balancer's members (modules/proxy/mod_proxy_balancer.c).
 *
 * What is counted of members is kept in this process, not in shared memory.
 */
import { defineModule } from '../../../core/module.ts';
import { BALANCING, type MemberChooser } from '../shared/balancing.ts';
import { again, begin, end } from './choose.ts';
import { showManager } from './manager.ts';
import { prepareBalancers, retireBalancers } from './prepare.ts';

const chooser: MemberChooser = {
  prepare: prepareBalancers,
  retire: retireBalancers,
  begin: (r, url, server, keep) => begin(chooser, r, url, server, keep),
  again,
  end,
};

export const modProxyBalancer = defineModule({
  name: 'proxy_balancer_module',
  file: 'mod_proxy_balancer.c',
  hooks: { handler: showManager },
  // A handler of that name may be set for any server.
  always: true,
  providers: { [BALANCING]: { balancer: chooser } },
});
