/**
 * core: the directives every other module stands on, and how their configurations merge (merge_core_dir_configs, merge_core_server_configs of
 * httpd's server/core.c). What the server does with them is in src/core.
 */

import { coreReadRows } from '../../config/read/index.ts';
import type { CoreDirConf, CoreServerConf } from '../../core/core-config.ts';
import { defineModule } from '../../core/module.ts';
import { dirRows } from './core-dir-rows.ts';
import { coreHooks } from './core-hooks.ts';
import { inertServerRows } from './core-inert-rows.ts';
import { sectionRows } from './core-sections.ts';
import { serverRows } from './core-server-rows.ts';
import { regexRows } from './regex-options.ts';

/** Scalars: the newer wins where it says something. Lists are named one by one, the main server's first. */
function mergeServer(base: CoreServerConf, add: CoreServerConf): CoreServerConf {
  const merged: CoreServerConf = { ...base, ...add };
  // What names a server is its own.
  for (const own of ['serverName', 'aliases', 'wildAliases', 'legacyPath'] as const) {
    if (add[own] === undefined) delete merged[own];
  }
  delete merged.virtualServers;
  const directories = append(base.directorySections, add.directorySections);
  if (directories !== undefined) merged.directorySections = directories;
  const locations = append(base.locationSections, add.locationSections);
  if (locations !== undefined) merged.locationSections = locations;
  const logLevel = mergeLevels(base.logLevel, add.logLevel);
  if (logLevel !== undefined) merged.logLevel = logLevel;
  // Each kind of ErrorLogFormat is taken over by itself.
  if (add.errorLogFormat !== undefined)
    merged.errorLogFormat = { ...base.errorLogFormat, ...add.errorLogFormat };
  return merged;
}

function mergeDir(base: CoreDirConf, add: CoreDirConf): CoreDirConf {
  const merged: CoreDirConf = { ...base, ...add };
  mergeOptions(merged, base, add);
  mergeEtag(merged, base, add);
  if (add.handler !== undefined) delete merged.handlerExpr;
  else if (add.handlerExpr !== undefined) delete merged.handler;
  const files = append(base.fileSections, add.fileSections);
  if (files !== undefined) merged.fileSections = files;
  const ifs = append(base.ifSections, add.ifSections);
  if (ifs !== undefined) merged.ifSections = ifs;
  if (base.errorDocuments !== undefined && add.errorDocuments !== undefined) {
    merged.errorDocuments = new Map([...base.errorDocuments, ...add.errorDocuments]);
  }
  if (base.cgiVarRules !== undefined && add.cgiVarRules !== undefined) {
    merged.cgiVarRules = new Map([...base.cgiVarRules, ...add.cgiVarRules]);
  }
  const logLevel = mergeLevels(base.logLevel, add.logLevel);
  if (logLevel !== undefined) merged.logLevel = logLevel;
  return merged;
}

/** Signs change what holds above; without signs it is replaced. */
function mergeOptions(merged: CoreDirConf, base: CoreDirConf, add: CoreDirConf): void {
  if (add.options !== undefined) {
    delete merged.optionsAdd;
    delete merged.optionsRemove;
    return;
  }
  const plus = add.optionsAdd ?? 0;
  const minus = add.optionsRemove ?? 0;
  if (base.options !== undefined) {
    merged.options = (base.options & ~minus) | plus;
    delete merged.optionsAdd;
    delete merged.optionsRemove;
    return;
  }
  merged.optionsAdd = ((base.optionsAdd ?? 0) & ~minus) | plus;
  merged.optionsRemove = ((base.optionsRemove ?? 0) & ~plus) | minus;
}

/** Signs change bits that are set; where none are they wait for some (merge_core_dir_configs). */
function mergeEtag(merged: CoreDirConf, base: CoreDirConf, add: CoreDirConf): void {
  if (add.etagBits !== undefined) return;
  const plus = add.etagAdd ?? 0;
  const minus = add.etagRemove ?? 0;
  if (base.etagBits !== undefined) {
    merged.etagBits = (base.etagBits | plus) & ~minus;
    return;
  }
  merged.etagAdd = ((base.etagAdd ?? 0) & ~minus) | plus;
  merged.etagRemove = ((base.etagRemove ?? 0) & ~plus) | minus;
}

function mergeLevels(base: CoreDirConf['logLevel'], add: CoreDirConf['logLevel']): CoreDirConf['logLevel'] {
  if (base === undefined || add === undefined) return add ?? base;
  // A general level replaces all that was said of single modules before it.
  if (add.level !== undefined) return add;
  return { level: base.level, modules: new Map([...base.modules, ...add.modules]) };
}

function append<T>(base: T[] | undefined, add: T[] | undefined): T[] | undefined {
  if (base === undefined || add === undefined) return add ?? base;
  return [...base, ...add];
}

export const core = defineModule<CoreServerConf, CoreDirConf>({
  name: 'core_module',
  file: 'core.c',
  directives: [...coreReadRows, ...sectionRows, ...serverRows, ...regexRows, ...inertServerRows, ...dirRows],
  mergeServer,
  mergeDir,
  hooks: coreHooks,
  always: true,
});
