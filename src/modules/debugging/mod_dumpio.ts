/**
 * mod_dumpio: DumpIOInput and DumpIOOutput (modules/debugging/mod_dumpio.c). The connection does it (server/wire-dump.ts). Bytes are shown as they
 * came and went, in the pieces of this server's sockets: it has no buckets that metadata would stand between.
 */
import { type AnyRow, RSRC_CONF } from '../../config/directive.ts';
import type { Configuration } from '../../core/configuration.ts';
import { defineModule } from '../../core/module.ts';

interface ServerConf {
  input?: boolean;
  output?: boolean;
}

const rows: readonly AnyRow<ServerConf, object>[] = [
  {
    name: 'DumpIOInput',
    shape: 'FLAG',
    where: RSRC_CONF,
    usage: 'Enable I/O Dump on Input Data',
    apply: (cmd, on) => void (cmd.server.input = on),
  },
  {
    name: 'DumpIOOutput',
    shape: 'FLAG',
    where: RSRC_CONF,
    usage: 'Enable I/O Dump on Output Data',
    apply: (cmd, on) => void (cmd.server.output = on),
  },
];

function tellServers({ main, virtualServers }: Configuration): void {
  for (const server of [main, ...virtualServers]) {
    const { input, output } = modDumpio.server(server);
    server.dumpsInput = input === true;
    server.dumpsOutput = output === true;
  }
}

export const modDumpio = defineModule<ServerConf, object>({
  name: 'dumpio_module',
  file: 'mod_dumpio.c',
  directives: rows,
  // httpd does not merge: a virtual host that says anything says all of it.
  mergeServer: (_base, add) => add,
  postConfig: tellServers,
});
