/** mod_unixd: who the server runs as (modules/arch/unix/mod_unixd.c). The names are looked up when the configuration is read. */
import { statSync } from 'node:fs';
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  GLOBAL_ONLY,
  RSRC_CONF,
} from '../../config/directive.ts';
import { coreServerOf } from '../../core/core-config.ts';
import { defineModule } from '../../core/module.ts';
import { groupId, userId } from '../../core/owner-names.ts';

type Cmd = Command<object, object>;

function setUser(cmd: Cmd, name: string): ApplyResult {
  if (userId(name) === undefined)
    return { code: 'AL0002', message: `AH00543: apache-lite: bad user name ${name}` };
  coreServerOf(cmd).user = name;
  return undefined;
}

function setGroup(cmd: Cmd, name: string): ApplyResult {
  if (groupId(name) === undefined)
    return { code: 'AL0002', message: `AH00544: apache-lite: bad group name ${name}` };
  coreServerOf(cmd).group = name;
  return undefined;
}

function refuseChroot(cmd: Cmd, arg: string): ApplyResult {
  const path = cmd.serverRootRelative(arg);
  if (statSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false })?.isDirectory() !== true)
    return 'ChrootDir must be a valid directory';
  return {
    message: 'ChrootDir is not supported',
    hint: 'Node.js has no chroot(2): start the server inside the directory by other means',
  };
}

function suexec(_cmd: Cmd, on: boolean): ApplyResult {
  return on ? "suEXEC isn't supported: there is no suexec binary" : undefined;
}

const directives: readonly AnyRow<object, object>[] = [
  {
    name: 'User',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'Effective user id for this server',
    apply: setUser,
  },
  {
    name: 'Group',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'Effective group id for this server',
    apply: setGroup,
  },
  {
    name: 'ChrootDir',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'The directory to chroot(2) into',
    apply: refuseChroot,
  },
  {
    name: 'Suexec',
    shape: 'FLAG',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'Enable or disable suEXEC support',
    apply: suexec,
  },
];

export const modUnixd = defineModule({ name: 'unixd_module', file: 'mod_unixd.c', directives });
