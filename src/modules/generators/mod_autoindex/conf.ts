/** What mod_autoindex is told: options, and lists of icons, alternate texts, descriptions and names. */
import {
  compileFnmatch,
  isFnmatchPattern,
  strcasecmpMatch,
  strcmpMatch,
} from '../../../lib/fnmatch/index.ts';

/** IndexOptions, a bit each. */
export const Opt = {
  iconsAreLinks: 1,
  scanHtmlTitles: 1 << 1,
  suppressIcon: 1 << 2,
  suppressLastModified: 1 << 3,
  suppressSize: 1 << 4,
  suppressDescription: 1 << 5,
  suppressPreamble: 1 << 6,
  suppressColumnSorting: 1 << 7,
  none: 1 << 8,
  suppressRules: 1 << 9,
  foldersFirst: 1 << 10,
  versionSort: 1 << 11,
  trackModified: 1 << 12,
  fancy: 1 << 13,
  table: 1 << 14,
  ignoreClient: 1 << 15,
  ignoreCase: 1 << 16,
  xhtml: 1 << 17,
  showForbidden: 1 << 18,
  addAltClass: 1 << 19,
  oldDateFormat: 1 << 20,
} as const;

/** A width in characters, or as wide as the widest entry. `undefined` in the configuration: not said. */
export interface Width {
  readonly isAdjusted: boolean;
  readonly width: number;
}
export const DEFAULT_WIDTH = 23;

export type ItemKind = 'path' | 'type' | 'encoding';

/** An entry of a list: what it is for, below which path, and its value. */
export interface Item {
  readonly kind: ItemKind;
  /** Compared as ap_strcmp_match does; empty: everything. */
  readonly to: string;
  readonly path: string;
  readonly value: string;
}

export interface Description {
  readonly matches: (filename: string) => boolean;
  readonly text: string;
}

export interface DirConf {
  options?: number;
  added?: number;
  removed?: number;
  icons?: readonly Item[];
  alts?: readonly Item[];
  descriptions?: readonly Description[];
  ignored?: readonly Item[];
  ignoreReset?: boolean;
  headers?: readonly Item[];
  readmes?: readonly Item[];
  defaultIcon?: string;
  iconWidth?: number;
  iconHeight?: number;
  nameWidth?: Width;
  descriptionWidth?: Width;
  /** N, M, S or D. */
  defaultKey?: string;
  /** A or D. */
  defaultDirection?: string;
  styleSheet?: string;
  headInsert?: string;
  contentType?: string;
  charset?: string;
}

const HAS_WILDCARD = /[*?]/;

/** push_item(): names match at the end unless they hold wildcards. */
export function makeItem(kind: ItemKind, to: string, path: string | undefined, value: string): Item {
  return {
    kind,
    to: kind === 'path' && to !== '' && !HAS_WILDCARD.test(to) ? `*${to}` : to,
    path: `${path ?? ''}*`,
    value,
  };
}

/** IndexIgnore, HeaderName and ReadmeName take names as they are. */
export function makePlainItem(to: string, path: string | undefined, value: string): Item {
  return { kind: 'path', to, path: `${path ?? ''}*`, value };
}

/** AddDescription: patterns for a wildcard or a path, else any part of the name. */
export function makeDescription(to: string, text: string): Description {
  const hasPath = to.includes('/');
  const baseName = (filename: string): string => filename.slice(filename.lastIndexOf('/') + 1);
  if (!hasPath && !isFnmatchPattern(to))
    return { text, matches: (filename) => baseName(filename).includes(to) };
  const matches = compileFnmatch(`${hasPath ? '*/' : ''}${to}*`);
  return { text, matches: hasPath ? matches : (filename) => matches(baseName(filename)) };
}

