/** Files that belong to a running server, as the configuration names them or httpd's defaults. */
import type { Configuration } from '../core/configuration.ts';
import { coreServer } from '../core/core-config.ts';
import { isSyslog } from '../core/log.ts';

/** DEFAULT_PIDLOG and DEFAULT_ERRORLOG of httpd's include/http_config.h, relative to ServerRoot. */
export const DEFAULT_PID_FILE = 'logs/httpd.pid';
export const DEFAULT_ERROR_LOG = 'logs/error_log';

/** A name as configured, made absolute (ap_server_root_relative). */
export function underServerRoot(serverRoot: string, name: string): string {
  if (name.startsWith('/')) return name;
  return serverRoot.endsWith('/') ? serverRoot + name : `${serverRoot}/${name}`;
}

export function pidFilePath({ main, serverRoot }: Configuration): string {
  return underServerRoot(serverRoot, coreServer(main).pidFile ?? DEFAULT_PID_FILE);
}

/** Where the main error log goes: a path, or `|program` or `syslog...` as configured. */
export function mainErrorLog({ main, serverRoot }: Configuration): string {
  const name = coreServer(main).errorLog ?? DEFAULT_ERROR_LOG;
  return name.startsWith('|') || isSyslog(name) ? name : underServerRoot(serverRoot, name);
}
