/**
 * Pass two: walks the directive tree and lets every row change the configuration of its module (ap_process_config_tree, ap_walk_config).
 * Problems are collected, never thrown, so that one run reports all of them.
 */
import type { Problems } from '../diagnostics/problem.ts';
import { PCRE_DEFAULTS, type PcreDefaults, pcreDefaults, withPcreDefaults } from '../lib/pcre/index.ts';
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  type DirectiveError,
  OR_ALL,
  PROXY_CONF,
  SERVER_OVERRIDE,
  type WalkOptions,
} from './directive.ts';
import { invoke, unknownDirective } from './invoke.ts';
import { type ConfigModule, PerDirConfig } from './per-dir.ts';
import type { ProviderRegistry } from './providers.ts';
import { rootRelative } from './read/files.ts';
import { argumentSpan, type Environment, environmentVariable } from './read/index.ts';
import type { ConfigNode } from './tree.ts';

/** What a directive name stands for: its row and the module that owns it. */
export interface RowEntry {
  readonly row: AnyRow<unknown, unknown>;
  readonly module: ConfigModule;
}
export type RowLookup = (key: string) => RowEntry | undefined;

/** The configuration of one server (main or virtual) while and after it is read. */
export interface ServerConfigs {
  readonly slots: unknown[];
  /** What directives outside of any section say (server->lookup_defaults). */
  readonly lookupDefaults: PerDirConfig;
  /** Modules of which any directive was applied to this server or a section in it. */
  readonly touched: Set<number>;
}

/** What an application run shares. */
export interface ApplyRun {
  readonly lookup: RowLookup;
  readonly providers: ProviderRegistry;
  readonly problems: Problems;
  /** Variables of the process (PassEnv). */
  readonly environment: Environment;
  /** Modules that are built in but not loaded, for advice: the module that has a directive. */
  readonly builtIn?: { moduleOf(key: string): string | undefined };
  /** `-T`: DocumentRoots need not be there. */
  readonly skipsDocumentRoots?: boolean;
  /** Whether a module is in force, by its structure's or its file's name, or the short form of either (ap_find_module_short_name). */
  hasModule?(name: string): boolean;
  /** False where nothing may be started: rows that ask a program while they are read leave its answer out. Unset: true. */
  readonly runsPrograms?: boolean;
  /**
   * Asked about a directive that no module in force has, before that is an error: `skip` leaves it out with what is in it, `inside` reads what
   * is in it as if it stood there without it; undefined: it is an error.
   */
  takeUnknown?(node: ConfigNode, isHtaccess: boolean): 'skip' | 'inside' | undefined;
  serverRoot(): string;
}

/** Where the walk stands. */
interface Scope {
  readonly run: ApplyRun;
  readonly serverConfigs: ServerConfigs;
  readonly mainServer: ServerConfigs;
  readonly perDir: PerDirConfig;
  readonly path: string | undefined;
  readonly enclosing: readonly string[];
  readonly limited: ReadonlySet<string> | undefined;
  readonly limitExcept: boolean;
  readonly override: number;
  readonly overrideList: ReadonlySet<string> | undefined;
  readonly nonfatalOverride: number;
  readonly optionsAllowed: number;
  readonly isHtaccess: boolean;
  readonly isVirtualHost: boolean;
  readonly checks: (() => void)[];
}

const OPTIONS_ALL = 0xffff;

/**
 * Applies a whole configuration tree to the main server. Virtual hosts are made by the core's `<VirtualHost>` row. Answers what RegexDefaultOptions
 * has made of the defaults of patterns.
 */
export function applyTree(tree: readonly ConfigNode[], main: ServerConfigs, run: ApplyRun): PcreDefaults {
  const checks: (() => void)[] = [];
  const scope: Scope = {
    run,
    serverConfigs: main,
    mainServer: main,
    perDir: main.lookupDefaults,
    path: undefined,
    enclosing: [],
    limited: undefined,
    limitExcept: false,
    override: SERVER_OVERRIDE,
    overrideList: undefined,
    nonfatalOverride: 0,
    optionsAllowed: OPTIONS_ALL,
    isHtaccess: false,
    isVirtualHost: false,
    checks,
  };
  return withPcreDefaults(PCRE_DEFAULTS, () => {
    walk(tree, scope);
    for (const check of checks) check();
    return pcreDefaults();
  });
}

/** What AllowOverride and its kin grant to a .htaccess file. */
export interface HtaccessGrant {
  readonly override: number;
  readonly overrideList: ReadonlySet<string> | undefined;
  readonly nonfatalOverride: number;
  /** Bits of Options a file may set (AllowOverride Options=...). */
  readonly optionsAllowed: number;
}

/** Applies the tree of a .htaccess file of directory `path` (with its slash) to a fresh per-directory configuration. */
export function applyHtaccess(
  tree: readonly ConfigNode[],
  path: string,
  grant: HtaccessGrant,
  server: ServerConfigs,
  run: ApplyRun,
): PerDirConfig {
  const perDir = new PerDirConfig();
  const checks: (() => void)[] = [];
  walk(tree, {
    run,
    serverConfigs: server,
    mainServer: server,
    perDir,
    path,
    enclosing: [],
    limited: undefined,
    limitExcept: false,
    ...grant,
    isHtaccess: true,
    isVirtualHost: false,
    checks,
  });
  for (const check of checks) check();
  return perDir;
}

