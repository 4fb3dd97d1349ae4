/**
 * The directive tree: what is left of the configuration text after reading (pass one), in the order it was read.
 * Mirrors ap_directive_t of httpd's include/http_config.h, with exact positions added.
 */
import type { Span } from '../diagnostics/source.ts';

/** One directive line, or one section with what stands inside it. */
export interface ConfigNode {
  /** The name as written, without the `<` of a section: `DocumentRoot`, `Directory`. */
  readonly name: string;
  /** ASCII-lower-case name; sections keep their `<`: `documentroot`, `<directory`. Rows are looked up by it. */
  readonly key: string;
  /**
   * The argument text, continuation lines joined, `${VAR}` expanded, outer white space removed. For a section the text up to and
   * including its closing `>`, as httpd hands it to the section's function. A byte string.
   */
  readonly args: string;
  /** Where the name stands. */
  readonly span: Span;
  /** Where the argument text stands (equals `span` when there is none). */
  readonly argsSpan: Span;
  /** Children of a section; undefined for a plain directive. */
  readonly children: readonly ConfigNode[] | undefined;
}
