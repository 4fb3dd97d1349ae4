/**
 * Providers: what one module offers by name for another's directives to use (ap_register_provider and ap_lookup_provider of
 * httpd's server/provider.c). Which groups there are and what their providers look like is said in core/providers.ts.
 */

/** The providers of one configuration: those of the modules in force, and aliases that directives add while they are read. */
export class ProviderRegistry {
  readonly #groups = new Map<string, Map<string, unknown>>();

  /** Names are case-sensitive; a later registration replaces an earlier one. */
  register(group: string, name: string, provider: unknown): void {
    let providers = this.#groups.get(group);
    if (providers === undefined) {
      providers = new Map();
      this.#groups.set(group, providers);
    }
    providers.set(name, provider);
  }

  /** Those of a group, in the order they were registered. */
  all(group: string): readonly unknown[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }

  /** What they are called, in the same order. */
  names(group: string): Iterable<string> {
    return this.#groups.get(group)?.keys() ?? [];
  }

  find(group: string, name: string): unknown {
    return this.#groups.get(group)?.get(name);
  }
}
