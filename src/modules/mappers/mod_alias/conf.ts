/** What Alias, Redirect and their kin fill in (alias_server_conf and alias_dir_conf). */
import type { StringExpr } from '../../../expr/index.ts';
import type { Pcre } from '../../../lib/pcre/index.ts';

/** One Alias or Redirect. */
export interface Mapping {
  /** URL prefix as written; the pattern of a regular expression. */
  readonly fake: string;
  readonly regex: Pcre | undefined;
  /** File name or URL; undefined for a redirect status that has none (410). */
  readonly real: string | undefined;
  readonly handler: string | undefined;
  /** Status of a redirect; 0 for an alias. */
  readonly status: number;
}

export interface AliasServerConf {
  aliases?: Mapping[];
  redirects?: Mapping[];
}

export interface AliasDirConf {
  redirects?: Mapping[];
  /** Alias with one argument; `fake` is the section's path. */
  alias?: {
    readonly expr: StringExpr;
    readonly fake: string | undefined;
    readonly handler: string | undefined;
  };
  /** Redirect without a prefix; `expr` undefined for a status that has no target. */
  redirect?: { readonly expr: StringExpr | undefined; readonly status: number };
  allowRelative?: boolean;
  preservePath?: boolean;
}
