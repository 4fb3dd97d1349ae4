/** mod_authz_user: Require user and valid-user (modules/aaa/mod_authz_user.c). */
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { AuthzProvider } from '../../core/providers.ts';
import { requireOfUser, requireWords } from '../../core/require-words.ts';

/** `Require user alice %{env:OWNER}`. */
const requireUser = requireOfUser((r, user, line) => {
  const users = requireWords(line, r);
  if (users instanceof Error) {
    const message = `authz_user authorize: require user: Can't evaluate require expression: ${users.message}`;
    logRequest(r, 'authz_user', Level.error, 'AH02594', message);
    return 'denied';
  }
  if (users.includes(user)) return 'granted';
  const why = `user '${user}' does not meet 'require'ments for user to be allowed access`;
  logRequest(r, 'authz_user', Level.debug, 'AH01663', `access to ${r.uri} failed, reason: ${why}`);
  return 'denied';
});

/** `Require valid-user`: whoever could be authenticated. */
const requireValidUser: AuthzProvider = {
  compile: () => (r) => (r.user === undefined ? 'denied-no-user' : 'granted'),
};

export const modAuthzUser = defineModule({
  name: 'authz_user_module',
  file: 'mod_authz_user.c',
  authzProviders: { user: requireUser, 'valid-user': requireValidUser },
});
