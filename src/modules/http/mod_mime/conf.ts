/** What mod_mime's directives say of file name extensions (extension_info and mime_dir_config), and how that merges. */
import type { Span } from '../../../diagnostics/source.ts';

/** What one extension means. Every text is in lower case, as httpd keeps it. */
export interface ExtensionInfo {
  /** Empty after RemoveType: TypesConfig's type does not hold either. */
  readonly type?: string | undefined;
  readonly encoding?: string | undefined;
  readonly language?: string | undefined;
  readonly handler?: string | undefined;
  readonly charset?: string | undefined;
  /** Names, separated by `;`. */
  readonly inputFilters?: string | undefined;
  readonly outputFilters?: string | undefined;
}
export type Attribute = keyof ExtensionInfo;

export interface Removal {
  readonly extension: string;
  readonly attribute: Exclude<Attribute, 'type'>;
}

/** MultiviewsMatch, httpd's bits. */
export const MATCH_ANY = 1;
export const MATCH_NEGOTIATED = 2;
export const MATCH_HANDLERS = 4;
export const MATCH_FILTERS = 8;

export interface MimeDirConf {
  /** By extension without its dot, lower case. */
  extensions?: ReadonlyMap<string, ExtensionInfo>;
  /** Take effect when this is merged onto something, on what the merge gave. */
  removals?: readonly Removal[];
  /** The place is one that is always merged in httpd (a section, a virtual host): removals count although nothing stands below. */
  isNested?: boolean;
  defaultLanguage?: string;
  multiviewsMatch?: number;
  usePathInfo?: boolean;
}

export interface MimeServerConf {
  typesConfig?: string;
  /** Where it is named. */
  typesConfigSpan?: Span;
  /** Of the main server, once the configuration is complete: type by extension. */
  types?: TypeTable;
}

/** Types by extension, and what was made out with them. */
export interface TypeTable {
  get(extension: string): string | undefined;
}

/** Attributes of extensions: the newer where it says something; then the newer's removals. Scalars: the newer. */
export function mergeDir(base: MimeDirConf, add: MimeDirConf): MimeDirConf {
  const merged: MimeDirConf = { ...base, ...add };
  const extensions = mergeExtensions(base.extensions, add.extensions);
  if (extensions !== undefined) merged.extensions = remove(extensions, add.removals);
  delete merged.removals;
  return merged;
}

function mergeExtensions(
  base: MimeDirConf['extensions'],
  add: MimeDirConf['extensions'],
): MimeDirConf['extensions'] {
  if (base === undefined || add === undefined) return add ?? base;
  const merged = new Map(base);
  for (const [extension, info] of add) merged.set(extension, { ...merged.get(extension), ...info });
  return merged;
}

function remove(
  extensions: ReadonlyMap<string, ExtensionInfo>,
  removals: MimeDirConf['removals'],
): ReadonlyMap<string, ExtensionInfo> {
  if (removals === undefined) return extensions;
  const left = new Map(extensions);
  for (const { extension, attribute } of removals) {
    const info = left.get(extension);
    if (info !== undefined) left.set(extension, { ...info, [attribute]: undefined });
  }
  return left;
}

/** What holds: with its removals, where nothing it could be merged onto took them. */
export function extensionsOf(conf: Readonly<MimeDirConf>): ReadonlyMap<string, ExtensionInfo> | undefined {
  const { extensions } = conf;
  return extensions !== undefined && conf.isNested === true ? remove(extensions, conf.removals) : extensions;
}
