/** mod_authn_anon: users who say who they are, or not even that, as with anonymous FTP (modules/aaa/mod_authn_anon.c). */
import { type AnyRow, type Command, OR_AUTHCFG } from '../../config/directive.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { AuthnProvider, AuthnResult } from '../../core/providers.ts';
import { asciiLower } from '../../lib/ascii.ts';

interface DirConf {
  /** Lower case. */
  users?: readonly string[];
  anyUser?: boolean;
  noUserId?: boolean;
  mustGiveEmail?: boolean;
  verifyEmail?: boolean;
  logEmail?: boolean;
}
type Cmd = Command<object, DirConf>;

/** Whether a name and the address given for a password will do. */
export function judgeAnonymous(conf: Readonly<DirConf>, user: string, password: string): AuthnResult {
  if (conf.users === undefined && conf.anyUser !== true) return 'user-not-found';
  const isKnown =
    user === ''
      ? conf.noUserId === true
      : conf.anyUser === true || conf.users?.includes(asciiLower(user)) === true;
  if (!isKnown) return 'user-not-found';
  if (conf.mustGiveEmail !== false && password === '') return 'denied';
  if (conf.verifyEmail === true && !(password.includes('@') && password.includes('.'))) return 'denied';
  return 'granted';
}

const anonymous: AuthnProvider = {
  checkPassword(r, user, password) {
    const conf = modAuthnAnon.dir(r);
    const result = judgeAnonymous(conf, user, password);
    if (result === 'granted' && conf.logEmail !== false && r === r.initial) {
      const message = `Anonymous: Passwd <${password}> Accepted`;
      logRequest(r, 'authn_anon', Level.info, 'AH01672', message);
    }
    return result;
  },
};

function flagRow(
  name: string,
  field: 'noUserId' | 'mustGiveEmail' | 'verifyEmail' | 'logEmail',
): AnyRow<object, DirConf> {
  return {
    name,
    shape: 'FLAG',
    where: OR_AUTHCFG,
    usage: "Limited to 'on' or 'off'",
    apply: (cmd: Cmd, on: boolean) => void (cmd.dir[field] = on),
  };
}

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'Anonymous',
    shape: 'ITERATE',
    where: OR_AUTHCFG,
    usage: 'a space-separated list of user IDs',
    apply(cmd, user) {
      if (user === '') return 'Anonymous string cannot be empty, use Anonymous_NoUserId';
      if (user === '*') cmd.dir.anyUser = true;
      else cmd.dir.users = [...(cmd.dir.users ?? []), asciiLower(user)];
      return undefined;
    },
  },
  flagRow('Anonymous_MustGiveEmail', 'mustGiveEmail'),
  flagRow('Anonymous_NoUserId', 'noUserId'),
  flagRow('Anonymous_VerifyEmail', 'verifyEmail'),
  flagRow('Anonymous_LogEmail', 'logEmail'),
];

export const modAuthnAnon = defineModule<object, DirConf>({
  name: 'authn_anon_module',
  file: 'mod_authn_anon.c',
  directives: rows,
  authnProviders: { anon: anonymous },
});
