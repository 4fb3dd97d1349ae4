/** The built-in modules, in the order httpd loads them. The only registration: a module's place here is its slot in the configurations. */
import type { AnyModule } from '../core/module.ts';
import { core } from './core/core.ts';

export const modules: readonly AnyModule[] = [core];

modules.forEach((module, index) => {
  module.index = index;
});
