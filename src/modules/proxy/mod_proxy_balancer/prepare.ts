/** Balancers of a configuration that is whole, and of one that serves no more (mod_proxy_balancer.c: balancer_post_config). */
import { randomUUID } from 'node:crypto';
import type { Configuration } from '../../../core/configuration.ts';
import { LB_METHODS, type LbMethod } from '../shared/balancer-method.ts';
import type { ConfiguredBalancer } from '../shared/balancing.ts';
import { keepMembers, restoreMembers } from './persist.ts';

const DEFAULT_METHOD = 'byrequests';

function persistentOf(balancers: readonly ConfiguredBalancer[]): ConfiguredBalancer[] {
  return balancers.filter(({ isPersistent }) => isPersistent);
}

/** Errors as httpd logs them before it gives up; `-t` says them too. */
export function prepareBalancers(
  configuration: Configuration,
  balancers: readonly ConfiguredBalancer[],
): void {
  const { problems, providers, loaded } = configuration;
  const fail = (code: string, message: string, hint: string): void =>
    problems.add({ code, severity: 'error', message, span: undefined, hint });
  if (![...loaded].some(({ name }) => name === 'slotmem_shm_module')) {
    const message = "Failed to lookup provider 'shm' for 'slotmem': is mod_slotmem_shm loaded??";
    fail('AH01177', message, 'LoadModule slotmem_shm_module modules/mod_slotmem_shm.so');
    return;
  }
  const method = providers.find(LB_METHODS, DEFAULT_METHOD) as LbMethod | undefined;
  for (const { balancer } of balancers) {
    balancer.method ??= method;
    balancer.nonce = balancer.options.nonce ?? randomUUID();
    balancer.used = balancer.members.length;
    balancer.capacity = balancer.used + (balancer.options.growth ?? 0);
    // Of the members that there are at the start: those added later do not count.
    if (balancer.used > 1) balancer.options.maxAttempts ??= balancer.used - 1;
    if (balancer.method !== undefined) continue;
    const hint = 'LoadModule lbmethod_byrequests_module modules/mod_lbmethod_byrequests.so';
    fail('AH02432', `Cannot find LB Method: ${DEFAULT_METHOD}`, hint);
    return;
  }
  restoreMembers(configuration, persistentOf(balancers));
}

export function retireBalancers(
  configuration: Configuration,
  balancers: readonly ConfiguredBalancer[],
): void {
  keepMembers(configuration, persistentOf(balancers));
}
