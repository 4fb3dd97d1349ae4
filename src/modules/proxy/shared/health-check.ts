/**
 * Health checks: what is said of a worker's, and the seam by which mod_proxy_hcheck takes the parameters that begin with `hc` and tells the
 * manager's page of its expressions (the optional functions set_worker_hc_param, hc_show_exprs and hc_select_exprs of httpd).
 */
import type { ServerConfigs } from '../../../config/apply.ts';
import type { ProviderRegistry } from '../../../config/providers.ts';
import type { Worker } from './worker.ts';

/** `hcmethod=`, in the order in which the manager's page offers them. */
export const HEALTH_CHECK_METHODS = [
  'NONE',
  'TCP',
  'OPTIONS',
  'HEAD',
  'GET',
  'CPING',
  'OPTIONS11',
  'HEAD11',
  'GET11',
] as const;
export type HealthCheckMethod = (typeof HEALTH_CHECK_METHODS)[number];

/** Milliseconds between two looks at what is due: no check is made more often (AP_WD_TM_SLICE). */
export const SHORTEST_INTERVAL = 100;
/** Characters of an hcuri httpd has room for, and one more. */
export const URI_LIMIT = 64;

/** What is said of a worker's checks; the manager's page may change it. */
export interface HealthCheckOptions {
  method: HealthCheckMethod;
  /** Milliseconds. */
  interval: number;
  /** Checks that must succeed before an ailing worker is used again, and fail before a sound one is used no more. */
  passes: number;
  fails: number;
  /** Behind the worker's own path; empty: none. */
  uri: string;
  /** Name of a ProxyHCExpr; empty: the status counts. */
  expression: string;
}

/** The same, and how far it is. */
export interface HealthCheck extends HealthCheckOptions {
  passed: number;
  failed: number;
}

export function newHealthCheck(): HealthCheck {
  return {
    method: 'NONE',
    interval: 30_000,
    passes: 1,
    fails: 1,
    uri: '',
    expression: '',
    passed: 0,
    failed: 0,
  };
}

/** Group of providers; its one name is `hcheck`. */
const HEALTH_CHECKS = 'proxy-health-check';

export interface HealthChecks {
  /** Sets a parameter of a worker that is none of mod_proxy's. @returns what is wrong with it in httpd's words, or nothing. */
  setParameter(server: ServerConfigs, worker: Worker, key: string, value: string): string | undefined;
  /** A server's ProxyHCExpr by name, in order: their texts. */
  expressions(server: Pick<ServerConfigs, 'slots'>): ReadonlyMap<string, string>;
}

export function offerHealthChecks(
  checks: HealthChecks,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return { [HEALTH_CHECKS]: { hcheck: checks } };
}

/** Undefined: mod_proxy_hcheck is not loaded. */
export function healthChecksOf(providers: ProviderRegistry): HealthChecks | undefined {
  return providers.find(HEALTH_CHECKS, 'hcheck') as HealthChecks | undefined;
}
