/** Periods in words, as mod_expires and mod_usertrack read them: `[plus] 1 hour 30 minutes`. */
import { asciiLower } from '../lib/ascii.ts';
import { atoi } from './values.ts';
import { WordCursor } from './words.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Units by as much of their names as is looked at. */
const UNITS: readonly (readonly [start: string, seconds: number])[] = [
  ['y', 365 * DAY],
  ['mo', 30 * DAY],
  ['w', 7 * DAY],
  ['d', DAY],
  ['h', HOUR],
  ['mi', MINUTE],
  ['s', 1],
];

/** `count` times `unit` seconds. Not multiplied: the types in which the modules do that differ. */
export interface PeriodPart {
  readonly count: number;
  readonly unit: number;
}

export interface PeriodMessages {
  readonly noNumber: (word: string) => string;
  readonly noUnit: string;
  readonly badUnit: (word: string) => string;
}

/** The parts of a period; a text says what is wrong with it. */
export function parsePeriod(text: string, messages: PeriodMessages): readonly PeriodPart[] | string {
  const cursor = new WordCursor(text);
  const parts: PeriodPart[] = [];
  let word = cursor.next();
  if (/^p/i.test(word)) word = cursor.next();
  for (; word !== ''; word = cursor.next()) {
    if (!/^\d/.test(word)) return messages.noNumber(word);
    const count = atoi(word);
    const name = cursor.next();
    if (name === '') return messages.noUnit;
    const lower = asciiLower(name);
    const unit = UNITS.find(([start]) => lower.startsWith(start))?.[1];
    if (unit === undefined) return messages.badUnit(name);
    parts.push({ count, unit });
  }
  return parts;
}
