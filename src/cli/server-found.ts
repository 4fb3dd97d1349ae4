/** The configuration of the command line, and whether a server of it runs already: what starting and signalling begin with. */
import type { Configuration } from '../core/configuration.ts';
import { coreServer } from '../core/core-config.ts';
import { DEFAULT_PID_FILE, pidFilePath } from '../server/paths.ts';
import { type ServerState, serverState } from '../server/process.ts';
import { readForStart } from './configuration.ts';
import type { Options } from './options.ts';

export interface FoundServer {
  readonly configuration: Configuration;
  readonly state: Exclude<ServerState, { kind: 'unknown' }>;
}

/** Undefined when the configuration or the pid file cannot be used; why has been printed. */
export async function findServer(
  options: Options,
  print: (text: string) => void,
): Promise<FoundServer | undefined> {
  const { configuration } = await readForStart(options, print);
  if (configuration === undefined) return undefined;
  const state = serverState(pidFilePath(configuration));
  if (state.kind !== 'unknown') return { configuration, state };
  const name = coreServer(configuration.main).pidFile ?? DEFAULT_PID_FILE;
  print(`${state.reason}: AH00058: Error retrieving pid file ${name}\n`);
  print('AH00059: Remove it before continuing if it is corrupted.\n');
  return undefined;
}
