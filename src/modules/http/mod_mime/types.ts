/**
 * Types by extension: the file TypesConfig names, a mime.types of the system, or the package mime-types where there is none
 * (mime_post_config).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { wordsUntilEmpty } from '../../../config/words.ts';
import { fsPath } from '../../../core/files.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { TypeTable } from './conf.ts';

/** Where a mime.types may be when TypesConfig says nothing: httpd's default first, then where systems keep theirs. */
const DEFAULT_FILES = [
  'conf/mime.types',
  '/etc/mime.types',
  '/etc/apache2/mime.types',
  '/etc/httpd/conf/mime.types',
];

/** A line a type and its extensions; `#` in front makes it a comment. */
export function parseTypes(text: string): Map<string, string> {
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const words = /["'\\]/.test(line)
      ? wordsUntilEmpty(line)
      : line.split(/[ \t\r\f\v]+/).filter((word) => word !== '');
    const [type] = words;
    if (type === undefined) continue;
    for (let i = 1; i < words.length; i++) types.set(asciiLower(words[i] as string), type);
  }
  return types;
}

function readTypes(path: string): Map<string, string> | string {
  try {
    return parseTypes(readFileSync(fsPath(path), 'latin1'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  }
}

let packaged: TypeTable | undefined;

/** Loaded only when nothing else is there: it is large. */
function packagedTypes(): TypeTable {
  if (packaged === undefined) {
    const mimeTypes = createRequire(import.meta.url)('mime-types') as typeof import('mime-types');
    packaged = new Map(Object.entries(mimeTypes.types));
  }
  return packaged;
}

/** `configured`: what TypesConfig says. `missing` is called with the name of a configured file that cannot be read. */
export function loadTypes(
  configured: string | undefined,
  serverRoot: string,
  missing: (path: string) => void,
): TypeTable {
  const absolute = (path: string): string =>
    path.startsWith('/') ? path : `${serverRoot.replace(/\/$/, '')}/${path}`;
  if (configured !== undefined) {
    const path = absolute(configured);
    const types = readTypes(path);
    if (typeof types !== 'string') return types;
    missing(path);
  }
  for (const path of DEFAULT_FILES) {
    const types = readTypes(absolute(path));
    if (typeof types !== 'string') return types;
  }
  return packagedTypes();
}
