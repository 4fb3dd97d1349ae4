/** What the directives of mod_proxy leave behind (proxy_server_conf and proxy_dir_conf of mod_proxy.h), and how it merges. */
import type { PerDirConfig } from '../../../config/per-dir.ts';
import type { ConfigNode } from '../../../config/tree.ts';
import type { Pcre } from '../../../lib/pcre/index.ts';
import type { Balancer } from './balancer.ts';
import type { DirectHost } from './host-lists.ts';
import type { RemoteProxy } from './scheme.ts';
import type { Worker } from './worker.ts';

/** A ProxyPass or ProxyPassMatch. */
export interface ProxyAlias {
  /** Path, or the pattern's source. */
  readonly from: string;
  readonly regex: Pcre | undefined;
  /** URL without its `unix:` part; `!` for an exclusion. */
  readonly to: string;
  readonly isNocanon: boolean;
  readonly isInterpolated: boolean;
  /** mapping=: `encoded` compares the path as it was sent; `servlet` also passes over path parameters. */
  readonly mapping: 'decoded' | 'encoded' | 'servlet';
}

/** ProxyPassReverse: `to` in an answer's Location becomes `from`. */
export interface ReverseAlias {
  readonly from: string;
  readonly to: string;
  readonly isInterpolated: boolean;
}

/** A `<Proxy>` or `<ProxyMatch>` section. */
export interface ProxySection {
  readonly pattern: string;
  readonly regex: Pcre | undefined;
  readonly matches: (url: string) => boolean;
  readonly perDir: PerDirConfig;
}

export interface TunedWorker {
  readonly worker: Worker;
  readonly node: ConfigNode;
}

export interface ProxyServerConf {
  aliases?: ProxyAlias[];
  sections?: ProxySection[];
  workers?: Worker[];
  balancers?: Balancer[];
  /** BalancerInherit and ProxyPassInherit: unless both are off the main server's balancers come before a virtual host's own. Default true. */
  inheritsBalancers?: boolean;
  inheritsPass?: boolean;
  /** BalancerPersist: what is counted and changed of members outlives the configuration. */
  persistsBalancers?: boolean;
  /** Workers that `<Proxy>` or ProxySet gave parameters, and where. */
  tuned?: TunedWorker[];
  /** One of the aliases, or of those in sections, has a mapping other than `decoded`. */
  hasEncodedMapping?: boolean;
  /** Milliseconds. */
  timeout?: number;
  badHeader?: 'iserror' | 'ignore' | 'startbody';
  /** ProxyIOBufferSize: largest packet of AJP, and largest answer whose ranges are cut; 0: as if not said. */
  ioBufferSize?: number;
  maxForwards?: number;
  via?: 'off' | 'on' | 'block' | 'full';
  status?: 'off' | 'on' | 'full';
  sourceAddress?: string;
  /** ProxyRequests. */
  isForward?: boolean;
  remotes?: RemoteRule[];
  /** NoProxy. */
  directHosts?: DirectHost[];
  /** ProxyBlock: parts of names, or `*`. */
  blocks?: string[];
  /** ProxyDomain, with its dot. */
  domain?: string;
}

/** A ProxyRemote or ProxyRemoteMatch. */
export interface RemoteRule {
  /** @param scheme of the URL, in lower case. */
  readonly matches: (scheme: string, url: string) => boolean;
  readonly remote: RemoteProxy;
}

export interface ProxyDirConf {
  /** ProxyPass inside `<Location>`. */
  alias?: ProxyAlias;
  reverseAliases?: ReverseAlias[];
  cookiePaths?: ReverseAlias[];
  cookieDomains?: ReverseAlias[];
  interpolatesEnv?: boolean;
  preservesHost?: boolean;
  overridesErrors?: boolean;
  /** Statuses that are overridden; all errors when there is none. */
  errorCodes?: readonly number[];
  addsHeaders?: boolean;
  forwardsContinue?: boolean;
}

function append<T>(base: readonly T[] | undefined, add: readonly T[] | undefined): T[] | undefined {
  if (base === undefined || add === undefined) return (add ?? base) as T[] | undefined;
  return [...base, ...add];
}

type Lists<C> = { [K in keyof C]?: C[K] };

/** Sets what is there: exactOptionalPropertyTypes knows no undefined fields. */
function put<C extends object>(conf: C, lists: Lists<C>): C {
  for (const key of Object.keys(lists) as (keyof C)[]) {
    const list = lists[key];
    if (list === undefined) delete conf[key];
    else conf[key] = list as C[keyof C];
  }
  return conf;
}

/**
 * Lists: the main server's first. In 2.4.71 BalancerInherit and ProxyPassInherit do nothing unless both are off, and then nothing but to keep the
 * balancers apart.
 * Scalars: the virtual host's where it says something.
 */
export function mergeProxyServer(base: ProxyServerConf, add: ProxyServerConf): ProxyServerConf {
  const merged: ProxyServerConf = { ...base, ...add };
  const inherits = (merged.inheritsBalancers ?? true) || (merged.inheritsPass ?? true);
  return put(merged, {
    aliases: append(base.aliases, add.aliases),
    workers: append(base.workers, add.workers),
    balancers: inherits
      ? append(
          base.balancers?.map((balancer) => balancer.copy()),
          add.balancers,
        )
      : add.balancers,
    tuned: add.tuned,
    sections: append(base.sections, add.sections),
    remotes: append(base.remotes, add.remotes),
    directHosts: append(base.directHosts, add.directHosts),
    blocks: append(base.blocks, add.blocks),
    hasEncodedMapping: base.hasEncodedMapping === true || add.hasEncodedMapping === true || undefined,
  } as Lists<ProxyServerConf>);
}

/** Lists: the outer section's first. Scalars: the inner one's where it says something. */
export function mergeProxyDir(base: ProxyDirConf, add: ProxyDirConf): ProxyDirConf {
  const merged: ProxyDirConf = { ...base, ...add };
  return put(merged, {
    reverseAliases: append(base.reverseAliases, add.reverseAliases),
    cookiePaths: append(base.cookiePaths, add.cookiePaths),
    cookieDomains: append(base.cookieDomains, add.cookieDomains),
    errorCodes: append(base.errorCodes, add.errorCodes),
  } as Lists<ProxyDirConf>);
}

/** Whether an answer's status is to be replaced by our own page (ap_proxy_should_override). */
export function isOverridden(conf: Readonly<ProxyDirConf>, status: number): boolean {
  if (conf.overridesErrors !== true) return false;
  const codes = conf.errorCodes;
  return codes === undefined || codes.length === 0 ? status >= 400 && status < 600 : codes.includes(status);
}
