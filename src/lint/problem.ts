/** What lint reports: problems as plain data, places in lines and columns. */
import { Buffer } from 'node:buffer';
import type { Problem, Severity } from '../diagnostics/problem.ts';
import { positionOf } from '../diagnostics/source.ts';

/** Lines and columns count from 1, columns in bytes; the end is the place behind the last byte. */
export interface LintProblem {
  /** As it was named by the caller; of an included file its path. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly severity: Severity;
  /** httpd's tag where it has one (`AH00526`), else `AL` and four digits: the same for every problem of its kind. */
  readonly code: string;
  /** An error's is httpd's own. */
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string;
}

/** @param file names problems that stand in no text. */
export function lintProblem(problem: Problem, file: string): LintProblem {
  const { code, severity, span, message, hint } = problem;
  const start = span === undefined ? { line: 1, column: 1 } : positionOf(span.source, span.start);
  const end = span === undefined ? start : positionOf(span.source, Math.max(span.start, span.end));
  return {
    file: asText(span?.source.name ?? file),
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    severity,
    code,
    message: asText(message),
    ...(hint === undefined ? {} : { hint: asText(hint) }),
  };
}

/** Bytes as the text they most likely are. */
function asText(bytes: string): string {
  return /[^\0-\x7f]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}
