/** Problems of a configuration as the command prints them: httpd's words, then where and what to do. */
import type { Problem } from '../diagnostics/problem.ts';
import { renderProblem } from '../diagnostics/render.ts';
import { PROGRAM } from './options.ts';

/** The level of warnings, as LogLevel's number. */
const WARN = 4;

/** All problems of at least the level that start-up messages have (-e); errors always. */
export function problemsText(problems: readonly Problem[], level = WARN): string {
  const hasErrors = problems.some(({ severity }) => severity === 'error');
  const shown = problems.filter(({ severity, span }) => {
    if (severity === 'error') return true;
    // Of a configuration that is wrong nobody wants to hear what it lacks besides.
    return level >= WARN && !(hasErrors && span === undefined);
  });
  return shown.map((problem) => `${problemText(problem)}\n`).join('');
}

function problemText(problem: Problem): string {
  const text = renderProblem(withOwnTag(problem));
  // What goes wrong while the text is read httpd prints under its name.
  const isNamed = problem.severity === 'error' && !/^AH\d{5}: /.test(text);
  return isNamed ? `${PROGRAM}: ${text}` : text;
}

/** A warning whose text begins with httpd's tag has that one. */
function withOwnTag(problem: Problem): Problem {
  const match = problem.severity === 'error' ? null : /^(A[HL]\d{4,5}): (.*)$/s.exec(problem.message);
  return match === null ? problem : { ...problem, code: match[1] ?? '', message: match[2] ?? '' };
}
