/**
 * Directive rows: what a module says about each of its directives. Mirrors command_rec and the cmd_how shapes of httpd's
 * include/http_config.h; one function (invoke.ts) checks place and shape for all of them.
 */
import type { ServerConfigs } from './apply.ts';
import type { PerDirConfig } from './per-dir.ts';
import type { ProviderRegistry } from './providers.ts';
import type { OnRead } from './read/on-read.ts';
import type { ConfigNode } from './tree.ts';

/** Places and override classes, httpd's bits. A row names where it may stand by or-ing them. */
export const OR_LIMIT = 1;
export const OR_OPTIONS = 2;
export const OR_FILEINFO = 4;
export const OR_AUTHCFG = 8;
export const OR_INDEXES = 16;
export const OR_UNSET = 32;
/** Inside `<Directory>`, `<Location>`, `<Files>` and the like, never in .htaccess. */
export const ACCESS_CONF = 64;
/** Server and virtual host level. */
export const RSRC_CONF = 128;
/** Inside `<Proxy>` and `<ProxyMatch>`. */
export const PROXY_CONF = 256;
export const OR_ALL = OR_LIMIT | OR_OPTIONS | OR_FILEINFO | OR_AUTHCFG | OR_INDEXES;
/** Override classes at server level (ap_process_resource_config): authentication and limits only make sense inside sections. */
export const SERVER_OVERRIDE = (RSRC_CONF | OR_ALL) & ~(OR_AUTHCFG | OR_LIMIT);

/** Places a row forbids on top of its bits; httpd's ap_check_cmd_context() flags. */
export const NOT_IN_VIRTUALHOST = 1;
export const NOT_IN_LIMIT = 2;
export const NOT_IN_DIRECTORY = 4;
export const NOT_IN_LOCATION = 8;
export const NOT_IN_FILES = 16;
export const NOT_IN_HTACCESS = 32;
export const NOT_IN_PROXY = 64;
export const NOT_IN_DIR_CONTEXT =
  NOT_IN_LIMIT | NOT_IN_DIRECTORY | NOT_IN_LOCATION | NOT_IN_FILES | NOT_IN_PROXY;
/** Only outside every section and virtual host. */
export const GLOBAL_ONLY = NOT_IN_VIRTUALHOST | NOT_IN_DIR_CONTEXT;

/** What `apply` gets for each argument shape. FLAG is already true/false; ITERATE and ITERATE2 call `apply` once a word. */
export interface ShapeArgs {
  RAW_ARGS: [text: string];
  NO_ARGS: [];
  FLAG: [on: boolean];
  TAKE1: [a: string];
  TAKE2: [a: string, b: string];
  TAKE3: [a: string, b: string, c: string];
  TAKE12: [a: string, b: string | undefined];
  TAKE13: [a: string, b: string | undefined, c: string | undefined];
  TAKE23: [a: string, b: string, c: string | undefined];
  TAKE123: [a: string, b: string | undefined, c: string | undefined];
  ITERATE: [word: string];
  ITERATE2: [first: string, word: string];
  TAKE_ARGV: [words: readonly string[]];
}
export type Shape = keyof ShapeArgs;

/** An error with a place narrower than the directive's line: `offset`/`length` count inside the node's `args`. */
export interface DirectiveError {
  readonly message: string;
  /** `AL0002` for a message that httpd prints without "Syntax error on line..."; AH00526 when left out. */
  readonly code?: string;
  readonly offset?: number;
  readonly length?: number;
  /** A second line for the reader: what to write instead. */
  readonly hint?: string;
}
/** What `apply` answers: nothing when all is well, else httpd's wording of what is wrong (without "Syntax error on line..."). */
export type ApplyResult = string | DirectiveError | undefined;

