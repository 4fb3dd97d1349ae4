/**
 * Authentication and authorization providers: the seam between the modules that know users, hosts and groups and those that ask
 * (include/mod_auth.h of httpd). A module lists its providers in its description.
 */
import type { Command, DirectiveError } from '../config/directive.ts';
import { ProviderRegistry } from '../config/providers.ts';
import type { AnyModule } from './module.ts';
import type { Request } from './request.ts';

const AUTHZ = 'authz';
const AUTHN = 'authn';

/**
 * What a provider, or a tree of them, says of a request. `denied-no-user`: a user name could change it. `neutral`: nothing for it and nothing
 * against it. `general-error`: it cannot be said; the answer is a 500 and the provider has logged why.
 */
export type AuthzResult = 'denied' | 'denied-no-user' | 'granted' | 'neutral' | 'general-error';
export type AuthzAnswer = AuthzResult | Promise<AuthzResult>;
export type AuthzCheck = (r: Request) => AuthzAnswer;

/** What a provider may ask while its Require line is read. */
export interface RequireCommand extends Pick<Command, 'isHtaccess' | 'serverRootRelative' | 'warn'> {
  /** Whether a method is known: httpd's own, and those of RegisterHttpMethod. */
  isRegisteredMethod(method: string): boolean;
}

/** A kind of `Require` line. */
export interface AuthzProvider {
  /** Compiles what stands behind the provider's name; an error's `offset` counts inside `args`. */
  compile(cmd: RequireCommand, args: string): AuthzCheck | DirectiveError;
}

/** `handled`: the provider has set r.status to what is to be answered. */
export type AuthnResult = 'denied' | 'granted' | 'user-not-found' | 'general-error' | 'handled';
export type AuthnAnswer = AuthnResult | Promise<AuthnResult>;

/** A stored `MD5(user:realm:password)`, or why there is none. */
export type RealmHash = { readonly hash: string } | Exclude<AuthnResult, 'granted'>;

/** A store of users. Which of the two questions it knows decides for which kinds of authentication it serves. */
export interface AuthnProvider {
  checkPassword?(r: Request, user: string, password: string): AuthnAnswer;
  realmHash?(r: Request, user: string, realm: string): RealmHash | Promise<RealmHash>;
}

/** The providers of the modules in force. */
export function providersOf(loaded: Iterable<AnyModule>): ProviderRegistry {
  const registry = new ProviderRegistry();
  for (const { authzProviders, authnProviders, providers } of loaded) {
    for (const [name, provider] of Object.entries(authzProviders)) registry.register(AUTHZ, name, provider);
    for (const [name, provider] of Object.entries(authnProviders)) registry.register(AUTHN, name, provider);
    for (const [group, named] of Object.entries(providers)) {
      for (const [name, provider] of Object.entries(named)) registry.register(group, name, provider);
    }
  }
  return registry;
}

export function findAuthzProvider(registry: ProviderRegistry, name: string): AuthzProvider | undefined {
  return registry.find(AUTHZ, name) as AuthzProvider | undefined;
}

export function registerAuthzProvider(
  registry: ProviderRegistry,
  name: string,
  provider: AuthzProvider,
): void {
  registry.register(AUTHZ, name, provider);
}

export function findAuthnProvider(registry: ProviderRegistry, name: string): AuthnProvider | undefined {
  return registry.find(AUTHN, name) as AuthnProvider | undefined;
}

export function registerAuthnProvider(
  registry: ProviderRegistry,
  name: string,
  provider: AuthnProvider,
): void {
  registry.register(AUTHN, name, provider);
}
