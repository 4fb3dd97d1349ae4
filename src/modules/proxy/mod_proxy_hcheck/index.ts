/**
 * mod_proxy_hcheck: asks the members of balancers how they are, and takes those that ail out of use until they are well
 * (modules/proxy/mod_proxy_hcheck.c).
 *
 * More than httpd: a member with the scheme fcgi is asked in FastCGI, hcuri being the script (ping.path of FPM), where httpd sends plain HTTP.
 * A check that would have an empty request target asks for `/`. Not supported: `hc()` and HC_BODY in expressions other than ProxyHCExpr, the
 * directives in .htaccess. Of an answer's body the first 64 KiB are looked at.
 */
import type { ServerConfigs } from '../../../config/apply.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { defineModule } from '../../../core/module.ts';
import { offerHealthChecks } from '../shared/health-check.ts';
import type { Worker } from '../shared/worker.ts';
import { Checker } from './checker.ts';
import { type HealthCheckServerConf, mergeHealthChecks } from './config.ts';
import { healthCheckRows, setCheckOption } from './rows.ts';

const checkers = new WeakMap<Configuration, Checker>();

function confOf(server: Pick<ServerConfigs, 'slots'>): Readonly<HealthCheckServerConf> {
  return modProxyHcheck.server(server);
}

function beginChecks(configuration: Configuration): void {
  const checker = new Checker(configuration, confOf);
  checkers.set(configuration, checker);
  checker.start();
}

function endChecks(configuration: Configuration): void {
  checkers.get(configuration)?.stop();
  checkers.delete(configuration);
}

function setParameter(server: ServerConfigs, worker: Worker, key: string, value: string): string | undefined {
  return setCheckOption(confOf(server), worker.healthCheck, key, value);
}

function expressions(server: Pick<ServerConfigs, 'slots'>): ReadonlyMap<string, string> {
  return new Map([...(confOf(server).expressions ?? [])].map(([name, { source }]) => [name, source]));
}

export const modProxyHcheck = defineModule<HealthCheckServerConf>({
  name: 'proxy_hcheck_module',
  file: 'mod_proxy_hcheck.c',
  directives: healthCheckRows,
  mergeServer: mergeHealthChecks,
  providers: offerHealthChecks({
    setParameter,
    expressions,
  }),
  begin: beginChecks,
  retire: endChecks,
});
