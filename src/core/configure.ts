/**
 * From an applied tree to a configuration that serves: virtual servers merged with the main one, names and addresses resolved, sections sorted,
 * phase tables flattened (ap_fixup_virtual_hosts, ap_core_reorder_directories, ap_sort_hooks).
 */
import { lookup as lookupAddress } from 'node:dns/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { type ApplyRun, applyTree, type RowEntry, type RowLookup } from '../config/apply.ts';
import { OR_ALL, OR_UNSET } from '../config/directive.ts';
import { mergeSlots } from '../config/per-dir.ts';
import type { Environment } from '../config/read/index.ts';
import type { ConfigNode } from '../config/tree.ts';
import type { Problems } from '../diagnostics/problem.ts';
import { compilingFor, withExtensionsOf } from './compilation.ts';
import type { Configuration } from './configuration.ts';
import {
  CORE_INDEX,
  type CoreServerConf,
  coreDirOf,
  coreServer,
  coreServerOf,
  type Section,
} from './core-config.ts';
import { errorLogFormatter } from './error-log-format.ts';
import {
  eachHook,
  type HookSpec,
  type HookSpecs,
  isPlaced,
  type Phase,
  type PhaseTable,
  sortHooks,
} from './hooks.ts';
import { isSyslog, Log } from './log.ts';
import type { AnyModule } from './module.ts';
import { providersOf } from './providers.ts';
import { serverBanner } from './server-identity.ts';
import { type AddressedServer, buildVhostTable } from './vhosts.ts';
import { VirtualServer } from './virtual-server.ts';

/** What reading a configuration text yields. */
export interface ReadResult {
  readonly tree: readonly ConfigNode[];
  readonly serverRoot: string;
  /** DefaultRuntimeDir, absolute. */
  readonly runtimeDir?: string | undefined;
  readonly defines: ReadonlySet<string>;
  /** Values of Define by lower-case name. */
  readonly variables: ReadonlyMap<string, string>;
  readonly environment: Environment;
  /** Modules in force. */
  readonly loaded: ReadonlySet<AnyModule>;
  /** `-T`. */
  readonly skipsDocumentRoots?: boolean | undefined;
}

/** Rows of the modules in force, by the directive's key. */
export function rowTable(loaded: Iterable<AnyModule>): RowLookup {
  const rows = new Map<string, RowEntry>();
  for (const module of loaded) {
    for (const row of module.directives) {
      const key = row.name.toLowerCase();
      if (!rows.has(key)) rows.set(key, { row, module } as RowEntry);
    }
  }
  return (key) => rows.get(key);
}

/**
 * Applies a tree and completes the configuration. Problems are added to `problems`; with errors among them the answer is undefined and
 * nothing may start. Waits only for the addresses of virtual hosts that are given by name.
 */
export async function configure(
  read: ReadResult,
  modules: readonly AnyModule[],
  problems: Problems,
): Promise<Configuration | undefined> {
  const main = new VirtualServer(false, [], undefined);
  const lookup = rowTable(read.loaded);
  const providers = providersOf(read.loaded);
  const builtIn = builtInModules(modules);
  const run: ApplyRun = {
    lookup,
    providers,
    problems,
    environment: read.environment,
    builtIn,
    skipsDocumentRoots: read.skipsDocumentRoots === true,
    hasModule: moduleFinder(read.loaded),
    serverRoot: () => read.serverRoot,
  };
  const pcreDefaults = withExtensionsOf(providers, () => applyTree(read.tree, main, run));
  if (read.runtimeDir !== undefined) coreServerOf({ serverConfigs: main }).runtimeDir = read.runtimeDir;
  const virtualServers = coreServer(main).virtualServers ?? [];
  const loaded = modules.filter((module) => read.loaded.has(module));
  for (const server of virtualServers) mergeServer(main, server, modules);
  const servers = [main, ...virtualServers];
  for (const server of servers) nameServer(server, main, problems);
  sortSections(servers);
  const phases = phaseTables(loaded);
  for (const server of servers) {
    server.phases = phases(server);
    const { logLevel, errorLog, errorLogFormat } = coreServer(server);
    const format = errorLogFormatter(errorLogFormat, errorLog !== undefined && isSyslog(errorLog));
    server.log = new Log(logLevel, (lines) => void process.stderr.write(`${lines}\n`, 'latin1'), format);
  }
  const vhosts = buildVhostTable(await resolveAddresses(virtualServers, problems));
  const configuration: Configuration = {
    modules,
    loaded: read.loaded,
    lookup,
    providers,
    pcreDefaults,
    tree: read.tree,
    serverRoot: read.serverRoot,
    defines: read.defines,
    variables: read.variables,
    environment: read.environment,
    main,
    virtualServers,
    vhosts,
    banner: serverBanner(coreServer(main).serverTokens),
    logChannels: [],
    problems,
  };
  if (!problems.hasErrors) {
    compilingFor(configuration, () => {
      for (const module of loaded) module.postConfig?.(configuration);
    });
  }
  return problems.hasErrors ? undefined : configuration;
}

