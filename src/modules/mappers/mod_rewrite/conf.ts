/** What the directives of mod_rewrite fill in (rewrite_server_conf and rewrite_perdir_conf), and how sections take it over from each other. */
import type { ServerConfigs } from '../../../config/apply.ts';
import type { BooleanExpr } from '../../../expr/index.ts';
import type { Pcre } from '../../../lib/pcre/index.ts';
import type { RewriteMap } from './maps.ts';
import type { Template } from './template.ts';

/** RewriteOptions, as bits. */
export const OPTION_INHERIT = 1;
export const OPTION_INHERIT_BEFORE = 1 << 1;
export const OPTION_NO_SLASH = 1 << 2;
export const OPTION_ANY_URI = 1 << 3;
export const OPTION_MERGE_BASE = 1 << 4;
export const OPTION_INHERIT_DOWN = 1 << 5;
export const OPTION_INHERIT_DOWN_BEFORE = 1 << 6;
export const OPTION_IGNORE_INHERIT = 1 << 7;
export const OPTION_IGNORE_CONTEXT_INFO = 1 << 8;
export const OPTION_LEGACY_PREFIX_DOCROOT = 1 << 9;
export const OPTION_UNSAFE_PREFIX_STAT = 1 << 10;

/** What a condition does with its test string. */
export type Test =
  | { readonly kind: 'regex'; readonly regex: Pcre }
  | { readonly kind: 'expression'; readonly expression: BooleanExpr; readonly varies: boolean }
  | { readonly kind: 'file'; readonly test: 'f' | 's' | 'd' | 'x' | 'l' }
  | { readonly kind: 'url-lookup' | 'file-lookup' }
  | { readonly kind: 'text'; readonly operator: Comparison; readonly text: string }
  | { readonly kind: 'number'; readonly operator: Comparison | 'ne'; readonly number: number };
export type Comparison = 'lt' | 'le' | 'eq' | 'ge' | 'gt';

/** A RewriteCond, compiled. */
export interface Condition {
  readonly input: Template;
  readonly test: Test;
  /** The pattern as written, as log lines show it. */
  readonly pattern: string;
  readonly isNegated: boolean;
  readonly ignoresCase: boolean;
  readonly orNext: boolean;
  readonly noVary: boolean;
}

/** How back-references are escaped. */
export interface Escapes {
  /** These characters only; all but letters, digits and `_` otherwise. */
  readonly only: string | undefined;
  /** None of these. */
  readonly never: string | undefined;
  /** A blank becomes `%20`, not `+`. */
  readonly noPlus: boolean;
  /** Controls and blanks only. */
  readonly controls: boolean;
}

/** What the flags of a RewriteRule say. */
export interface RuleFlags {
  /** [B], [BCTLS] and what narrows them; undefined: back-references go in as they are. */
  escapes: Escapes | undefined;
  isChained: boolean;
  cookies: readonly string[];
  variables: readonly string[];
  discardsPathInfo: boolean;
  isEnd: boolean;
  isLast: boolean;
  /** [N]: rounds there may be. */
  rounds: number | undefined;
  ignoresCase: boolean;
  noEscape: boolean;
  noSubrequest: boolean;
  isProxy: boolean;
  passesThrough: boolean;
  appendsQuery: boolean;
  discardsQuery: boolean;
  splitsAtLastQuestion: boolean;
  isRedirect: boolean;
  /** [F], [G], [R] outside 300-399: the status is all the rule has to say. */
  isStatus: boolean;
  status: number;
  skip: number;
  handler: string | undefined;
  type: string | undefined;
  allowsQuestion: boolean;
  allowsPrefix: boolean;
}

/** A RewriteRule, compiled. */
export interface Rule {
  readonly pattern: string;
  readonly regex: Pcre;
  readonly isNegated: boolean;
  /** Whether anything of the rule looks at what the groups of its pattern caught. */
  readonly usesGroups: boolean;
  readonly conditions: readonly Condition[];
  /** The substitution as written; one that ends in `?` without it. */
  readonly text: string;
  /** undefined: `-`, or a rule that only sets a status. */
  readonly output: Template | undefined;
  /** The substitution ends in `?`, or drops the query and has none of its own. */
  readonly dropsQuery: boolean;
  readonly flags: Readonly<RuleFlags>;
  readonly variables: readonly Template[];
  readonly cookies: readonly Template[];
  readonly type: Template | undefined;
  readonly handler: Template | undefined;
  /** `file:line`, for the log. */
  readonly place: string;
}

export interface RewriteServerConf {
  /** The server all this was said for: one that says nothing itself has the main server's configuration, and does not use it. */
  owner?: ServerConfigs;
  engine?: boolean;
  options?: number;
  maps?: Map<string, RewriteMap>;
  /** Conditions that wait for their rule. */
  conditions?: Condition[];
  rules?: Rule[];
}

export interface RewriteDirConf {
  engine?: boolean;
  options?: number;
  base?: string;
  /** The section's path with its slash; undefined outside of sections. */
  directory?: string;
  conditions?: Condition[];
  rules?: Rule[];
}

const NONE: readonly never[] = [];

/** How rules of `base` are taken over: not at all, behind the own ones, before them (the options of both sides decide). */
function inheritance(base: number, own: number): 'none' | 'after' | 'before' {
  const mayInherit = (own & OPTION_IGNORE_INHERIT) === 0;
  if ((own & OPTION_INHERIT) !== 0 || ((base & OPTION_INHERIT_DOWN) !== 0 && mayInherit)) return 'after';
  if ((own & OPTION_INHERIT_BEFORE) !== 0 || ((base & OPTION_INHERIT_DOWN_BEFORE) !== 0 && mayInherit))
    return 'before';
  return 'none';
}

function mergeLists<T>(base: T[] | undefined, add: T[] | undefined, how: 'none' | 'after' | 'before'): T[] {
  if (how === 'none') return add ?? [];
  return how === 'after' ? [...(add ?? NONE), ...(base ?? NONE)] : [...(base ?? NONE), ...(add ?? NONE)];
}

/** config_server_merge: engine and options as the virtual host says, else as the main server; rules only where an option asks for them. */
export function mergeServer(base: RewriteServerConf, add: RewriteServerConf): RewriteServerConf {
  const merged: RewriteServerConf = {};
  const engine = add.engine ?? base.engine;
  const options = add.options ?? base.options;
  const how = inheritance(base.options ?? 0, options ?? 0);
  if (add.owner !== undefined) merged.owner = add.owner;
  if (engine !== undefined) merged.engine = engine;
  if (options !== undefined) merged.options = options;
  merged.maps =
    how === 'none' ? (add.maps ?? new Map()) : new Map([...(base.maps ?? []), ...(add.maps ?? [])]);
  merged.rules = mergeLists(base.rules, add.rules, how);
  return merged;
}

/** config_perdir_merge: the same for sections and .htaccess files; the base URL only with MergeBase. */
export function mergeDir(base: RewriteDirConf, add: RewriteDirConf): RewriteDirConf {
  const merged: RewriteDirConf = {};
  const engine = add.engine ?? base.engine;
  const options = add.options ?? base.options;
  if (engine !== undefined) merged.engine = engine;
  if (options !== undefined) merged.options = options;
  const baseUrl = ((options ?? 0) & OPTION_MERGE_BASE) === 0 ? add.base : (add.base ?? base.base);
  if (baseUrl !== undefined) merged.base = baseUrl;
  if (add.directory !== undefined) merged.directory = add.directory;
  merged.rules = mergeLists(base.rules, add.rules, inheritance(base.options ?? 0, options ?? 0));
  return merged;
}
