import type { Problem } from '../../src/diagnostics/problem.ts';
import { problemData } from '../../src/diagnostics/render.ts';

/** `file:line:column: error: message (hint)`, one line. */
export function problemLine(problem: Problem): string {
  const { file, line, column, severity, message, hint } = problemData(problem);
  const place = file === undefined ? '' : `${file}:${line}:${column}: `;
  const advice = hint === undefined ? '' : ` (${hint})`;
  return `${place}${severity}: ${message}${advice}`.replaceAll('\n', '; ');
}
