/** Server settings, modules, hooks and providers as mod_info shows them. */
import type { Configuration } from '../../../core/configuration.ts';
import { coreServer, serverTimeout } from '../../../core/core-config.ts';
import { eachHook, type HookSpecs, isPlaced, MIDDLE, type PhaseHooks } from '../../../core/hooks.ts';
import type { AnyModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { bannerOf, mpmName, serverName, serverPort } from '../../../core/server-identity.ts';
import { escapeHtml } from '../../../http/escape.ts';
import { listConfiguration } from './config-list.ts';

/** Phases by the names httpd gives them, in its order. */
const PHASES: readonly (readonly [name: string, phase: keyof PhaseHooks])[] = [
  ['Post-Read Request', 'postReadRequest'],
  ['Header Parse', 'headerParser'],
  ['Pre-Translate Name', 'preTranslateName'],
  ['Translate Name', 'translateName'],
  ['Map to Storage', 'mapToStorage'],
  ['Check Access', 'accessCheckerEx'],
  ['Check Access (legacy)', 'accessChecker'],
  ['Verify User ID', 'checkUserId'],
  ['Note Authentication Failure', 'noteAuthFailure'],
  ['Verify User Access', 'authChecker'],
  ['Check Type', 'typeChecker'],
  ['Fixups', 'fixups'],
  ['Insert Filters', 'insertFilter'],
  ['Content Handlers', 'handler'],
  ['Transaction Logging', 'logTransaction'],
  ['Insert Errors', 'insertErrorFilter'],
];

/** Directives of another program's module are understood here without the module: nobody has loaded it. */
const UNSEEN: ReadonlySet<string> = new Set(['mod_php_directives.c']);

/** Modules in force, by name. */
export function modulesOf(configuration: Configuration): readonly AnyModule[] {
  const seen = [...configuration.loaded].filter(({ file }) => !UNSEEN.has(file));
  return seen.sort((a, b) => (a.file < b.file ? -1 : 1));
}

const MODULE_MAGIC = '20120211:142';
const DEFAULT_KEEP_ALIVE = 5;

/** When the process began: what is compiled is not the server but the language. */
const built = new Date().toISOString().slice(0, 19);

export function serverSettings(r: Request): string {
  const conf = coreServer(r.server);
  const { configuration } = r;
  const keepAlive = (conf.keepAliveTimeout ?? DEFAULT_KEEP_ALIVE * 1000) / 1000;
  const file = configuration.tree[0]?.span.source;
  let top = file;
  while (top?.includedFrom !== undefined) top = top.includedFrom.source;
  const entry = (name: string, value: string): string =>
    `<dt><strong>${name}:</strong> <tt>${escapeHtml(value)}</tt></dt>\n`;
  return `<h2><a name="server">Server Settings</a></h2><dl><dt><strong>Server Version:</strong> <font size="+1"><tt>${escapeHtml(bannerOf(r))}</tt></font></dt>
<dt><strong>Server Built:</strong> <font size="+1"><tt>${built}</tt></font></dt>
${entry('Module Magic Number', MODULE_MAGIC)}${entry('Hostname/port', `${serverName(r)}:${serverPort(r)}`)}<dt><strong>Timeouts:</strong> <tt>connection: ${serverTimeout(r.server) / 1000} &nbsp;&nbsp; keep-alive: ${Math.floor(keepAlive)}</tt></dt>${entry('MPM Name', mpmName(configuration))}${entry('Server Architecture', /64/.test(process.arch) ? '64-bit' : '32-bit')}${entry('Server Root', configuration.serverRoot)}${entry('Config File', top?.name ?? '')}</dl><hr />`;
}

export function moduleList(configuration: Configuration): string {
  const items = modulesOf(configuration).map(({ file }) => `<dd>${escapeHtml(file)}</dd>`);
  return `<dl><dt>Server Module List</dt>${items.join('')}</dl><hr />`;
}

/** @param link `?` to the page of a module, `#` to its place on this one. */
export function requestHooks(configuration: Configuration, link: '?' | '#'): string {
  let html = '<h2><a name="request_hooks">Request Hooks</a></h2>\n<dl>';
  for (const [name, phase] of PHASES) {
    const entries = [...configuration.loaded].flatMap((module) => {
      if (UNSEEN.has(module.file)) return [];
      const specs = module.hooks[phase] as HookSpecs<unknown> | undefined;
      if (specs === undefined) return [];
      return eachHook(specs).map((hook) => ({
        file: module.file,
        order: (isPlaced(hook) ? hook.order : undefined) ?? MIDDLE,
      }));
    });
    entries.sort((a, b) => a.order - b.order);
    const shown = entries.map(({ file, order }) => {
      const number = order < 0 ? String(order) : String(order).padStart(2, '0');
      return `&nbsp;&nbsp; ${number} <a href="${link}${escapeHtml(file)}">${escapeHtml(file)}</a> <br/>`;
    });
    html += `<dt><strong>${name}:</strong>\n <br /><tt>\n${shown.join('')}\n  </tt>\n</dt>\n`;
  }
  return `${html}</dl>\n<hr />\n`;
}

export function providers(configuration: Configuration): string {
  const groups = new Map<string, Set<string>>();
  const add = (group: string, names: Readonly<Record<string, unknown>>): void => {
    for (const name of Object.keys(names)) groups.set(group, (groups.get(group) ?? new Set()).add(name));
  };
  for (const module of configuration.loaded) {
    add('authn', module.authnProviders);
    add('authz', module.authzProviders);
    for (const [group, names] of Object.entries(module.providers)) add(group, names);
  }
  let html = '<h2><a name="providers">Providers</a></h2>\n<dl>';
  for (const [group, names] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const shown = [...names].sort().map((name) => `<tt>&nbsp;&nbsp;${escapeHtml(name)}</tt><br/>`);
    html += `<dt><strong>${escapeHtml(group)}</strong> (version <tt>0</tt>):\n <br />\n${shown.join('')}\n</dt>\n`;
  }
  return `${html}</dl>\n<hr />\n`;
}

const NONE = '<tt> <em>none</em></tt>';

/** What there is to say of a module, and what the configuration says by its directives. `notes`: of AddModuleInfo. */
export function modulePage(
  configuration: Configuration,
  module: AnyModule,
  notes: readonly string[],
): string {
  const file = escapeHtml(module.file);
  const handlers = module.hooks.handler === undefined ? NONE : '<tt> <em>yes</em></tt>';
  const phases = PHASES.filter(([, phase]) => module.hooks[phase] !== undefined).map(([phase]) => phase);
  let html = `<dl><dt><a name="${file}"><strong>Module Name:</strong></a> <font size="+1"><tt><a href="?${file}">${file}</a></tt></font></dt>
<dt><strong>Content handlers:</strong> ${handlers}</dt><dt><strong>Configuration Phase Participation:</strong>
${listed(configPhases(module))}</dt><dt><strong>Request Phase Participation:</strong>
${listed(phases)}</dt>
`;
  if (module.directives.length === 0)
    return `${html}<dt><strong>Module Directives:</strong> <tt>none</tt></dt>${noteList(notes)}</dl><hr />\n`;
  html += '<dt><strong>Module Directives:</strong></dt>';
  const keys = new Set<string>();
  for (const row of module.directives) {
    const end = row.name.startsWith('<') ? '&gt;' : '';
    keys.add(row.name.toLowerCase());
    html += `<dd><tt>${escapeHtml(row.name)}${end} - <i>${escapeHtml(row.usage)}</i></tt></dd>\n`;
  }
  html += '<dt><strong>Current Configuration:</strong></dt>\n';
  html += listConfiguration(configuration, (node) => keys.has(node.key));
  return `${html}${noteList(notes)}</dl><hr />\n`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? NONE : names.map((name) => `<tt>${name}</tt>`).join(', ');
}

function configPhases(module: AnyModule): string[] {
  const phases: string[] = [];
  if (module.createDir !== undefined || module.mergeDir !== undefined) phases.push('Create Directory Config');
  if (module.mergeDir !== undefined) phases.push('Merge Directory Configs');
  if (module.createServer !== undefined || module.mergeServer !== undefined)
    phases.push('Create Server Config');
  if (module.mergeServer !== undefined) phases.push('Merge Server Configs');
  return phases;
}

/** As the administrator wrote them: they may hold HTML. */
function noteList(notes: readonly string[]): string {
  if (notes.length === 0) return '';
  return `<dt><strong>Additional Information:</strong>\n</dt>${notes.map((note) => `<dd>${note}</dd>`).join('')}`;
}
