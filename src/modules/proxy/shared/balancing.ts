/**
 * The seam between mod_proxy and mod_proxy_balancer (httpd's pre_request and post_request hooks): who chooses a member for a request, again when
 * one fails, and hears how it ended.
 */
import type { ServerConfigs } from '../../../config/apply.ts';
import type { ProviderRegistry } from '../../../config/providers.ts';
import type { Configuration } from '../../../core/configuration.ts';
import type { Answer } from '../../../core/hooks.ts';
import type { Request } from '../../../core/request.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import type { Balancer } from './balancer.ts';
import type { ProxyServerConf } from './config.ts';
import type { ReplayBody } from './replay-body.ts';
import type { Worker } from './worker.ts';

/** Group of providers; its one name is `balancer`. */
export const BALANCING = 'proxy-balancing';

/** Group of providers; its one name is `server`: what is said of proxying in a server, for the other modules that proxy. */
const PROXY_CONF = 'proxy-server-conf';
export type ProxyConfOf = (server: Pick<ServerConfigs, 'slots'>) => Readonly<ProxyServerConf>;

export function offerProxyConf(
  confOf: ProxyConfOf,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return { [PROXY_CONF]: { server: confOf } };
}

/** Undefined: mod_proxy is not loaded. */
export function proxyConfOf(
  configuration: Configuration,
  server: Pick<ServerConfigs, 'slots'>,
): Readonly<ProxyServerConf> | undefined {
  return (configuration.providers.find(PROXY_CONF, 'server') as ProxyConfOf | undefined)?.(server);
}

/** A request on its way through a balancer. */
export interface Balancing {
  readonly chooser: MemberChooser;
  readonly balancer: Balancer;
  /** The URL as mapped, `balancer://...`, and what of it stands behind the authority. */
  readonly url: string;
  readonly path: string;
  /** The member chosen last. */
  worker: Worker;
  /** Failed ones so far. */
  attempts: number;
  /** Members that count this request as theirs until it is over: each that was tried. */
  readonly tried: Worker[];
  /** Where another member might need the body again. */
  body: ReplayBody | undefined;
}

/** A balancer of a configuration, and whether what is known of its members is to outlive that (BalancerPersist). */
export interface ConfiguredBalancer {
  readonly balancer: Balancer;
  /** The first that has it; virtual hosts share those of the main server. */
  readonly server: VirtualServer;
  readonly isPersistent: boolean;
}

export interface MemberChooser {
  /** The configuration is whole; what is wrong goes to its problems. @param balancers each once, though virtual hosts share them. */
  prepare(configuration: Configuration, balancers: readonly ConfiguredBalancer[]): void;
  /** It has answered its last request. */
  retire(configuration: Configuration, balancers: readonly ConfiguredBalancer[]): void;
  /**
   * The balancer of a `balancer:` URL and its first member, put into `keep`.
   * @returns OK; DECLINED when there is no such balancer; else the status to answer with.
   */
  begin(
    r: Request,
    url: string,
    server: Readonly<ProxyServerConf>,
    keep: (balancing: Balancing) => void,
  ): Answer;
  /** Another member, after one failed. OK, or the status to answer with. */
  again(r: Request, balancing: Balancing): Answer;
  /** The last attempt is over. @param status what is answered. */
  end(r: Request, balancing: Balancing, status: number): void;
}

/** Who chooses in a configuration; undefined: mod_proxy_balancer is not loaded. */
export function chooserOf(providers: ProviderRegistry): MemberChooser | undefined {
  return providers.find(BALANCING, 'balancer') as MemberChooser | undefined;
}
