/** `-D DUMP_MODULES`, `DUMP_INCLUDES` and `DUMP_CONFIG`. */
import type { IncludedFile } from '../config/read/index.ts';
import type { ConfigNode } from '../config/tree.ts';
import { httpdLine } from '../diagnostics/render.ts';

/** Modules in force, those of the program itself first (mod_so's dump_loaded_modules). */
export function modulesText(
  loaded: readonly { readonly name: string }[],
  isStatic: (name: string) => boolean,
): string {
  const line = ({ name }: { readonly name: string }): string =>
    ` ${name} (${isStatic(name) ? 'static' : 'shared'})\n`;
  const own = loaded.filter(({ name }) => isStatic(name));
  const named = loaded.filter(({ name }) => !isStatic(name));
  return `Loaded Modules:\n${[...own, ...named].map(line).join('')}`;
}

/** Files read, each with the line of its Include (ap_process_resource_config of server/config.c). */
export function includesText(includes: readonly IncludedFile[]): string {
  const line = ({ path, span, depth }: IncludedFile): string =>
    `${'  '.repeat(depth + 1)}(${span === undefined ? '*' : httpdLine(span)}) ${path}\n`;
  return `Included configuration files:\n${includes.map(line).join('')}`;
}

/**
 * The configuration that is left of the text: what was included stands in its place, conditions are decided (mod_info's hook_test_config).
 * httpd leaves out the end of a section without content; here the text can be read again.
 */
export function configText(tree: readonly ConfigNode[]): string {
  const out: string[] = [];
  let file: string | undefined;
  const print = (nodes: readonly ConfigNode[], depth: number): void => {
    const indent = '  '.repeat(depth);
    for (const { name, args, span, children } of nodes) {
      if (span.source.name !== file) {
        file = span.source.name;
        out.push(`${indent}# In file: ${file}`);
      }
      out.push(`${indent}#${String(httpdLine(span)).padStart(4)}:`);
      const text = args === '' || args === '>' ? args : ` ${args}`;
      out.push(`${indent}${children === undefined ? '' : '<'}${name}${text}`);
      if (children === undefined) continue;
      print(children, depth + 1);
      out.push(`${indent}</${name}>`);
    }
  };
  print(tree, 0);
  return out.length === 0 ? '' : `${out.join('\n')}\n`;
}
