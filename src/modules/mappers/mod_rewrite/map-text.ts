/** Text maps: a key and a value a line, the rest of it ignored (lookup_map_txtfile). */
import { readFileSync } from 'node:fs';
import { failureOf, fsPath, type StatFailure } from '../../../core/files.ts';

/** A longer line counts as several (REWRITE_MAX_TXT_MAP_LINE, its NUL excluded). */
const LONGEST_LINE = 1023;

/** Lines that begin with a blank or `#` say nothing, and neither does a key alone. The first line of a key counts. */
export function parseTextMap(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of text.split('\n')) {
    for (let start = 0; start <= line.length; start += LONGEST_LINE) {
      const part = line.length > LONGEST_LINE ? line.slice(start, start + LONGEST_LINE) : line;
      // White space of C: \s would also take the byte 0xA0, which is a part of many letters.
      const found = /^([^\t-\r #][^\t-\r ]*)[\t-\r ]+([^\t-\r ]+)/.exec(part);
      const [, key, value] = found ?? [];
      if (key !== undefined && value !== undefined && !entries.has(key)) entries.set(key, value);
    }
  }
  return entries;
}

export function readTextMap(path: string): ReadonlyMap<string, string> | StatFailure {
  try {
    return parseTextMap(readFileSync(fsPath(path), 'latin1'));
  } catch (error) {
    return failureOf(error);
  }
}