/** What an entry of a listing is known by. */
export interface Subject {
  readonly filename: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

/** Value of the first item that fits (find_item). `pathOnly`: types and encodings do not count. */
export function findItem(
  items: readonly Item[] | undefined,
  subject: Subject,
  pathOnly: boolean,
): string | undefined {
  if (items === undefined) return undefined;
  const { filename, contentType, contentEncoding } = subject;
  const isSpecial = filename.startsWith('^');
  for (const item of items) {
    if (!isSpecial && !strcmpMatch(filename, item.path)) continue;
    if (item.to === '') return item.value;
    if (item.kind === 'path' || isSpecial) {
      if (strcmpMatch(filename, item.to)) return item.value;
    } else if (!pathOnly) {
      const known = contentEncoding ?? contentType;
      const kind = contentEncoding === undefined ? 'type' : 'encoding';
      if (item.kind === kind && known !== undefined && strcasecmpMatch(known, item.to)) return item.value;
    }
  }
  return undefined;
}

/** The same for a name that stands for no file: `^^DIRECTORY^^`, `^^BLANKICON^^`, `/dir/..`. */
export function findDefault(items: readonly Item[] | undefined, name: string): string | undefined {
  return findItem(items, { filename: name, contentType: undefined, contentEncoding: undefined }, true);
}

export function isIgnored(items: readonly Item[] | undefined, filename: string): boolean {
  if (items === undefined) return false;
  const baseName = filename.slice(filename.lastIndexOf('/') + 1);
  return items.some(
    ({ to, path }) => strcmpMatch(filename, path) && strcmpMatch(baseName, to.slice(to.lastIndexOf('/') + 1)),
  );
}

/** The same for all names of one directory (its slash at the end), with what they have in common looked at once. */
export function ignoredIn(items: readonly Item[] | undefined, directory: string): (name: string) => boolean {
  if (items === undefined || items.length === 0) return () => false;
  const patterns: string[] = [];
  const others: Item[] = [];
  for (const item of items) {
    const prefix = item.path.slice(0, -1);
    if (HAS_WILDCARD.test(prefix) || (prefix.startsWith(directory) && prefix !== directory))
      others.push(item);
    else if (directory.startsWith(prefix)) patterns.push(item.to.slice(item.to.lastIndexOf('/') + 1));
  }
  const whole =
    patterns.length === 0 ? undefined : new RegExp(`^(?:${patterns.map(strcmpSource).join('|')})$`, 's');
  return (name) => whole?.test(name) === true || (others.length > 0 && isIgnored(others, directory + name));
}

/** The pattern of strcmpMatch() as a regular expression's. */
function strcmpSource(pattern: string): string {
  return pattern
    .replace(/\*+/g, '*')
    .replace(/[\\^$.*+?()[\]{}|/]/g, (char) => (char === '*' ? '.*' : char === '?' ? '.' : `\\${char}`));
}

/** Signed words change what a section says only when it is merged with another one (httpd looks at `opts` alone). */
export function optionsOf(conf: Readonly<DirConf>): number {
  return conf.options ?? 0;
}

/** The newer section's list entries are looked at first; its options replace, unless they all have signs. */
export function mergeDir(base: DirConf, add: DirConf): DirConf {
  const merged: DirConf = { ...base, ...add };
  merged.icons = [...(add.icons ?? []), ...(base.icons ?? [])];
  merged.alts = [...(add.alts ?? []), ...(base.alts ?? [])];
  merged.descriptions = [...(add.descriptions ?? []), ...(base.descriptions ?? [])];
  merged.ignored =
    add.ignoreReset === true ? (add.ignored ?? []) : [...(add.ignored ?? []), ...(base.ignored ?? [])];
  // It is for what is around the section that says it, once (httpd's merge does not pass it on).
  delete merged.ignoreReset;
  merged.headers = [...(add.headers ?? []), ...(base.headers ?? [])];
  merged.readmes = [...(add.readmes ?? []), ...(base.readmes ?? [])];
  mergeOptions(merged, base, add);
  return merged;
}

function mergeOptions(merged: DirConf, base: DirConf, add: DirConf): void {
  const own = add.options ?? 0;
  if ((own & Opt.none) !== 0) {
    merged.options = Opt.none;
    merged.added = merged.removed = 0;
    return;
  }
  if (own === 0) {
    merged.added = ((base.added ?? 0) | (add.added ?? 0)) & ~(add.removed ?? 0);
    merged.removed = (base.removed ?? 0) | (add.removed ?? 0);
    merged.options = (base.options ?? 0) & ~Opt.none;
  } else {
    merged.added = add.added ?? 0;
    merged.removed = add.removed ?? 0;
    merged.options = own;
  }
  merged.options = (merged.options | merged.added) & ~merged.removed;
}
