/**
 * mod_proxy: reverse and forward proxying (modules/proxy/mod_proxy.c and proxy_util.c). Maps URLs to backends, takes what a forward proxy is
 * asked for, keeps what is known of backends, and hands requests to the module of the URL's scheme.
 *
 * Who is chosen among a balancer's members is mod_proxy_balancer's to say (shared/balancing.ts).
 */

import type { ServerConfigs } from '../../../config/apply.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { type Answer, FIRST } from '../../../core/hooks.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { alikeForFiles } from '../../../core/siblings.ts';
import { DECLINED } from '../../../core/status.ts';
import { STATUS_SECTION } from '../../../core/status-section.ts';
import type { Balancer } from '../shared/balancer.ts';
import { type ConfiguredBalancer, chooserOf, offerProxyConf } from '../shared/balancing.ts';
import {
  mergeProxyDir,
  mergeProxyServer,
  type ProxyDirConf,
  type ProxyServerConf,
} from '../shared/config.ts';
import type { ProxyState } from '../shared/scheme.ts';
import { adviseOnProxying } from './advice.ts';
import { balancerRows } from './balancer-rows.ts';
import { detectForward } from './forward.ts';
import { forwardRows } from './forward-rows.ts';
import { canonicalise, handle } from './handler.ts';
import { passRows } from './pass-rows.ts';
import { otherRows } from './rows.ts';
import { proxyStatus } from './status.ts';
import { newState, translate, walkProxySections } from './translate.ts';

function stateOf(r: Request): ProxyState | undefined {
  return r.getState(modProxy.index) as ProxyState | undefined;
}

function translateProxyBy(r: Request, isEncoded: boolean): Answer {
  return translate(r, modProxy.server(r.server), modProxy.dir(r), isEncoded, (state) =>
    r.setState(modProxy.index, state),
  );
}

function detectProxyRequest(r: Request): Answer {
  if (r.main === undefined) detectForward(r);
  return DECLINED;
}

function preTranslateProxy(r: Request): Answer {
  return translateProxyBy(r, true);
}

function translateProxy(r: Request): Answer {
  return translateProxyBy(r, false);
}

function mapProxyToStorage(r: Request): Answer {
  return walkProxySections(r, modProxy.server(r.server));
}

function fixupProxy(r: Request): Answer {
  if (r.proxyRequest === 'none' || r.filename?.startsWith('proxy:') !== true) return DECLINED;
  let state = stateOf(r);
  if (state === undefined) {
    state = newState(r);
    r.setState(modProxy.index, state);
  }
  return canonicalise(r, state, modProxy.server(r.server));
}

function handleProxy(r: Request): Answer {
  if (r.handler === undefined && r.proxyRequest === 'none') return DECLINED;
  return handle(r, modProxy.server(r.server), modProxy.dir(r), stateOf);
}

/** Closes the connections of a configuration that serves no more. */
function closeWorkers(configuration: Configuration): void {
  for (const { workers = [], balancers = [] } of confsOf(configuration)) {
    for (const worker of workers) worker.drain();
    for (const balancer of balancers) balancer.drain();
  }
  chooserOf(configuration.providers)?.retire(configuration, balancersOf(configuration));
}

function confsOf({ main, virtualServers }: Configuration): Readonly<ProxyServerConf>[] {
  return [main, ...virtualServers].map((server) => modProxy.server(server));
}

function balancersOf({ main, virtualServers }: Configuration): ConfiguredBalancer[] {
  const all = new Map<Balancer, ConfiguredBalancer>();
  for (const server of [main, ...virtualServers]) {
    const { balancers = [], persistsBalancers } = modProxy.server(server);
    for (const balancer of balancers) {
      const known = all.get(balancer);
      const isPersistent = persistsBalancers === true || known?.isPersistent === true;
      all.set(balancer, { balancer, server: known?.server ?? server, isPersistent });
    }
  }
  return [...all.values()];
}

function prepareProxy(configuration: Configuration): void {
  chooserOf(configuration.providers)?.prepare(configuration, balancersOf(configuration));
  adviseOnProxying(configuration, confsOf(configuration));
}

function confOf(server: Pick<ServerConfigs, 'slots'>): Readonly<ProxyServerConf> {
  return modProxy.server(server);
}

function showStatus(r: Request, isText: boolean): string {
  return proxyStatus(modProxy.server(r.server), isText);
}

export const modProxy = defineModule<ProxyServerConf, ProxyDirConf>({
  name: 'proxy_module',
  file: 'mod_proxy.c',
  directives: [...passRows, ...balancerRows, ...forwardRows, ...otherRows],
  mergeServer: mergeProxyServer,
  mergeDir: mergeProxyDir,
  // SetHandler "proxy:..." is a directive of the core: any server may have one.
  always: true,
  postConfig: prepareProxy,
  retire: closeWorkers,
  providers: {
    [STATUS_SECTION]: { mod_proxy: showStatus },
    ...offerProxyConf(confOf),
  },
  hooks: {
    postReadRequest: {
      run: detectProxyRequest,
      order: FIRST,
      isNeeded: (server: Pick<ServerConfigs, 'slots'>): boolean => modProxy.server(server).isForward === true,
    },
    preTranslateName: {
      run: preTranslateProxy,
      order: FIRST,
      isNeeded: (server: Pick<ServerConfigs, 'slots'>): boolean =>
        modProxy.server(server).hasEncodedMapping === true,
    },
    translateName: { run: translateProxy, order: FIRST },
    mapToStorage: { run: alikeForFiles(mapProxyToStorage), order: FIRST },
    fixups: { run: alikeForFiles(fixupProxy), order: FIRST },
    handler: { run: handleProxy, order: FIRST },
  },
});
