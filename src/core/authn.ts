/**
 * Asking a list of authentication providers, as mod_auth_basic, mod_auth_digest and mod_auth_form all do: the first one that knows the user
 * decides; without a list it is `file`.
 */
import { type AnyRow, type Command, OR_AUTHCFG } from '../config/directive.ts';
import { verifyPassword } from '../lib/htpasswd/index.ts';
import { type AuthnAnswer, type AuthnProvider, findAuthnProvider, type RealmHash } from './providers.ts';
import type { Request } from './request.ts';

export type ProviderList = readonly AuthnProvider[];

/** The provider of a name, or what is wrong with it. `kind`: what it is wanted for, as httpd's words name it. */
function authnProviderFor(
  cmd: Pick<Command, 'providers'>,
  name: string,
  kind: 'Basic' | 'Digest' | 'Form',
): AuthnProvider | string {
  const provider = findAuthnProvider(cmd.providers, name);
  if (provider === undefined) return `Unknown Authn provider: ${name}`;
  const question = kind === 'Digest' ? provider.realmHash : provider.checkPassword;
  return question === undefined
    ? `The '${name}' Authn provider doesn't support ${kind} Authentication`
    : provider;
}

/** The row of AuthBasicProvider and its like: providers in the order they are asked. */
export function providerRow(
  name: string,
  kind: Parameters<typeof authnProviderFor>[2],
): AnyRow<object, { providers?: ProviderList }> {
  return {
    name,
    shape: 'ITERATE',
    where: OR_AUTHCFG,
    usage: 'specify the auth providers for a directory or location',
    apply(cmd, word) {
      const provider = authnProviderFor(cmd, word, kind);
      if (typeof provider === 'string') return provider;
      cmd.dir.providers = [...(cmd.dir.providers ?? []), provider];
      return undefined;
    },
  };
}

/** Who is asked: the list of the configuration, or `file`; undefined when there is none of that either. */
export function providersInForce(r: Request, list: ProviderList | undefined): ProviderList | undefined {
  if (list !== undefined) return list;
  const standard = findAuthnProvider(r.configuration.providers, 'file');
  return standard === undefined ? undefined : [standard];
}

/** Whether a password is a user's. */
export function checkPassword(
  r: Request,
  providers: ProviderList,
  user: string,
  password: string,
  from = 0,
): AuthnAnswer {
  for (let i = from; i < providers.length; i++) {
    const answer =
      (providers[i] as AuthnProvider).checkPassword?.(r, user, password) ?? ('general-error' as const);
    if (typeof answer !== 'string') {
      return answer.then((late) =>
        late === 'user-not-found' ? checkPassword(r, providers, user, password, i + 1) : late,
      );
    }
    if (answer !== 'user-not-found') return answer;
  }
  return 'user-not-found';
}

/** What a provider that knows a user's hash answers. */
export function passwordAnswer(hash: string, password: string): AuthnAnswer {
  const matches = verifyPassword(hash, password);
  if (typeof matches === 'boolean') return matches ? 'granted' : 'denied';
  return matches.then((late) => (late ? 'granted' : 'denied'));
}

/** The stored `MD5(user:realm:password)` of a user. */
export function findRealmHash(
  r: Request,
  providers: ProviderList,
  user: string,
  realm: string,
  from = 0,
): RealmHash | Promise<RealmHash> {
  for (let i = from; i < providers.length; i++) {
    const answer = (providers[i] as AuthnProvider).realmHash?.(r, user, realm) ?? ('general-error' as const);
    if (answer instanceof Promise) {
      return answer.then((late) =>
        late === 'user-not-found' ? findRealmHash(r, providers, user, realm, i + 1) : late,
      );
    }
    if (answer !== 'user-not-found') return answer;
  }
  return 'user-not-found';
}

/** What a provider that answered by itself has left as the status (AUTH_HANDLED). */
export function handledStatus(r: Request): number {
  const { status } = r;
  r.status = 200;
  return status;
}

/** Who keeps credentials that providers have found; offered by mod_authn_socache as `keeper`. */
export const CREDENTIALS_GROUP = 'authn-credentials';
export interface CredentialsKeeper {
  /** `hash` is a user's password hash or, with a realm, that of Digest. */
  store(r: Request, provider: string, user: string, realm: string | undefined, hash: string): void;
}

/** Tells of credentials that the provider of a name has found (ap_authn_cache_store). */
export function rememberCredentials(
  r: Request,
  provider: string,
  user: string,
  realm: string | undefined,
  hash: string,
): void {
  const keeper = r.configuration.providers.find(CREDENTIALS_GROUP, 'keeper') as CredentialsKeeper | undefined;
  keeper?.store(r, provider, user, realm, hash);
}
