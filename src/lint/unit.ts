/** One text as the rules see it: read, applied, and what is known of its surroundings. */
import type { ConfigNode } from '../config/tree.ts';
import type { Problems } from '../diagnostics/problem.ts';
import type { Span } from '../diagnostics/source.ts';
import type { LintContext } from './context.ts';

export interface LintUnit {
  readonly context: LintContext;
  /** What is in force of the text: conditional sections decided, macros and includes put in. */
  readonly tree: readonly ConfigNode[];
  readonly problems: Problems;
  /** An Include named what is not here: what seems to be missing may stand there. */
  readonly isPartial: boolean;
  /** The text is a server's whole configuration: it loads modules and listens, and nothing of it is elsewhere. */
  readonly isWhole: boolean;
}

/** What a rule says; where, and what to write instead. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly span: Span;
  readonly hint: string;
  /** `warning` when left out. */
  readonly severity?: 'warning' | 'note';
}

/** Rules change nothing, open nothing, and report only what is almost certainly a mistake. */
export interface Rule {
  /** All codes that it reports, with what each is about: a line of the manual's table. */
  readonly codes: Readonly<Record<string, string>>;
  check(unit: LintUnit, report: (finding: Finding) => void): void;
}
