/** The built-in modules, in the order httpd loads them. The only registration: a module's place here is its slot in the configurations. */
import type { AnyModule } from '../core/module.ts';
import { core } from './core/core.ts';
import { httpCore } from './http/http_core.ts';

export const modules: readonly AnyModule[] = [core, httpCore];

modules.forEach((module, index) => {
  module.index = index;
});
