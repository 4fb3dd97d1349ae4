/** What mod_proxy gets of mod_ssl: see src/modules/proxy/shared/tls.ts. */
import type { Configuration } from '../../../core/configuration.ts';
import { Level, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import type { ProxyTlsProvider } from '../../proxy/shared/tls.ts';
import type { SslDirConf, SslServerConf } from './config.ts';
import type { ContextProblem } from './problem.ts';
import { profileOf } from './proxy-context.ts';

export function makeProvider(dirOf: (r: Pick<Request, 'perDir'>) => Readonly<SslDirConf>): ProxyTlsProvider {
  return {
    outgoing(r, host) {
      const { proxy } = dirOf(r);
      const profile = proxy === undefined ? undefined : profileOf(proxy);
      if (profile?.isOn === true) return profile.backend(r.server, host);
      const { hostname, port } = r.server;
      const message = `SSL Proxy requested for ${hostname}:${port || 80} but not enabled for us.`;
      logServer(r.server, 'ssl', Level.debug, 'AH10272', message);
      return undefined;
    },
  };
}

/** Makes the contexts of a server and of its `<Proxy>` sections, where they are on; what is wrong with them is a problem of the start. */
export function prepareProxy(
  configuration: Configuration,
  server: VirtualServer,
  conf: Readonly<SslServerConf>,
  dir: Readonly<SslDirConf>,
): void {
  const own = dir.proxy?.server;
  for (const section of [undefined, ...(conf.proxySections ?? [])]) {
    const profile = profileOf({ server: own, section });
    if (profile.isOn) profile.prepare(server, (problem) => addProblem(configuration, server, problem));
  }
}

export function addProblem(
  configuration: Configuration,
  server: VirtualServer,
  problem: ContextProblem,
): void {
  const { code, message, hint, severity } = problem;
  const list = configuration.problems.list;
  if (list.some((known) => known.code === code && known.message === message)) return;
  configuration.problems.add({ code, severity: severity ?? 'error', message, span: server.definedAt, hint });
}
