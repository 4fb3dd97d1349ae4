/** All that is found in one text, in the order of its lines. */
import type { Problem, Severity } from '../diagnostics/problem.ts';
import { rules } from './rules/index.ts';
import { type LintText, readUnit } from './run.ts';

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };
/** Of one kind of problem in one text nobody reads more. */
const MOST_OF_A_KIND = 200;

export function checkText(text: LintText): readonly Problem[] {
  const unit = readUnit(text);
  const { problems } = unit;
  for (const rule of rules) {
    rule.check(unit, ({ code, message, span, hint, severity = 'warning' }) =>
      problems.add({ code, message, span, hint, severity }),
    );
  }
  const seen = new Map<string, number>();
  return problems.list
    .filter((problem) => {
      const count = (seen.get(problem.code) ?? 0) + 1;
      seen.set(problem.code, count);
      return problem.severity === 'error' || count <= MOST_OF_A_KIND;
    })
    .sort((a, b) => compare(a, b, text.name));
}

/** Problems of the text by their lines; those of included files behind them, in the order found (the sort is stable). */
function compare(a: Problem, b: Problem, name: string): number {
  const isHere = (problem: Problem): boolean => (problem.span?.source.name ?? name) === name;
  if (!isHere(a) || !isHere(b)) return Number(!isHere(a)) - Number(!isHere(b));
  return (a.span?.start ?? 0) - (b.span?.start ?? 0) || RANK[a.severity] - RANK[b.severity];
}
