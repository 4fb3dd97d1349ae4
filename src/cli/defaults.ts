/** Where things are when neither the command line nor the configuration says so; what -v says of this build. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverRootOf, toBytes } from '../lib/byte-string.ts';
import type { Options } from './options.ts';

/** SERVER_CONFIG_FILE, relative to ServerRoot. */
export const CONFIG_FILE = 'conf/httpd.conf';

/** HTTPD_ROOT: the directory of the package, which has a conf/httpd.conf to start from. */
export function packageRoot(): string {
  let directory = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(directory, 'package.json'))) {
    const parent = path.dirname(directory);
    if (parent === directory) return parent;
    directory = parent;
  }
  return directory;
}

/** When the command was built: the time of its file. */
export function serverBuilt(): string {
  return statSync(fileURLToPath(import.meta.url))
    .mtime.toISOString()
    .slice(0, 19);
}

/**
 * The configuration file and the ServerRoot it starts with, absolute byte strings. With -d both are as in httpd. Without it a relative -f is a
 * file of the working directory, and ServerRoot starts as the directory of the file (of its parent, when it stands in a `conf` directory):
 * there is no installed tree that httpd would look into.
 */
export function configurationPlace(options: Options): { file: string; serverRoot: string } {
  if (options.serverRoot !== undefined) {
    const root = path.resolve(options.serverRoot);
    return { file: toBytes(path.resolve(root, options.file ?? CONFIG_FILE)), serverRoot: toBytes(root) };
  }
  if (options.file === undefined) {
    const root = packageRoot();
    return { file: toBytes(path.join(root, CONFIG_FILE)), serverRoot: toBytes(root) };
  }
  const file = path.resolve(options.file);
  return { file: toBytes(file), serverRoot: toBytes(serverRootOf(file)) };
}
