/**
 * Per-directory configuration: one slot a module, as httpd's ap_conf_vector_t. Merging two of them is memoised on their identity, so the
 * second request under the same sections merges nothing (ap_merge_per_dir_configs without its work).
 */

/** The part of a module that configuration needs; core/module.ts adds the hooks. */
export interface ConfigModule {
  /** Slot in the vectors; its place in the list of modules. */
  index: number;
  readonly createServer: (() => unknown) | undefined;
  readonly createDir: (() => unknown) | undefined;
  /** Pure: answers a new object, changes neither. */
  readonly mergeServer: ((base: unknown, add: unknown) => unknown) | undefined;
  readonly mergeDir: ((base: unknown, add: unknown) => unknown) | undefined;
}

/** A vector of module configurations; a slot no directive touched is undefined. Frozen in spirit once the configuration is read. */
export class PerDirConfig {
  readonly slots: unknown[];
  #merges: WeakMap<PerDirConfig, PerDirConfig> | undefined;

  constructor(slots: unknown[] = []) {
    this.slots = slots;
  }

  /** This one overridden by `add`: the same object for the same pair. */
  merge(add: PerDirConfig, modules: readonly ConfigModule[]): PerDirConfig {
    this.#merges ??= new WeakMap();
    let merged = this.#merges.get(add);
    if (merged === undefined) {
      merged = new PerDirConfig(mergeSlots(this.slots, add.slots, modules, 'mergeDir'));
      this.#merges.set(add, merged);
    }
    return merged;
  }
}

/** Merges two vectors: a slot only one side has is shared, a module without a merge function takes the newer one whole (httpd's rule). */
export function mergeSlots(
  base: readonly unknown[],
  add: readonly unknown[],
  modules: readonly ConfigModule[],
  how: 'mergeDir' | 'mergeServer',
): unknown[] {
  const merged = base.slice();
  for (let index = 0; index < add.length; index++) {
    const newer = add[index];
    if (newer === undefined) continue;
    const older = merged[index];
    const merge = modules[index]?.[how];
    merged[index] = older === undefined || merge === undefined ? newer : merge(older, newer);
  }
  return merged;
}
