/** ProxyPassReverse with a balancer's URL: what members answer names the member (proxy_util.c: ap_proxy_location_reverse_map). */
import { type Balancer, findBalancer, isBalancerUrl } from './balancer.ts';

/**
 * How much of `url` is a member of the balancer that `to` names, with the path of `to` behind it; 0: none. Undefined: `to` names no balancer, and is
 * compared as it stands. Scheme, host and the member's path have no case; the balancer's path has.
 */
export function memberPrefix(
  url: string,
  to: string,
  balancers: readonly Balancer[] | undefined,
): number | undefined {
  if (!isBalancerUrl(to)) return undefined;
  const balancer = findBalancer(balancers, to);
  if (balancer === undefined) return undefined;
  const slash = to.indexOf('/', 'balancer://'.length);
  const path = slash < 0 || slash === to.length - 1 ? '' : to.slice(slash);
  for (const { name } of balancer.members) {
    const length = path !== '' && name.endsWith('/') ? name.length - 1 : name.length;
    if (url.length < length + path.length || !url.startsWith(path, length)) continue;
    if (url.slice(0, length).toLowerCase() === name.slice(0, length).toLowerCase())
      return length + path.length;
  }
  return 0;
}
