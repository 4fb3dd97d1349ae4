/** `<IfModule>` of modules that are not httpd's own: what is in it is passed over, which the reader is told. */

import type { ModuleName, ReadCommand } from '../config/read/index.ts';
import { allWords } from '../config/words.ts';
import type { Problems } from '../diagnostics/problem.ts';
import type { Span } from '../diagnostics/source.ts';

export class Skipped {
  readonly #known = new Set<string>();
  readonly #places = new Map<string, { readonly span: Span; readonly module: string }>();

  constructor(known: readonly ModuleName[]) {
    for (const { name, file } of known) this.#known.add(name).add(file);
  }

  /** A section is being passed over. A text may be read twice. */
  note({ name, args, span }: Pick<ReadCommand, 'name' | 'args' | 'span'>): void {
    if (name.toLowerCase() !== '<ifmodule') return;
    const [module = ''] = allWords(args.replace(/>[^>]*$/, ''));
    if (module.startsWith('!') || this.#known.has(module)) return;
    this.#places.set(`${span.source.name}:${span.start}`, { span, module });
  }

  report(problems: Problems): void {
    for (const { span, module } of this.#places.values()) {
      const message = `${module} is none of httpd's modules: what is in this section is not checked`;
      problems.add({ code: 'AL1001', severity: 'note', message, span });
    }
  }
}
