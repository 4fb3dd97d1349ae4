import { coreServer } from '../../../core/core-config.ts';
import type { Request } from '../../../core/request.ts';
import type { ProxyTarget } from './scheme.ts';

const DEFAULT_TIMEOUT = 60;

/** How long a tunnel may be silent, in milliseconds: the longer of what client and backend may be (ap_proxy_tunnel_create). */
export function tunnelTimeout(r: Request, { timeout }: ProxyTarget): number {
  return Math.max((coreServer(r.server).timeout ?? DEFAULT_TIMEOUT) * 1000, timeout);
}
