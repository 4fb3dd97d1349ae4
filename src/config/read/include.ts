/** Which files an Include names (ap_process_resource_config_nofnmatch and _fnmatch in httpd's server/config.c). */
import { compileFnmatch, isFnmatchPattern } from '../../lib/fnmatch/index.ts';
import { errorCode, errorText, rootRelative } from './files.ts';
import type { IncludeItem } from './on-read.ts';
import type { ConfigFiles } from './options.ts';

/** AP_MAX_INCLUDE_DIR_DEPTH. */
const MAX_DIRECTORY_DEPTH = 128;

interface Search {
  readonly files: ConfigFiles;
  readonly optional: boolean;
  readonly found: IncludeItem[];
}

const PREFIX = 'Include/IncludeOptional: ';

/** The files that `name` stands for, in httpd's order (byte order of full names); an error ends the list in the place it is met. */
export function resolveInclude(
  name: string,
  serverRoot: string,
  optional: boolean,
  files: ConfigFiles,
): readonly IncludeItem[] {
  const search: Search = { files, optional, found: [] };
  const full = rootRelative(serverRoot, name);
  if (isFnmatchPattern(full)) matchPart(search, '/', full.slice(1), 0);
  else addPath(search, full, 0);
  return search.found;
}

/** A path without wildcards: a file, or a directory with all that is in it. Answers false when an error ended the search. */
function addPath(search: Search, path: string, depth: number): boolean {
  if (search.files.kind(path) !== 'directory') {
    search.found.push({ file: path, optional: search.optional });
    return true;
  }
  if (depth >= MAX_DIRECTORY_DEPTH) {
    return fail(
      search,
      `${PREFIX}Directory '${path}' exceeds the maximum include directory nesting level of ${MAX_DIRECTORY_DEPTH}. ` +
        'You have probably a recursion somewhere.',
    );
  }
  let names: string[];
  try {
    names = search.files.list(path).map((entry) => entry.name);
  } catch (error) {
    return fail(search, `${PREFIX}Could not open directory ${path}: ${errorText(error)}`);
  }
  for (const name of names.sort(byteOrder)) {
    if (!addPath(search, joined(path, name), depth + 1)) return false;
  }
  return true;
}

/** Goes down `path` by the parts of `pattern`, the first of which may hold wildcards. */
function matchPart(search: Search, path: string, pattern: string, depth: number): boolean {
  const slash = pattern.indexOf('/');
  const part = slash < 0 ? pattern : pattern.slice(0, slash);
  const rest = slash < 0 ? undefined : pattern.slice(slash + 1);
  if (!isFnmatchPattern(part)) {
    const next = joined(path, part);
    return rest === undefined ? addPath(search, next, depth) : matchPart(search, next, rest, depth);
  }
  const names = matchingNames(search, path, part, rest !== undefined);
  if (names === undefined) return false;
  if (names.length === 0) {
    if (search.optional) return true;
    return fail(search, `${PREFIX}No matches for the wildcard '${part}' in '${path}', failing`);
  }
  for (const name of names) {
    const next = joined(path, name);
    const more = rest === undefined ? addPath(search, next, depth) : matchPart(search, next, rest, depth);
    if (!more) return false;
  }
  return true;
}

/** Names in a directory that match, sorted; folders only when parts of the pattern are left. Undefined: an error was put down. */
function matchingNames(
  search: Search,
  path: string,
  part: string,
  foldersOnly: boolean,
): string[] | undefined {
  try {
    const matches = compileFnmatch(part, { period: true });
    return search.files
      .list(path)
      .filter((entry) => matches(entry.name) && !(foldersOnly && entry.kind !== 'directory'))
      .map((entry) => entry.name)
      .sort(byteOrder);
  } catch (error) {
    // Only a directory that is not there is forgiven, even by IncludeOptional.
    if (search.optional && errorCode(error) === 'ENOENT') return [];
    fail(search, `${PREFIX}Could not open directory ${path}: ${errorText(error)}`);
    return undefined;
  }
}

function fail(search: Search, error: string): false {
  search.found.push({ error });
  return false;
}

function joined(path: string, name: string): string {
  return path.endsWith('/') ? path + name : `${path}/${name}`;
}

function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