/** What a directive finds around it while it is applied; implemented by config/apply.ts. `S` and `D` are the module's own configs. */
export interface Command<S = unknown, D = unknown> {
  readonly node: ConfigNode;
  /** The module's configuration of the server being read. */
  readonly server: S;
  /** The module's configuration of the section being read (the server's own default section outside of any). */
  readonly dir: D;
  /** Path, URL or pattern of the innermost section (`cmd->path`): undefined at server level; a directory with its slash in .htaccess. */
  readonly path: string | undefined;
  /** In .htaccess. */
  readonly isHtaccess: boolean;
  /** Inside `<VirtualHost>`. */
  readonly isVirtualHost: boolean;
  /** Enclosing sections, innermost first, by key (`<directory`, `<limit`). */
  readonly enclosing: readonly string[];
  /** Methods of the enclosing `<Limit>` or `<LimitExcept>`; undefined outside (httpd's cmd->limited = -1). */
  readonly limited: ReadonlySet<string> | undefined;
  /** True inside <LimitExcept>: `limited` lists the methods left out. */
  readonly limitExcept: boolean;
  /** Override classes in force (what AllowOverride grants in .htaccess; all bits elsewhere). */
  readonly override: number;
  /** Directives that AllowOverrideList grants by name (lower case); undefined when it says nothing. */
  readonly overrideList: ReadonlySet<string> | undefined;
  /** Override classes whose directives are skipped with a log line instead of refused (AllowOverride Nonfatal=). */
  readonly nonfatalOverride: number;
  /** Bits of Options that may be set here (AllowOverride Options=...); all bits outside .htaccess. */
  readonly optionsAllowed: number;
  /** What modules offer by name for other modules' directives. */
  readonly providers: ProviderRegistry;
  /** The server being read, whole: for rows that need more than their module's own configuration. */
  readonly serverConfigs: ServerConfigs;
  /** The main server as read so far, for what is said once for all servers; in .htaccess the request's own, which has taken that over. */
  readonly mainServer: ServerConfigs;
  /** False under `-T`. */
  readonly checksDocumentRoots: boolean;
  /** False where a configuration is only looked at: a row starts no program then, and takes its answer for given. */
  readonly runsPrograms: boolean;
  /** A variable of the process. */
  environment(name: string): string | undefined;
  /** Whether a module is in force, by any of its names. */
  hasModule(name: string): boolean;
  /** The row of a directive of a module in force. */
  findRow(name: string): AnyRow<unknown, unknown> | undefined;
  /** Names a path relative to ServerRoot (ap_server_root_relative). */
  serverRootRelative(path: string): string;
  /** A problem that does not stop the start; printed with the directive's place. */
  warn(message: string, hint?: string): void;
  /** Reads the section's children into the configuration of the enclosing section (`<Limit>`). Sections only. */
  walkChildren(options?: WalkOptions): void;
  /** Reads the section's children into a fresh per-directory configuration, and answers it (ap_walk_config). Sections only. */
  walkSection(options: WalkOptions): PerDirConfig;
  /** Reads the section's children into another server (`<VirtualHost>`). Sections only. */
  walkServer(server: ServerConfigs): void;
  /** Runs when all of the configuration has been applied, in order; for checks that need the whole. */
  afterwards(check: () => ApplyResult): void;
}

/** How the children of a section are read. */
export interface WalkOptions {
  /** `cmd.path` of the children. */
  readonly path?: string;
  readonly limited?: ReadonlySet<string>;
  readonly limitExcept?: boolean;
  /** Override classes that the children may use; unchanged when left out. */
  readonly override?: number;
}

/**
 * A row: a plain directive or, when its name starts with `<`, a section. A section's row has the shape RAW_ARGS and gets the text behind the
 * name up to and including its `>`; what it does with its children it says by walkSection() or walkChildren().
 */
export interface DirectiveRow<S, D, K extends Shape = Shape> {
  readonly name: string;
  readonly shape: K;
  /** Where it may stand: RSRC_CONF, ACCESS_CONF, OR_*. */
  readonly where: number;
  /** Places forbidden all the same: NOT_IN_*, GLOBAL_ONLY. */
  readonly forbidden?: number;
  /** httpd's help text, printed behind "X takes one argument, ". */
  readonly usage: string;
  /** Acts while the file is read (httpd's EXEC_ON_READ), before any directive is applied. */
  readonly onRead?: OnRead;
  /** False: .htaccess files of this server are answered as if no module had the directive. */
  readonly isKnown?: (server: Pick<ServerConfigs, 'slots'>) => boolean;
  /** Has no effect here; the reason, printed by -L and in the README. `apply` may still check the arguments. */
  readonly noEffect?: string;
  apply(cmd: Command<S, D>, ...args: ShapeArgs[K]): ApplyResult;
}

/** A row whose type no longer remembers its shape, as tables hold it. */
export type AnyRow<S, D> = { [K in Shape]: DirectiveRow<S, D, K> }[Shape];
