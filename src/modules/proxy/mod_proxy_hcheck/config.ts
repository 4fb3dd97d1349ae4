/** What the directives of mod_proxy_hcheck leave behind (sctx_t of mod_proxy_hcheck.c). */
import type { HealthCheckOptions } from '../shared/health-check.ts';
import type { Condition } from './condition.ts';

export interface HealthCheckServerConf {
  /** ProxyHCExpr by name. */
  expressions?: Map<string, Condition>;
  /** ProxyHCTemplate by name in lower case: what each of them says. */
  templates?: Map<string, Partial<HealthCheckOptions>>;
  /** ProxyHCTPsize; 0: checks are made without threads. */
  poolSize?: number;
}

/** Expressions: the main server's, and those of a virtual host in their place. Templates are asked for only while a server is read. */
export function mergeHealthChecks(
  base: HealthCheckServerConf,
  add: HealthCheckServerConf,
): HealthCheckServerConf {
  const { expressions = new Map<string, Condition>() } = add;
  return { ...base, ...add, expressions: new Map([...(base.expressions ?? []), ...expressions]) };
}
