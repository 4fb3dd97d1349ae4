/** The registry of rules: what is not here is not looked for. */
import { READING_CODES } from '../elsewhere.ts';
import type { Rule } from '../unit.ts';

export const rules: readonly Rule[] = [];

/** Every code of lint's own with what it is about. */
export const lintCodes: Readonly<Record<string, string>> = Object.assign(
  { AL1000: 'a file that cannot be read' },
  READING_CODES,
  ...rules.map(({ codes }) => codes),
);
