/** Sections being read: the tree that grows in them, and what their ends have to match (ap_build_config_sub's end tags). */
import { joinLines } from '../../../grammar/httpd-conf/statement.ts';
import { httpdLine } from '../../diagnostics/render.ts';
import type { Span } from '../../diagnostics/source.ts';
import { asciiLower } from '../../lib/ascii.ts';
import type { ConfigNode } from '../tree.ts';
import { LESS, type Line } from './line.ts';
import { spanOf } from './texts.ts';

/** Sections within sections: the walk that applies them recurses. */
const MAX_DEPTH = 128;

/** A section whose end is not read yet. A transparent one (`<IfModule>` and its kin) is no node: its lines belong to what is around it. */
interface OpenSection {
  readonly name: string;
  readonly key: string;
  readonly isTransparent: boolean;
  readonly span: Span;
  /** Where nodes went before. */
  readonly outer: ConfigNode[];
  /** How many sections that are nodes it makes, with those it is in. */
  readonly depth: number;
  /** A wrong end tag was met in it: likely its own, misspelled, so that its missing end is no news. */
  excused: boolean;
}

export class SectionStack {
  readonly tree: ConfigNode[] = [];
  readonly #open: OpenSection[] = [];
  readonly #error: (message: string, span: Span) => void;
  #nodes: ConfigNode[] = this.tree;

  constructor(error: (message: string, span: Span) => void) {
    this.#error = error;
  }

  /** Number of sections that are open. */
  get count(): number {
    return this.#open.length;
  }

  /** Nothing more is read. */
  clear(): void {
    this.#open.length = 0;
  }

  /** Adds a directive, or a section that is open from here on. */
  add({ frame, statement, name, args }: Line, key: string): void {
    const isSection = name.charCodeAt(0) === LESS;
    const span = spanOf(frame, statement.start, statement.nameEnd);
    const children: ConfigNode[] | undefined = isSection ? [] : undefined;
    if (children !== undefined && this.#isTooDeep(span)) {
      // What is in it is read for its own errors, and belongs to nothing.
      this.#enter(name, key, span, children);
      return;
    }
    const hasRest = statement.restStart < statement.end;
    this.#nodes.push({
      name: isSection ? name.slice(1) : name,
      key,
      args,
      span,
      argsSpan: hasRest ? spanOf(frame, statement.restStart, statement.end) : span,
      children,
    });
    if (children !== undefined) this.#enter(name, key, span, children);
  }

  /** Opens a section that is no node. */
  openTransparent(name: string, key: string, span: Span): void {
    const depth = this.#depth;
    this.#open.push({ name, key, isTransparent: true, span, outer: this.#nodes, depth, excused: false });
  }

  #enter(name: string, key: string, span: Span, children: ConfigNode[]): void {
    const depth = this.#depth + 1;
    this.#open.push({ name, key, isTransparent: false, span, outer: this.#nodes, depth, excused: false });
    this.#nodes = children;
  }

  get #depth(): number {
    return this.#open.at(-1)?.depth ?? 0;
  }

  /** Whether a section here is one too many; said of the outermost of them. */
  #isTooDeep(span: Span): boolean {
    if (this.#depth < MAX_DEPTH) return false;
    if (this.#depth === MAX_DEPTH) this.#error(`more than ${MAX_DEPTH} sections within each other`, span);
    return true;
  }

  /** An end tag. */
  close({ name, frame, statement }: Line): void {
    const span = spanOf(frame, statement.start, statement.nameEnd);
    const top = this.#open.length > frame.sectionBase ? this.#open.at(-1) : undefined;
    if (top?.isTransparent) {
      // Such a section ends at a line that is its end tag and nothing else.
      const whole = joinLines(frame.text.slice(statement.start, statement.end));
      if (asciiLower(whole) === `</${top.key.slice(1)}>`) {
        this.#pop();
        return;
      }
    }
    if (top === undefined || top.isTransparent) {
      this.#error(`${name} without matching <${name.slice(2)} section`, span);
      return;
    }
    const hasBracket = name.endsWith('>');
    const key = `<${asciiLower(name.slice(2, hasBracket ? -1 : undefined))}`;
    if (hasBracket && key === top.key) {
      this.#pop();
      return;
    }
    if (!hasBracket) this.#error(`${name}> directive missing closing '>'`, span);
    else this.#error(`Expected </${top.name.slice(1)}> but saw ${name}`, span);
    this.#recover(key, frame.sectionBase, top);
  }

  #pop(): void {
    const section = this.#open.pop();
    if (section !== undefined) this.#nodes = section.outer;
  }

  /** After a wrong end tag: closes up to the section it names, when one is open; else the tag closes nothing. */
  #recover(key: string, base: number, top: OpenSection): void {
    let at = this.#open.length - 1;
    while (at >= base && this.#open[at]?.isTransparent === false && this.#open[at]?.key !== key) at--;
    if (at < base || this.#open[at]?.isTransparent !== false) {
      top.excused = true;
      return;
    }
    while (this.#open.length > at) this.#pop();
  }

  /**
   * The end of a file that began with `base` sections open: what it left open is an error. Answers the sections whose missing end httpd does
   * not see.
   */
  leave(base: number): readonly { readonly name: string; readonly span: Span }[] {
    const left = this.#open.splice(base);
    const [outermost] = left;
    if (outermost === undefined) return [];
    this.#nodes = outermost.outer;
    // Behind a transparent section's start httpd loses sight of what is open, that section included.
    const firstHidden = left.findIndex((section) => section.isTransparent);
    const seen = (firstHidden < 0 ? left : left.slice(0, firstHidden)).filter((section) => !section.excused);
    const message = seen
      .map(({ name, span }) => `${span.source.name}:${httpdLine(span)}: ${name}> was not closed.`)
      .reverse()
      .join('\n');
    if (message !== '') this.#error(message, (seen[0] ?? outermost).span);
    return firstHidden < 0 ? [] : left.slice(firstHidden);
  }
}
