/**
 * mod_ssl: TLS for clients and towards backends (modules/ssl/), on node:tls.
 */
import type { Configuration } from '../../../core/configuration.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { PROXY_TLS, PROXY_TLS_NAME } from '../../proxy/shared/tls.ts';
import { mergeSslDir, mergeSslServer, type SslDirConf, type SslServerConf } from './config.ts';
import { makeProvider, prepareProxy } from './proxy-provider.ts';
import { proxyRows } from './proxy-rows.ts';

function dirOf(r: Request): Readonly<SslDirConf> {
  return modSsl.dir(r);
}

function prepareContexts(configuration: Configuration): void {
  for (const server of [configuration.main, ...configuration.virtualServers]) {
    prepareProxy(configuration, server, modSsl.server(server), modSsl.dirOf(server.lookupDefaults));
  }
}

export const modSsl = defineModule<SslServerConf, SslDirConf>({
  name: 'ssl_module',
  file: 'mod_ssl.c',
  directives: [...proxyRows],
  mergeServer: mergeSslServer,
  mergeDir: mergeSslDir,
  providers: { [PROXY_TLS]: { [PROXY_TLS_NAME]: makeProvider(dirOf) } },
  postConfig: prepareContexts,
});
