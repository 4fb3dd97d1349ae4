/** One server, main or virtual (server_rec of httpd's include/httpd.h): where it was defined, what it is called, what it was told. */
import type { ServerConfigs } from '../config/apply.ts';
import { PerDirConfig } from '../config/per-dir.ts';
import type { Span } from '../diagnostics/source.ts';
import type { PhaseTable } from './hooks.ts';
import type { Log } from './log.ts';
import type { ReadTimeouts } from './read-timeouts.ts';
import type { ServerTls } from './tls.ts';

/** An address a server listens on or a virtual host is for. `host` undefined: every address; `port` 0: every port. */
export interface ServerAddress {
  /** As written, with its port: `*:80`, `_default_`, `127.0.0.1:80`, `[::1]`, a host name. */
  readonly text: string;
  /** The host of it in lower case, without brackets: URLs may name the server by it. */
  readonly name: string;
  /** Textual IP address without brackets; undefined for `*` and `_default_`. */
  readonly host: string | undefined;
  readonly port: number;
}

export class VirtualServer implements ServerConfigs {
  readonly slots: unknown[] = [];
  /** After merging: what directives outside of sections say, main server's first (server->lookup_defaults). */
  lookupDefaults = new PerDirConfig();
  readonly touched = new Set<number>();
  readonly isVirtual: boolean;
  /** Where `<VirtualHost>` stands; undefined for the main server. */
  readonly definedAt: Span | undefined;
  readonly addresses: readonly ServerAddress[];

  /** ServerName's host, else the machine's name. */
  hostname = '';
  /** ServerName's scheme, `http` or `https` when not said. */
  scheme = 'http';
  /** ServerName's port; 0: not said. */
  port = 0;
  /** True once ServerName was given, for this server. */
  isNamed = false;
  /** ServerAlias without wildcards, lower case. */
  aliases: string[] = [];
  /** ServerAlias with wildcards, lower case. */
  wildAliases: string[] = [];
  /** ServerPath. */
  legacyPath: string | undefined;

  /** The hooks of this server's requests. Set when the configuration is complete. */
  phases!: PhaseTable;
  /** The error log and the levels of this server. Set when the configuration is complete. */
  log!: Log;

  /** RequestReadTimeout; undefined where nothing limits the time of a whole request. */
  readTimeouts: ReadTimeouts | undefined;

  /** What goes over its connections is written to the error log (mod_dumpio), where the log's level asks for it. */
  dumpsInput = false;
  dumpsOutput = false;

  /** Its clients speak TLS, with this. */
  tls: ServerTls | undefined;

  constructor(isVirtual: boolean, addresses: readonly ServerAddress[], definedAt: Span | undefined) {
    this.isVirtual = isVirtual;
    this.addresses = addresses;
    this.definedAt = definedAt;
  }
}
