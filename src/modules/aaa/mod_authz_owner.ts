/** mod_authz_owner: Require file-owner (modules/aaa/mod_authz_owner.c). What file-group means is said by the modules that know groups. */
import { statFile } from '../../core/files.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import { userName } from '../../core/owner-names.ts';
import type { AuthzProvider } from '../../core/providers.ts';
import type { Request } from '../../core/request.ts';

/** Why the user does not own the file that answers; undefined when he does. */
function whyNotOwner(r: Request, user: string): readonly [tag: string, reason: string] | undefined {
  const { filename } = r;
  if (filename === undefined) return ['AH01633', 'no filename available'];
  const found = statFile(filename);
  if (typeof found !== 'object') return ['AH01634', `could not stat file ${filename}`];
  const owner = userName(found.uid);
  if (owner === undefined) return ['AH01636', 'could not get name of file owner'];
  return owner === user ? undefined : ['AH01637', `file owner ${owner} does not match.`];
}

const requireFileOwner: AuthzProvider = {
  compile: () => (r) => {
    const { user } = r;
    if (user === undefined) return 'denied-no-user';
    const why = whyNotOwner(r, user);
    if (why === undefined) return 'granted';
    const [tag, reason] = why;
    const message = `Authorization of user ${user} to access ${r.uri} failed, reason: ${reason}`;
    logRequest(r, 'authz_owner', Level.error, tag, message);
    return 'denied';
  },
};

export const modAuthzOwner = defineModule({
  name: 'authz_owner_module',
  file: 'mod_authz_owner.c',
  authzProviders: { 'file-owner': requireFileOwner },
});
