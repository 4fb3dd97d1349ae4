/** Reading and applying one text without a server: nothing is opened but what it includes, nothing is started, nothing is looked up. */
import { type ApplyRun, applyHtaccess, applyTree, type RowEntry } from '../config/apply.ts';
import { OR_ALL } from '../config/directive.ts';
import {
  type Environment,
  httpdModuleNames,
  type ModuleName,
  type ReadResult,
  readConfiguration,
  readHtaccess,
} from '../config/read/index.ts';
import type { ConfigNode } from '../config/tree.ts';
import { withExtensionsOf } from '../core/compilation.ts';
import { builtInModules, rowTable } from '../core/configure.ts';
import { coreServer } from '../core/core-config.ts';
import { STATIC_MODULES } from '../core/load.ts';
import { providersOf } from '../core/providers.ts';
import { VirtualServer } from '../core/virtual-server.ts';
import { Problems } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { modules } from '../modules/index.ts';
import { adviseOnProxying } from '../modules/proxy/mod_proxy/advice.ts';
import { modProxy } from '../modules/proxy/mod_proxy/index.ts';
import type { LintContext } from './context.ts';
import { isElsewhere, isForeignModule, settleProblem, undefinedLines } from './elsewhere.ts';
import { Skipped } from './skipped.ts';
import type { LintUnit } from './unit.ts';
import { UnknownDirectives } from './unknown.ts';

/** A text to look at; all strings are byte strings. */
export interface LintText {
  readonly name: string;
  readonly text: string;
  readonly context: LintContext;
  /** Where relative names start. */
  readonly serverRoot: string;
  readonly defines: readonly string[];
  readonly environment: Environment;
}

/** httpd's modules that are not built in: `<IfModule>` and LoadModule know them, though nothing is known of their directives but names. */
const lacking: readonly ModuleName[] = httpdModuleNames()
  .filter((name) => !modules.some((module) => module.name === name))
  .map((name) => ({ name, file: `mod_${name.replace(/_module$/, '')}.c` }));
const known: readonly ModuleName[] = [...modules, ...lacking];
const lookup = rowTable(modules);

/** Reads and applies a text in its context. The answer's problems are what httpd would say, sorted out; the rules' come on top. */
export function readUnit(text: LintText): LintUnit {
  return text.context === 'htaccess' ? readAccessFile(text) : readServerText(text);
}

function readServerText(text: LintText): LintUnit {
  const problems = new Problems();
  const skipped = new Skipped(known);
  const read = readAs(text, problems, skipped, known);
  const isPartial = problems.list.some(isElsewhere);
  const isWhole =
    text.context === 'server' &&
    read.loadModuleSeen &&
    !isPartial &&
    read.tree.some(({ key }) => key === 'listen');
  if (!isWhole) return applyServerText(text, read, problems, skipped, isPartial, false);
  const again = new Problems();
  const skippedAgain = new Skipped(known);
  const isStatic = new Set([
    ...STATIC_MODULES,
    'mpm_event_module',
    'mpm_worker_module',
    'mpm_prefork_module',
  ]);
  const strict = readAs(
    text,
    again,
    skippedAgain,
    known.filter(({ name }) => isStatic.has(name)),
  );
  return applyServerText(text, strict, again, skippedAgain, false, true);
}

function readAs(
  { name, text, serverRoot, defines, environment }: LintText,
  problems: Problems,
  skipped: Skipped,
  loaded: readonly ModuleName[],
): ReadResult {
  return readConfiguration({
    entry: { name, text },
    serverRoot,
    defines,
    environment,
    builtIn: known,
    staticModules: loaded.map((module) => module.name),
    lookup: (key) => lookup(key) as (RowEntry & { readonly module: ModuleName }) | undefined,
    problems,
    onSkip: (command) => skipped.note(command),
  });
}

function applyServerText(
  { context, name, environment }: LintText,
  read: ReadResult,
  problems: Problems,
  skipped: Skipped,
  isPartial: boolean,
  isWhole: boolean,
): LintUnit {
  const main = new VirtualServer(false, [], undefined);
  const inForce = new Set(read.loaded.map((module) => module.name));
  const loaded = isWhole ? modules.filter((module) => inForce.has(module.name)) : modules;
  const hasForeign = problems.list.some(({ message }) => isForeignModule(message));
  const unknown = new UnknownDirectives(problems, hasForeign, isWhole ? inForce : undefined);
  const providers = providersOf(loaded);
  const tree = wrapped(read.tree, context, name);
  const run: ApplyRun = {
    lookup: isWhole ? rowTable(loaded) : lookup,
    providers,
    problems,
    environment,
    builtIn: builtInModules(modules),
    runsPrograms: false,
    takeUnknown: (node) => unknown.take(node),
    serverRoot: () => read.serverRoot,
  };
  withExtensionsOf(providers, () => applyTree(tree, main, run));
  const virtualServers = coreServer(main).virtualServers ?? [];
  const proxies = [main, ...virtualServers].map((server) => modProxy.server(server));
  if (!isPartial) adviseOnProxying({ tree: read.tree, problems }, proxies);
  return finished({ context, tree: read.tree, problems, isPartial, isWhole }, skipped);
}

/** The text as if it stood in the section that its context names. */
function wrapped(tree: readonly ConfigNode[], context: LintContext, name: string): readonly ConfigNode[] {
  if (context === 'server') return tree;
  const source: SourceText = { name, text: '', includedFrom: undefined };
  const span = { source, start: 0, end: 0 };
  const [section, args] = context === 'vhost' ? ['VirtualHost', '*:80>'] : ['Directory', '"/">'];
  return [{ name: section, key: `<${section.toLowerCase()}`, args, span, argsSpan: span, children: tree }];
}

function readAccessFile({ name, text, serverRoot, defines, environment }: LintText): LintUnit {
  const problems = new Problems();
  const skipped = new Skipped(known);
  const tree = readHtaccess(
    name,
    text,
    { lookup, loaded: known, serverRoot, defines, environment, onSkip: (command) => skipped.note(command) },
    problems,
    OR_ALL,
  );
  const unknown = new UnknownDirectives(problems, false, undefined);
  const providers = providersOf(modules);
  const grant = { override: OR_ALL, overrideList: undefined, nonfatalOverride: 0, optionsAllowed: 0xffff };
  const run: ApplyRun = {
    lookup,
    providers,
    problems,
    environment,
    builtIn: builtInModules(modules),
    runsPrograms: false,
    takeUnknown: (node) => unknown.take(node),
    serverRoot: () => serverRoot,
  };
  const server = new VirtualServer(false, [], undefined);
  withExtensionsOf(providers, () => applyHtaccess(tree, '/', grant, server, run));
  const unit: LintUnit = { context: 'htaccess', tree, problems, isPartial: false, isWhole: false };
  return finished(unit, skipped);
}

function finished(unit: LintUnit, skipped: Skipped): LintUnit {
  const { list } = unit.problems;
  const undefinedOn = undefinedLines(list);
  const settled = list.map((problem) => settleProblem(problem, undefinedOn));
  list.length = 0;
  for (const problem of settled) if (problem !== undefined) list.push(problem);
  skipped.report(unit.problems);
  return unit;
}
