/** What a problem is: facts only. render.ts is the one place that turns it into text. */
import type { Span } from './source.ts';

export type Severity = 'error' | 'warning' | 'note';

export interface Problem {
  /** httpd's log tag where it has one (`AH00526`), else our own (`AL....`); unique per kind of problem. */
  readonly code: string;
  readonly severity: Severity;
  /** httpd's wording where httpd has one. */
  readonly message: string;
  /** Undefined for problems of no place in a file (a missing file named by -f). */
  readonly span: Span | undefined;
  /** What to write instead. */
  readonly hint?: string | undefined;
  /** Met while the text was read, before any directive was applied: httpd words such errors differently, with the include chain. */
  readonly whileReading?: boolean;
}

/** Collects the problems of one reading, in the order found. */
export class Problems {
  readonly list: Problem[] = [];

  add(problem: Problem): void {
    this.list.push(problem);
  }

  get errors(): readonly Problem[] {
    return this.list.filter((problem) => problem.severity === 'error');
  }

  get hasErrors(): boolean {
    return this.list.some((problem) => problem.severity === 'error');
  }
}
