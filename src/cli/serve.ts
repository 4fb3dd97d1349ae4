/** Starting the server in this process: in front, or in the background with another process waiting in the terminal. */
import type { Configuration } from '../core/configuration.ts';
import { ConfiguredLogs } from '../server/logs.ts';
import { mainErrorLog } from '../server/paths.ts';
import { ServerProcess, StartError } from '../server/process.ts';
import { configurationReader, startupPrinter } from './configuration.ts';
import { redirectStreams, reportReady } from './daemon.ts';
import { serverBuilt } from './defaults.ts';
import type { Options } from './options.ts';
import { printBytes } from './output.ts';
import { problemsText } from './report.ts';
import { findServer } from './server-found.ts';

/** Serves until the server is asked to end; the answer is the exit code. `report`: where the waiting process reads that it serves. */
export async function serve(
  options: Options,
  isForeground: boolean,
  report: number | undefined,
): Promise<number> {
  const print = startupPrinter(options);
  const found = await findServer(options, print);
  if (found === undefined) return 1;
  const { configuration, state } = found;
  if (state.kind === 'running') {
    printBytes(`httpd (pid ${state.pid}) already running\n`);
    return 0;
  }
  const server = new ServerProcess({
    configuration,
    logs: new ConfiguredLogs(),
    commandLine: options.commandLine,
    serverBuilt: serverBuilt(),
    isForeground,
    isDebug: options.isDebug,
    reload: configurationReader(options),
    describeProblems: ({ problems }) => problemsText(problems.list, options.startupLevel),
    detach: (current) => {
      if (report !== undefined) leaveTerminal(current);
    },
  });
  try {
    await server.start();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    print(`${error.lines.join('\n')}\n`);
    return 1;
  }
  if (report !== undefined) reportReady(report);
  return server.finished;
}

/** What Node itself has to say at an unhappy end goes to the main error log, when that is a file. */
function leaveTerminal(configuration: Configuration): void {
  const errorLog = mainErrorLog(configuration);
  process.chdir('/');
  redirectStreams(errorLog.startsWith('/') ? errorLog : undefined);
}
