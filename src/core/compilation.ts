/**
 * What a configuration makes of the expressions and patterns compiled for it: what its modules add to every expression, and its
 * RegexDefaultOptions. .htaccess files are compiled while requests are served, when another configuration may have been read since.
 */
import type { ProviderRegistry } from '../config/providers.ts';
import { type ExprContext, type ExprExtensions, withModuleExtensions } from '../expr/index.ts';
import { type PcreDefaults, withPcreDefaults } from '../lib/pcre/index.ts';
import { EXPR_EXTENSIONS, TLS_EXTENSIONS } from './tls.ts';

/** Runs `work`, which compiles expressions, with what these modules add to them. */
export function withExtensionsOf<T>(providers: ProviderRegistry, work: () => T): T {
  const extensions = providers.find(EXPR_EXTENSIONS, TLS_EXTENSIONS);
  return withModuleExtensions(extensions as ExprExtensions<ExprContext> | undefined, work);
}

/** Runs `work`, which compiles for that configuration. */
export function compilingFor<T>(
  configuration: { readonly providers: ProviderRegistry; readonly pcreDefaults: PcreDefaults },
  work: () => T,
): T {
  return withPcreDefaults(configuration.pcreDefaults, () => withExtensionsOf(configuration.providers, work));
}
