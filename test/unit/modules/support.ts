/** Applies configuration text to a few modules, for tables of what rows accept and what they make of it. */
import { applyTree } from '../../../src/config/apply.ts';
import { type Environment, readConfiguration } from '../../../src/config/read/index.ts';
import { rowTable } from '../../../src/core/configure.ts';
import type { AnyModule } from '../../../src/core/module.ts';
import { providersOf } from '../../../src/core/providers.ts';
import { VirtualServer } from '../../../src/core/virtual-server.ts';
import { Problems } from '../../../src/diagnostics/problem.ts';
import { modules } from '../../../src/modules/index.ts';

export interface Applied {
  readonly server: VirtualServer;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** `text` is read with every built-in module loaded. */
export function applyText(text: string, environment: Environment = {}): Applied {
  const problems = new Problems();
  const all: readonly AnyModule[] = modules;
  const lookup = rowTable(all);
  const read = readConfiguration({
    entry: { name: 'test.conf', text },
    serverRoot: '/srv',
    lookup: (key) => {
      const found = lookup(key);
      return found === undefined ? undefined : { row: found.row, module: found.module as AnyModule };
    },
    builtIn: all,
    staticModules: [],
    problems,
  });
  const server = new VirtualServer(false, [], undefined);
  const providers = providersOf(all);
  applyTree(read.tree, server, { lookup, providers, problems, environment, serverRoot: () => '/srv' });
  return {
    server,
    errors: problems.list.filter((one) => one.severity === 'error').map((one) => one.message),
    warnings: problems.list
      .filter((one) => one.severity === 'warning')
      .map((one) => `${one.code}: ${one.message}`),
  };
}
