/** -t, -S, -M, -V and `-D DUMP_*`: read the configuration, print what is asked for, serve nothing. */
import type { Loaded } from '../core/load.ts';
import { STATIC_MODULES } from '../core/load.ts';
import type { AnyModule } from '../core/module.ts';
import { checkLogs } from '../server/logs.ts';
import { readForStart, startupPrinter } from './configuration.ts';
import { configText, includesText, modulesText } from './dump-texts.ts';
import type { Options } from './options.ts';
import { printBytes } from './output.ts';
import { settingsText } from './version.ts';

export async function check(options: Options): Promise<number> {
  const print = startupPrinter(options);
  const loaded = await readForStart(options, print);
  const { configuration, includes } = loaded;
  const wants = (what: string): boolean => options.defines.includes(what);
  if (wants('DUMP_INCLUDES')) printBytes(includesText(includes));
  if (options.showSettings) {
    printBytes(settingsText(configuration === undefined ? '' : mpmName(configuration.loaded)));
    return configuration === undefined ? 1 : 0;
  }
  if (configuration === undefined) return 1;
  // httpd looks for the logs' directories before it prints anything else.
  const unlogged = checkLogs(configuration);
  if (unlogged.length > 0) {
    print(`${unlogged.join('\n')}\n`);
    return 1;
  }
  if (wants('DUMP_VHOSTS')) printBytes((await import('./dump-vhosts.ts')).vhostsText(configuration));
  if (wants('DUMP_RUN_CFG')) printBytes((await import('./dump-run-config.ts')).runConfigText(configuration));
  if (wants('DUMP_MODULES')) printBytes(loadedModules(loaded));
  if (wants('DUMP_CONFIG')) printBytes(configText(configuration.tree));
  const hasDumped = ['VHOSTS', 'RUN_CFG', 'MODULES', 'INCLUDES'].some((what) => wants(`DUMP_${what}`));
  if (!hasDumped) print('Syntax OK\n');
  return 0;
}

function mpmName(loaded: Iterable<{ readonly name: string }>): string {
  for (const { name } of loaded) {
    const match = /^mpm_(.*)_module$/.exec(name);
    if (match !== null) return match[1] ?? '';
  }
  return '';
}

/** A module counts as shared when the configuration loads it; without any LoadModule all are there from the start. */
function loadedModules({ configuration, read }: Loaded): string {
  const inForce = configuration?.loaded ?? new Set<AnyModule>();
  const named = read.loaded.filter(({ name }) => [...inForce].some((module) => module.name === name));
  const isNamed = new Set(named.map(({ name }) => name));
  // One that no line loads is in force all the same: there is always an MPM.
  const own = [...inForce].filter(({ name }) => !isNamed.has(name));
  const isStatic = (name: string): boolean =>
    !read.loadModuleSeen || STATIC_MODULES.includes(name) || !isNamed.has(name);
  return modulesText([...named, ...own], isStatic);
}