/** Which built-in module has a directive: for advice on what to load. */
export function builtInModules(modules: readonly AnyModule[]): { moduleOf(key: string): string | undefined } {
  return {
    moduleOf: (key) =>
      modules.find(({ directives }) => directives.some((row) => row.name.toLowerCase() === key))?.name,
  };
}

/** Modules by name: `alias_module`, `mod_alias.c`, `alias`, `mod_alias`. */
function moduleFinder(loaded: Iterable<AnyModule>): (name: string) => boolean {
  const short = (name: string): string =>
    name
      .replace(/^mod_/, '')
      .replace(/\.c$/, '')
      .replace(/_module$/, '');
  const names = new Set<string>();
  for (const { name, file } of loaded) names.add(short(name)).add(short(file));
  return (name) => names.has(short(name));
}

/** A virtual server takes over what it does not say itself (merge_server_configs). */
function mergeServer(main: VirtualServer, server: VirtualServer, modules: readonly AnyModule[]): void {
  const merged = mergeSlots(main.slots, server.slots, modules, 'mergeServer');
  // What names the main server never names another, even one that says nothing to the core.
  if (server.slots[CORE_INDEX] === undefined && main.slots[CORE_INDEX] !== undefined) {
    merged[CORE_INDEX] = modules[CORE_INDEX]?.mergeServer?.(main.slots[CORE_INDEX], {});
  }
  for (let index = 0; index < merged.length; index++) server.slots[index] = merged[index];
  server.lookupDefaults = main.lookupDefaults.merge(server.lookupDefaults, modules);
  for (const index of main.touched) server.touched.add(index);
}

function nameServer(server: VirtualServer, main: VirtualServer, problems: Problems): void {
  const conf: Readonly<CoreServerConf> = coreServer(server);
  const { serverName } = conf;
  server.isNamed = serverName !== undefined;
  server.hostname =
    serverName?.host ?? (server === main ? machineName(problems) : nameByAddress(server, main));
  server.scheme = serverName?.scheme ?? 'http';
  server.port = serverName?.port ?? 0;
  server.aliases = conf.aliases ?? [];
  server.wildAliases = conf.wildAliases ?? [];
  server.legacyPath = conf.legacyPath;
  if (server.isVirtual && !server.isNamed) server.port = server.addresses[0]?.port ?? 0;
}

/** A virtual host without ServerName is called like its address (fix_hostnames). */
function nameByAddress(server: VirtualServer, main: VirtualServer): string {
  const host = server.addresses[0]?.host;
  return host === undefined || isIP(host) !== 0 ? main.hostname : host;
}

function machineName(problems: Problems): string {
  const name = hostname();
  if (name.includes('.')) return name;
  const message =
    "apache-lite: Could not reliably determine the server's fully qualified domain name, using 127.0.0.1. " +
    "Set the 'ServerName' directive globally to suppress this message";
  problems.add({ code: 'AH00558', severity: 'warning', message, span: undefined });
  return '127.0.0.1';
}

/** Shortest path first, regular expressions last, the text's order within each (reorder_sorter). */
function sortSections(servers: readonly VirtualServer[]): void {
  const sorted = new Set<Section[]>();
  for (const server of servers) {
    const sections = coreServer(server).directorySections;
    if (sections === undefined || sorted.has(sections)) continue;
    sections.sort((a, b) => {
      if (a.regex !== undefined || b.regex !== undefined)
        return (a.regex === undefined ? 0 : 1) - (b.regex === undefined ? 0 : 1);
      return a.components - b.components;
    });
    sorted.add(sections);
  }
}

const PHASES: readonly Phase[] = [
  'postReadRequest',
  'preTranslateName',
  'translateName',
  'mapToStorage',
  'headerParser',
  'satisfies',
  'accessChecker',
  'accessCheckerEx',
  'checkUserId',
  'authChecker',
  'authType',
  'authName',
  'noteAuthFailure',
  'typeChecker',
  'fixups',
  'insertFilter',
  'insertErrorFilter',
  'handler',
  'logTransaction',
];

