/**
 * mod_proxy_balancer: chooses among a balancer's members (modules/proxy/mod_proxy_balancer.c).
 *
 * Not supported: the balancer-manager page. What is counted of members is kept in this process, not in shared memory.
 */
import { randomUUID } from 'node:crypto';
import type { Configuration } from '../../../core/configuration.ts';
import { defineModule } from '../../../core/module.ts';
import { modProxy } from '../mod_proxy/index.ts';
import type { Balancer } from '../shared/balancer.ts';
import { LB_METHODS, type LbMethod } from '../shared/balancer-method.ts';
import { BALANCING } from '../shared/balancing.ts';
import { chooser } from './choose.ts';
import { keepMembers, restoreMembers } from './persist.ts';

const DEFAULT_METHOD = 'byrequests';

/** Errors as httpd logs them before it gives up; `-t` says them too. */
function prepareBalancers(configuration: Configuration): void {
  const { problems, providers, loaded } = configuration;
  const fail = (code: string, message: string, hint: string): void =>
    problems.add({ code, severity: 'error', message, span: undefined, hint });
  if (![...loaded].some(({ name }) => name === 'slotmem_shm_module')) {
    const message = "Failed to lookup provider 'shm' for 'slotmem': is mod_slotmem_shm loaded??";
    fail('AH01177', message, 'LoadModule slotmem_shm_module modules/mod_slotmem_shm.so');
    return;
  }
  const method = providers.find(LB_METHODS, DEFAULT_METHOD) as LbMethod | undefined;
  for (const balancer of balancersOf(configuration)) {
    balancer.method ??= method;
    balancer.nonce = balancer.options.nonce ?? randomUUID();
    if (balancer.method !== undefined) continue;
    const hint = 'LoadModule lbmethod_byrequests_module modules/mod_lbmethod_byrequests.so';
    fail('AH02432', `Cannot find LB Method: ${DEFAULT_METHOD}`, hint);
    return;
  }
  restoreMembers(configuration, balancersOf(configuration, true));
}

/** Each once: virtual hosts share those of the main server. */
function balancersOf(configuration: Configuration, persistentOnly = false): Set<Balancer> {
  const all = new Set<Balancer>();
  for (const server of [configuration.main, ...configuration.virtualServers]) {
    const { balancers = [], persistsBalancers } = modProxy.server(server);
    if (persistentOnly && persistsBalancers !== true) continue;
    for (const balancer of balancers) all.add(balancer);
  }
  return all;
}

function keepBalancers(configuration: Configuration): void {
  keepMembers(configuration, balancersOf(configuration, true));
}

export const modProxyBalancer = defineModule({
  name: 'proxy_balancer_module',
  file: 'mod_proxy_balancer.c',
  providers: { [BALANCING]: { balancer: chooser } },
  postConfig: prepareBalancers,
  retire: keepBalancers,
});
