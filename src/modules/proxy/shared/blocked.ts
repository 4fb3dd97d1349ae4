/** What is answered where ProxyBlock forbids a host. */
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { proxyError } from './errors.ts';
import type { Block } from './host-lists.ts';

/** The answer for a host that ProxyBlock lists. */
export function refuseBlocked(r: Request, host: string, { kind, matched }: Block): number {
  const message = `connect to remote machine ${host} blocked: ${kind} ${matched} matched`;
  logRequest(r, 'proxy', Level.warn, kind === 'name' ? 'AH00916' : 'AH00917', message);
  return proxyError(r, 403, 'Connect to remote machine blocked');
}
