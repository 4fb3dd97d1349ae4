/** mod_env: fixed variables and those of the server's own environment (modules/metadata/mod_env.c). Complete. */
import { type AnyRow, type ApplyResult, type Command, OR_FILEINFO } from '../../config/directive.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { alikeForFiles } from '../../core/siblings.ts';
import { DECLINED, OK } from '../../core/status.ts';
import { Table } from '../../core/table.ts';

export interface EnvDirConf {
  vars?: Table;
  /** Names that UnsetEnv takes away from what is merged below. */
  unset?: string[];
}
type Cmd = Command<object, EnvDirConf>;

/** The older variables without those unset here, then the newer ones. */
export function mergeDir(base: EnvDirConf, add: EnvDirConf): EnvDirConf {
  const vars = new Table();
  for (const [name, value] of base.vars ?? []) vars.set(name, value);
  for (const name of add.unset ?? []) vars.delete(name);
  for (const [name, value] of add.vars ?? []) vars.set(name, value);
  return { vars };
}

function setVariable(cmd: Cmd, name: string, value: string): void {
  cmd.dir.vars ??= new Table();
  cmd.dir.vars.set(name, value);
}

function setEnv(cmd: Cmd, name: string, value: string | undefined): ApplyResult {
  const equal = name.indexOf('=');
  if (equal >= 0) {
    const meant = `${cmd.node.name} ${name.slice(0, equal)} ${name.slice(equal + 1)}`;
    cmd.warn(`AH10032: Spurious usage of '=' in an environment variable name. '${meant}' expected instead?`);
  }
  setVariable(cmd, name, value ?? '');
  return undefined;
}

function passEnv(cmd: Cmd, name: string): ApplyResult {
  const value = cmd.environment(name);
  if (value === undefined) cmd.warn(`AH01506: PassEnv variable ${name} was undefined`);
  else setVariable(cmd, name, value);
  return undefined;
}

/** What the same section has set before goes too; what it sets afterwards stays. */
function unsetEnv(cmd: Cmd, name: string): ApplyResult {
  (cmd.dir.unset ??= []).push(name);
  cmd.dir.vars?.delete(name);
  return undefined;
}

const directives: readonly AnyRow<object, EnvDirConf>[] = [
  {
    name: 'PassEnv',
    shape: 'ITERATE',
    where: OR_FILEINFO,
    usage: 'a list of environment variables to pass to CGI.',
    apply: passEnv,
  },
  {
    name: 'SetEnv',
    shape: 'TAKE12',
    where: OR_FILEINFO,
    usage: 'an environment variable name and optional value to pass to CGI.',
    apply: setEnv,
  },
  {
    name: 'UnsetEnv',
    shape: 'ITERATE',
    where: OR_FILEINFO,
    usage: 'a list of variables to remove from the CGI environment.',
    apply: unsetEnv,
  },
];

/** What SetEnvIf or a rule has set stays: these variables lie under it (apr_table_overlay). */
function fixupEnvironment(r: Request): number {
  const { vars } = modEnv.dir(r);
  if (vars === undefined || vars.size === 0) return DECLINED;
  const { env } = r;
  for (const [name, value] of vars) if (!env.has(name)) env.set(name, value);
  return OK;
}

export const modEnv = defineModule<object, EnvDirConf>({
  name: 'env_module',
  file: 'mod_env.c',
  directives,
  mergeDir,
  hooks: { fixups: alikeForFiles(fixupEnvironment) },
});
