/** What mod_remoteip is told, and how it merges. */

import type { VirtualServer } from '../../../core/virtual-server.ts';
import type { IpSubnet } from '../../../lib/cidr.ts';

/** Proxies whose word counts. */
export interface Proxy {
  readonly subnet: IpSubnet;
  /** Its word counts for addresses of private networks too, and it is not told of. */
  readonly isInternal: boolean;
}

/** RemoteIPProxyProtocol, in the order of the text. */
export interface ProtocolSwitch {
  readonly server: VirtualServer;
  readonly isOn: boolean;
}

export interface RemoteipServerConf {
  header?: string;
  proxiesHeader?: string;
  proxies?: Proxy[];
  /** Of all servers; kept with the main server. */
  switches?: readonly ProtocolSwitch[];
  exceptions?: readonly IpSubnet[];
}

/** Measured: a virtual host's own proxies are looked at before those of the main server. */
export function mergeServer(base: RemoteipServerConf, add: RemoteipServerConf): RemoteipServerConf {
  const merged: RemoteipServerConf = { ...base, ...add };
  if (base.proxies !== undefined && add.proxies !== undefined)
    merged.proxies = [...add.proxies, ...base.proxies];
  return merged;
}
