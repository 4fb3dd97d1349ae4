import type { KnownDirective } from '../../src/config/known-directives.ts';
import type { AnyModule } from '../../src/core/module.ts';

export const README: string;
export function directiveTables(
  modules: readonly AnyModule[],
  known: ReadonlyMap<string, KnownDirective>,
): string;
export function withTables(readme: string, tables: string): string;
