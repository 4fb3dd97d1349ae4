/** `-D DUMP_RUN_CFG`: settings of the running server (ap_core's and mod_unixd's dump hooks; server/core.c, server/util_mutex.c). */
import type { Configuration } from '../core/configuration.ts';
import { coreServer } from '../core/core-config.ts';
import { groupId, userId } from '../core/owner-names.ts';
import { mainErrorLog, pidFilePath, underServerRoot } from '../server/paths.ts';
import { mayChangeIdentity } from '../server/privileges.ts';

/** What httpd prints for a user that is not configured: (uid_t)-1. */
const NOBODY = { name: '#-1', id: 4294967295 };

export function runConfigText(configuration: Configuration): string {
  const { main, serverRoot, defines, variables } = configuration;
  const conf = coreServer(main);
  const runtimeDir = conf.runtimeDir ?? underServerRoot(serverRoot, 'logs');
  const lines = [
    `ServerRoot: "${serverRoot}"`,
    `Main DocumentRoot: "${conf.documentRoot ?? underServerRoot(serverRoot, 'htdocs')}"`,
    `Main ErrorLog: "${mainErrorLog(configuration)}"`,
    `Mutex default: dir="${runtimeDir.replace(/\/*$/, '/')}" mechanism=default `,
    `PidFile: "${pidFilePath(configuration)}"`,
  ];
  for (const name of defines) {
    const value = variables.get(name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
    lines.push(`Define: ${name}${value === undefined ? '' : `=${value}`}`);
  }
  lines.push(`User: ${identityText(conf.user, userId)}`, `Group: ${identityText(conf.group, groupId)}`);
  return `${lines.join('\n')}\n`;
}

function identityText(configured: string | undefined, idOf: (name: string) => number | undefined): string {
  const name = configured ?? NOBODY.name;
  const id = configured === undefined ? NOBODY.id : (idOf(configured) ?? NOBODY.id);
  const isUsed = configured !== undefined && mayChangeIdentity();
  return `name="${name}" id=${id}${isUsed ? '' : ' not_used'}`;
}
