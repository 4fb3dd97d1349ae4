/**
 * mod_ssl: TLS for clients and towards backends (modules/ssl/), on node:tls. Connections are the server's (server/tls-arrival.ts); here is what
 * they are opened with, and what requests on them may know and do.
 *
 * Not supported, and refused by name: certificates of clients (SSLVerifyClient other than none, SSLCACertificate*, SSLCADNRequest*,
 * SSLCARevocation*, FakeBasicAuth), OCSP, stapling, SRP, tokens, renegotiation, FIPS, compression.
 */
import { LOG_ITEMS, type LogItem } from '../../../core/access-log.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { coreServer } from '../../../core/core-config.ts';
import { type Answer, FIRST } from '../../../core/hooks.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { alikeForFiles } from '../../../core/siblings.ts';
import { DECLINED } from '../../../core/status.ts';
import {
  EXPR_EXTENSIONS,
  TLS_EXTENSIONS,
  TLS_LOOKUP,
  TLS_VARIABLES,
  type TlsLookup,
} from '../../../core/tls.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import { escapeLogItem } from '../../../http/escape.ts';
import { PROXY_TLS, PROXY_TLS_NAME } from '../../proxy/shared/tls.ts';
import { checkRequirements, checkServerName, requireSsl, requireVerifiedClient } from './access.ts';
import { mergeSslDir, mergeSslServer, type SslDirConf, type SslServerConf } from './config.ts';
import { dirRows } from './dir-rows.ts';
import { exportVariables } from './environment.ts';
import { expressions } from './expressions.ts';
import { addProblem, makeProvider, prepareProxy } from './proxy-provider.ts';
import { proxyRows } from './proxy-rows.ts';
import { refusedRows } from './refused-rows.ts';
import { makeServerTls } from './server-context.ts';
import { serverRows } from './server-rows.ts';
import { oldVariable, sslVariable } from './variables.ts';

function dirOf(r: Pick<Request, 'perDir'>): Readonly<SslDirConf> {
  return modSsl.dir(r);
}

function serverOf(server: VirtualServer): Readonly<SslServerConf> {
  return modSsl.server(server);
}

function prepareContexts(configuration: Configuration): void {
  const { main, virtualServers } = configuration;
  const dialog = serverOf(main).passPhrase;
  for (const server of [main, ...virtualServers]) {
    let conf = serverOf(server);
    if (conf.engine === undefined && coreServer(server).protocol === 'https') {
      conf = { ...conf, engine: true };
      server.slots[modSsl.index] = conf;
    }
    prepareProxy(configuration, server, conf, modSsl.dirOf(server.lookupDefaults));
    if (conf.engine === true)
      server.tls = makeServerTls(server, conf, dialog, (problem) =>
        addProblem(configuration, server, problem),
      );
  }
}

/** What a request was refused by, for StrictRequire. */
const FORBIDDEN = 'forbidden';
function forbid(r: Request): void {
  r.setState(modSsl.index, FORBIDDEN);
}

function checkAccess(r: Request): Answer {
  const dir = dirOf(r);
  if (dir.requiresTls === undefined && dir.requirements === undefined) return DECLINED;
  return checkRequirements(r, dir, forbid);
}

/** What was refused stays so, whatever else would let the client in. */
function forbidAgain(r: Request): Answer {
  if (r.getState(modSsl.index) !== FORBIDDEN) return DECLINED;
  return dirOf(r).options?.strictRequire === true ? 403 : DECLINED;
}

/** `%{name}x`, `%{name}c`: what clients send is in them. */
function logItem(lookup: TlsLookup): LogItem {
  return {
    compile: (name) => (r) => {
      const value = lookup(r, name);
      return value === undefined || value === '' ? undefined : escapeLogItem(value);
    },
  };
}

export const modSsl = defineModule<SslServerConf, SslDirConf>({
  name: 'ssl_module',
  file: 'mod_ssl.c',
  directives: [...serverRows, ...dirRows, ...refusedRows, ...proxyRows],
  mergeServer: mergeSslServer,
  mergeDir: mergeSslDir,
  // A server that says nothing of TLS may be asked for over it.
  always: true,
  authzProviders: { ssl: requireSsl, 'ssl-verify-client': requireVerifiedClient },
  providers: {
    [PROXY_TLS]: { [PROXY_TLS_NAME]: makeProvider(dirOf) },
    [TLS_VARIABLES]: { [TLS_LOOKUP]: sslVariable },
    [EXPR_EXTENSIONS]: { [TLS_EXTENSIONS]: expressions },
    [LOG_ITEMS]: { x: logItem(sslVariable), c: logItem(oldVariable) },
  },
  hooks: {
    postReadRequest: (r) => checkServerName(r, serverOf),
    accessChecker: checkAccess,
    checkUserId: { run: forbidAgain, order: FIRST },
    authChecker: { run: forbidAgain, order: FIRST },
    fixups: alikeForFiles((r) => exportVariables(r, dirOf(r))),
  },
  postConfig: prepareContexts,
});
