/** On which connections the PROXY protocol is spoken: by the addresses of the servers that were told so (remoteip_hook_pre_connection). */
import type { ProxyProtocolRule } from '../../../core/configuration.ts';
import { parseIpAddress } from '../../../lib/cidr.ts';
import type { RemoteipServerConf } from './conf.ts';

interface Place {
  /** Undefined: every address. */
  readonly host: string | undefined;
  /** 0: every port. */
  readonly port: number;
}

const EVERYWHERE: readonly Place[] = [{ host: undefined, port: 0 }];

/** Undefined: on none. */
export function protocolRule(conf: Readonly<RemoteipServerConf>): ProxyProtocolRule | undefined {
  const settings = new Map<string, { readonly place: Place; readonly isOn: boolean }>();
  for (const { server, isOn } of conf.switches ?? []) {
    const places = server.isVirtual ? server.addresses : EVERYWHERE;
    // Of two that speak of the same address the last counts.
    for (const place of places) settings.set(`${place.host ?? '*'} ${place.port}`, { place, isOn });
  }
  const all = [...settings.values()];
  const on = all.filter(({ isOn }) => isOn).map(({ place }) => place);
  if (on.length === 0) return undefined;
  const off = all.filter(({ isOn }) => !isOn).map(({ place }) => place);
  const exceptions = conf.exceptions ?? [];
  return (localAddress, localPort, remoteAddress) => {
    const isHere = ({ host, port }: Place): boolean =>
      (host === undefined || host === localAddress) && (port === 0 || port === localPort);
    if (!on.some(isHere) || off.some(isHere)) return false;
    const remote = exceptions.length === 0 ? null : parseIpAddress(remoteAddress);
    return remote === null || !exceptions.some((subnet) => subnet.matches(remote));
  };
}
