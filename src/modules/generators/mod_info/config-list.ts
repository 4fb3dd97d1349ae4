/** The configuration as mod_info shows it: with the file and line of each directive (mod_info_module_cmds of modules/generators/mod_info.c). */
import type { RowLookup } from '../../../config/apply.ts';
import type { ConfigNode } from '../../../config/tree.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { positionOf } from '../../../diagnostics/source.ts';
import { escapeHtml } from '../../../http/escape.ts';

class Listing {
  html = '';
  #file: string | undefined;
  readonly #isShown: (node: ConfigNode) => boolean;
  readonly #lookup: RowLookup;

  constructor(lookup: RowLookup, isShown: (node: ConfigNode) => boolean) {
    this.#lookup = lookup;
    this.#isShown = isShown;
  }

  /** Shows directives, and the sections around those that are shown. `open`: writes the heads of the sections around, when there is need. */
  add(nodes: readonly ConfigNode[], level: number, open: () => void): void {
    for (const node of nodes) {
      // A section without anything in it is shown as a directive is.
      if (node.children !== undefined && node.children.length > 0)
        this.#addSection(node, node.children, level, open);
      else if (this.#isShown(node)) {
        open();
        const args = node.args === '' ? '' : ` <i>${escapeHtml(node.args)}</i>`;
        this.#line(node, level, `${escapeHtml(this.#nameOf(node))}${args}`);
        this.html += '\n';
      }
    }
  }

  #addSection(node: ConfigNode, children: readonly ConfigNode[], level: number, open: () => void): void {
    let isOpen = false;
    this.add(children, level + 1, () => {
      if (isOpen) return;
      isOpen = true;
      open();
      this.#line(node, level, escapeHtml(`${this.#nameOf(node)} ${node.args}`));
      this.html += '\n';
    });
    if (!isOpen) return;
    this.#name(node);
    this.html += `<dd><tt>${NO_LINE}:&nbsp;${indent(level)}&lt;/${escapeHtml(this.#nameOf(node).slice(1))}&gt;</tt></dd>`;
  }

  #line(node: ConfigNode, level: number, html: string): void {
    this.#name(node);
    // Of a directive that goes on over several lines the last one counts.
    const { source, end } = node.argsSpan;
    const number = String(positionOf(source, Math.max(0, end - 1)).line);
    const padding = '&nbsp;'.repeat(Math.max(0, NUMBER_WIDTH - number.length));
    this.html += `<dd><tt>${padding}${number}:&nbsp;${indent(level)}${html}</tt></dd>`;
  }

  /** As its module spells it, not as it was written; with the `<` of sections. */
  #nameOf(node: ConfigNode): string {
    return this.#lookup(node.key)?.row.name ?? (node.children === undefined ? node.name : `<${node.name}`);
  }

  /** Says in which file we are, where that changes. */
  #name(node: ConfigNode): void {
    const { name } = node.span.source;
    if (name === this.#file) return;
    this.#file = name;
    this.html += `<dd><tt><strong>In file: ${escapeHtml(name)}</strong></tt></dd>\n`;
  }
}

const NUMBER_WIDTH = 4;
const NO_LINE = '&nbsp;'.repeat(NUMBER_WIDTH);

function indent(level: number): string {
  return '&nbsp;&nbsp;'.repeat(level);
}

export function listConfiguration(
  { tree, lookup }: Pick<Configuration, 'tree' | 'lookup'>,
  isShown: (node: ConfigNode) => boolean,
): string {
  const listing = new Listing(lookup, isShown);
  listing.add(tree, 0, () => undefined);
  return listing.html;
}
