import { serverTimeout } from '../../../core/core-config.ts';
import type { Request } from '../../../core/request.ts';
import type { ProxyTarget } from './scheme.ts';

/** How long a tunnel may be silent, in milliseconds: the longer of what client and backend may be (ap_proxy_tunnel_create). */
export function tunnelTimeout(r: Request, { timeout }: ProxyTarget): number {
  return Math.max(serverTimeout(r.server), timeout);
}