function walk(nodes: readonly ConfigNode[], scope: Scope): void {
  for (const node of nodes) {
    const entry = scope.run.lookup(node.key);
    const isUnknown = scope.isHtaccess && entry?.row.isKnown?.(scope.serverConfigs) === false;
    if (entry === undefined || isUnknown) {
      const taken = scope.run.takeUnknown?.(node, scope.isHtaccess);
      if (taken === 'inside') walk(node.children ?? [], scope);
      if (taken !== undefined) continue;
      report(scope, node, unknownDirective(node, scope.isHtaccess, scope.run.builtIn));
      continue;
    }
    const command = new AppliedCommand(node, entry, scope);
    report(scope, node, invoke(entry.row, command));
  }
}

function report(scope: Scope, node: ConfigNode, result: ApplyResult): void {
  if (result === undefined) return;
  const error: DirectiveError = typeof result === 'string' ? { message: result } : result;
  const span = error.offset === undefined ? node.span : argumentSpan(node, error.offset, error.length ?? 1);
  scope.run.problems.add({
    code: error.code ?? 'AH00526',
    severity: 'error',
    message: error.message,
    span,
    hint: error.hint,
  });
}

class AppliedCommand implements Command {
  readonly node: ConfigNode;
  readonly #entry: RowEntry;
  readonly #scope: Scope;

  constructor(node: ConfigNode, entry: RowEntry, scope: Scope) {
    this.node = node;
    this.#entry = entry;
    this.#scope = scope;
  }

  get server(): unknown {
    const { module } = this.#entry;
    const { slots, touched } = this.#scope.serverConfigs;
    touched.add(module.index);
    slots[module.index] ??= module.createServer?.() ?? {};
    return slots[module.index];
  }

  get dir(): unknown {
    const { module } = this.#entry;
    this.#scope.serverConfigs.touched.add(module.index);
    const { slots } = this.#scope.perDir;
    slots[module.index] ??= module.createDir?.() ?? {};
    return slots[module.index];
  }

  get checksDocumentRoots(): boolean {
    return this.#scope.run.skipsDocumentRoots !== true;
  }
  get runsPrograms(): boolean {
    return this.#scope.run.runsPrograms !== false;
  }
  environment(name: string): string | undefined {
    return environmentVariable(this.#scope.run.environment, name);
  }
  hasModule(name: string): boolean {
    return this.#scope.run.hasModule?.(name) ?? true;
  }
  findRow(name: string): AnyRow<unknown, unknown> | undefined {
    return this.#scope.run.lookup(name.toLowerCase())?.row;
  }
  get serverConfigs(): ServerConfigs {
    return this.#scope.serverConfigs;
  }
  get mainServer(): ServerConfigs {
    return this.#scope.mainServer;
  }
  get providers(): ProviderRegistry {
    return this.#scope.run.providers;
  }
  get path(): string | undefined {
    return this.#scope.path;
  }
  get isHtaccess(): boolean {
    return this.#scope.isHtaccess;
  }
  get isVirtualHost(): boolean {
    return this.#scope.isVirtualHost;
  }
  get enclosing(): readonly string[] {
    return this.#scope.enclosing;
  }
  get limited(): ReadonlySet<string> | undefined {
    return this.#scope.limited;
  }
  get limitExcept(): boolean {
    return this.#scope.limitExcept;
  }
  get override(): number {
    return this.#scope.override;
  }
  get overrideList(): ReadonlySet<string> | undefined {
    return this.#scope.overrideList;
  }
  get nonfatalOverride(): number {
    return this.#scope.nonfatalOverride;
  }
  get optionsAllowed(): number {
    return this.#scope.optionsAllowed;
  }

  serverRootRelative(path: string): string {
    return rootRelative(this.#scope.run.serverRoot(), path);
  }

  warn(message: string, hint?: string): void {
    const tagged = /^(AH\d{5}): (.*)$/s.exec(message);
    this.#scope.run.problems.add({
      code: tagged?.[1] ?? 'AL0001',
      severity: 'warning',
      message: tagged?.[2] ?? message,
      span: this.node.span,
      hint,
    });
  }

  walkChildren(options: WalkOptions = {}): void {
    walk(this.node.children ?? [], this.#inner(options));
  }

  walkSection(options: WalkOptions): PerDirConfig {
    const perDir = new PerDirConfig();
    walk(this.node.children ?? [], {
      ...this.#inner({ override: this.#sectionOverride(), ...options }),
      perDir,
    });
    return perDir;
  }

  walkServer(server: ServerConfigs): void {
    walk(this.node.children ?? [], {
      ...this.#inner({ override: SERVER_OVERRIDE }),
      serverConfigs: server,
      perDir: server.lookupDefaults,
      isVirtualHost: true,
    });
  }

  afterwards(check: () => ApplyResult): void {
    this.#scope.checks.push(() => report(this.#scope, this.node, check()));
  }

  /** What is inside `<Proxy>` may have its directives, however deep. */
  #sectionOverride(): number {
    return this.isHtaccess ? this.override : OR_ALL | ACCESS_CONF | (this.override & PROXY_CONF);
  }

  #inner(options: WalkOptions): Scope {
    const outer = this.#scope;
    return {
      ...outer,
      path: options.path ?? outer.path,
      enclosing: [this.node.key, ...outer.enclosing],
      limited: options.limited ?? outer.limited,
      limitExcept: options.limited === undefined ? outer.limitExcept : (options.limitExcept ?? false),
      override: options.override ?? outer.override,
    };
  }
}