/** Flattens the hooks of the modules that matter to a server; servers to which the same modules matter share a table. */
function phaseTables(loaded: readonly AnyModule[]): (server: VirtualServer) => PhaseTable {
  const tables = new Map<string, PhaseTable>();
  return (server) => {
    const anyHtaccess = mayReadHtaccess(server);
    const active = loaded.filter(
      (module) =>
        module.always || server.touched.has(module.index) || (anyHtaccess && worksInHtaccess(module)),
    );
    const left = unneeded(active, server);
    const key = active.map((module) => module.index).join() + left.map((hook) => `!${hook}`).join('');
    let table = tables.get(key);
    if (table === undefined) {
      table = flatten(active, new Set(left));
      tables.set(key, table);
    }
    return table;
  };
}

/** The hooks of modules that matter which have nothing to do on this server: `index.phase.number` each. */
function unneeded(active: readonly AnyModule[], server: VirtualServer): string[] {
  const left: string[] = [];
  for (const { hooks, index } of active) {
    for (const phase of PHASES) {
      const specs = hooks[phase] as HookSpecs<unknown> | undefined;
      if (specs === undefined) continue;
      eachHook(specs).forEach((hook, number) => {
        if (isPlaced(hook) && hook.isNeeded?.(server) === false) left.push(`${index}.${phase}.${number}`);
      });
    }
  }
  return left;
}

function flatten(active: readonly AnyModule[], left: ReadonlySet<string>): PhaseTable {
  const table: Partial<Record<Phase, unknown>> = {};
  for (const phase of PHASES) {
    const specs: { file: string; hook: HookSpec<unknown> }[] = [];
    for (const module of active) {
      const hooks = module.hooks[phase] as HookSpecs<unknown> | undefined;
      if (hooks === undefined) continue;
      eachHook(hooks).forEach((hook, number) => {
        if (!left.has(`${module.index}.${phase}.${number}`)) specs.push({ file: module.file, hook });
      });
    }
    table[phase] = sortHooks(specs);
  }
  return table as PhaseTable;
}

/** Whether any section of the server lets .htaccess files say anything. */
function mayReadHtaccess(server: VirtualServer): boolean {
  const grants = (perDir: Section['perDir']): boolean => {
    const conf = coreDirOf(perDir);
    // Where AllowOverride was never said files are read too, though they may say nothing yet.
    return ((conf.override ?? 0) & ~OR_UNSET) !== 0 || (conf.overrideList?.size ?? 0) > 0;
  };
  return (
    grants(server.lookupDefaults) ||
    (coreServer(server).directorySections ?? []).some(({ perDir }) => grants(perDir))
  );
}

const htaccessModules = new WeakMap<AnyModule, boolean>();
function worksInHtaccess(module: AnyModule): boolean {
  let works = htaccessModules.get(module);
  if (works === undefined) {
    works = module.directives.some((row) => (row.where & OR_ALL) !== 0);
    htaccessModules.set(module, works);
  }
  return works;
}

/** Host names in `<VirtualHost>` are looked up once, when the configuration is read. */
async function resolveAddresses(
  servers: readonly VirtualServer[],
  problems: Problems,
): Promise<AddressedServer[]> {
  const resolved: AddressedServer[] = [];
  for (const server of servers) {
    const hosts: { ip: string | undefined; port: number }[] = [];
    for (const { host, port, text } of server.addresses) {
      if (host === undefined || host === '0.0.0.0' || host === '::') {
        // The addresses that stand for all are one with `*` (get_addresses).
        hosts.push({ ip: undefined, port });
        continue;
      }
      // The name of a socket file, to which no connection comes.
      if (host.startsWith('/')) continue;
      if (isIP(host) !== 0) {
        hosts.push({ ip: host.toLowerCase(), port });
        continue;
      }
      try {
        for (const { address } of await lookupAddress(host, { all: true })) hosts.push({ ip: address, port });
      } catch {
        const shown = text.replace(/:\d+$/, '');
        const message = `(EAI 2)Name or service not known: AH00547: Could not resolve host name ${shown} -- ignoring!`;
        problems.add({ code: 'AL0003', severity: 'warning', message, span: server.definedAt });
      }
    }
    resolved.push({ server, hosts });
  }
  return resolved;
}
