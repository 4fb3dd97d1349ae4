/** Reading the configuration that the command line names, and saying what is wrong with it. */
import { openSync } from 'node:fs';
import { type Loaded, type LoadOptions, loadConfiguration } from '../core/load.ts';
import { bytesOfEnvironment, toBytes } from '../lib/byte-string.ts';
import { errorPrefix } from '../lib/error-text.ts';
import { modules } from '../modules/index.ts';
import { configurationPlace } from './defaults.ts';
import { type Options, PROGRAM } from './options.ts';
import { printError, writeAll } from './output.ts';
import { problemsText } from './report.ts';

/** A reader of the configuration, for as often as it is needed. */
export function configurationReader(options: Options): () => Promise<Loaded> {
  const { file, serverRoot } = configurationPlace(options);
  const request: LoadOptions = {
    entry: { file },
    serverRoot,
    defines: options.defines.map(toBytes),
    before: options.before.map(toBytes),
    after: options.after.map(toBytes),
    skipsDocumentRoots: options.noDocumentRootCheck,
    environment: bytesOfEnvironment(process.env),
  };
  return () => loadConfiguration(modules, request);
}

/** Where messages of the start go: the error stream, or the file of -E. */
export function startupPrinter(options: Options): (text: string) => void {
  if (options.startupLog === undefined) return printError;
  const file = options.startupLog;
  try {
    const descriptor = openSync(file, 'a', 0o644);
    return (text) => writeAll(descriptor, Buffer.from(text, 'utf8'));
  } catch (error) {
    printError(`${errorPrefix(error)}AH00086: ${PROGRAM}: could not open error log file ${file}.\n`);
    return printError;
  }
}

/** Reads the configuration and prints its problems. */
export async function readForStart(options: Options, print: (text: string) => void): Promise<Loaded> {
  const loaded = await configurationReader(options)();
  print(problemsText(loaded.problems.list, options.startupLevel));
  return loaded;
}
