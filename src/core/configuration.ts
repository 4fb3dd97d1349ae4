/** A configuration, complete: what a request's life refers to. Nothing in it changes once it serves. */

import type { RowLookup } from '../config/apply.ts';
import type { ProviderRegistry } from '../config/providers.ts';
import type { Environment } from '../config/read/index.ts';
import type { ConfigNode } from '../config/tree.ts';
import type { Problems } from '../diagnostics/problem.ts';
import type { PcreDefaults } from '../lib/pcre/index.ts';
import type { LogChannel } from './access-log.ts';
import type { AnyModule } from './module.ts';
import type { VhostTable } from './vhosts.ts';
import type { VirtualServer } from './virtual-server.ts';

/** Whether a connection to an address of ours, from an address, begins with a header of the PROXY protocol. */
export type ProxyProtocolRule = (localAddress: string, localPort: number, remoteAddress: string) => boolean;

export interface Configuration {
  /** All built-in modules; a module's `index` is its place here. */
  readonly modules: readonly AnyModule[];
  /** Modules in force: static ones and those LoadModule named. */
  readonly loaded: ReadonlySet<AnyModule>;
  readonly lookup: RowLookup;
  readonly providers: ProviderRegistry;
  /** What patterns are compiled with where their directive does not say (RegexDefaultOptions). */
  readonly pcreDefaults: PcreDefaults;
  readonly tree: readonly ConfigNode[];
  readonly serverRoot: string;
  readonly defines: ReadonlySet<string>;
  /** Values of Define by lower-case name. */
  readonly variables: ReadonlyMap<string, string>;
  /** Variables of the process as they were when the configuration was read. */
  readonly environment: Environment;
  readonly main: VirtualServer;
  /** Virtual servers in the order of the text. */
  readonly virtualServers: readonly VirtualServer[];
  readonly vhosts: VhostTable;
  /** The `Server` field, cut by ServerTokens. */
  readonly banner: string;
  /** What requests are logged to; the server opens it before the first of them. */
  readonly logChannels: LogChannel[];
  /** Which connections begin with a header of the PROXY protocol; undefined: none. */
  proxyProtocol?: ProxyProtocolRule;
  /** Where post-config hooks put what they find. */
  readonly problems: Problems;
}
