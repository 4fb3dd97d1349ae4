/** Paths below DefaultRuntimeDir (ap_runtime_dir_relative): sockets of backends, what is kept over restarts. */
import type { Configuration } from '../../../core/configuration.ts';
import { coreServer } from '../../../core/core-config.ts';

export function runtimePath(configuration: Configuration, path: string): string {
  if (path.startsWith('/')) return path;
  const root = configuration.serverRoot;
  const directory = coreServer(configuration.main).runtimeDir ?? 'logs';
  const absolute = directory.startsWith('/')
    ? directory
    : `${root.endsWith('/') ? root : `${root}/`}${directory}`;
  return absolute.endsWith('/') ? absolute + path : `${absolute}/${path}`;
}
