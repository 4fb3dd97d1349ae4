/** Splits a directive's argument text the way its row says (the cmd_how cases of invoke_cmd in httpd's server/config.c). */
import { WordCursor } from '../../grammar/httpd-conf/words.ts';
import type { Shape } from './directive.ts';

export { type Word, WordCursor } from '../../grammar/httpd-conf/words.ts';

/** httpd hands TAKE_ARGV commands no more words than this (AP_MAX_ARGC) and drops the rest. */
const MAX_ARGV = 64;

/** The first word of a text, unquoted, and what follows it (ap_getword_conf). At the end of the text the word is empty. */
export function getWord(text: string): [word: string, rest: string] {
  const cursor = new WordCursor(text);
  return [cursor.next(), cursor.rest];
}

/** All words of a text, also those written as `""` (commands of httpd that take their arguments raw). */
export function allWords(text: string): string[] {
  const cursor = new WordCursor(text);
  const words: string[] = [];
  while (!cursor.atEnd) words.push(cursor.next());
  return words;
}

/** The words of a text up to its end or to one written as `""`: that is how httpd finds the end of a list. */
export function wordsUntilEmpty(text: string): string[] {
  const cursor = new WordCursor(text);
  const words: string[] = [];
  for (let word = cursor.next(); word !== ''; word = cursor.next()) words.push(word);
  return words;
}

/** A section's text without its last `>` and what stands behind it; undefined when there is none. */
export function sectionText(text: string): string | undefined {
  const bracket = text.lastIndexOf('>');
  return bracket < 0 ? undefined : text.slice(0, bracket);
}

/** Words for `apply`: one list a call. What was left out is not in the list. `flag` is 'on' or 'off'. */
export type Split =
  | { readonly ok: true; readonly calls: readonly (readonly string[])[] }
  | { readonly ok: false; readonly error: string };

function fits(...words: string[]): Split {
  return { ok: true, calls: [words] };
}

/** Splits `args` by `shape`. The error is httpd's, to be put behind the directive's name: ` takes one argument`, `, usage` not included. */
export function splitArguments(shape: Shape, args: string): Split {
  const cursor = new WordCursor(args);
  switch (shape) {
    case 'RAW_ARGS':
      return fits(args);
    case 'NO_ARGS':
      return args === '' ? fits() : { ok: false, error: ' takes no arguments' };
    case 'FLAG':
      return splitFlag(cursor);
    case 'ITERATE':
      return splitIterate(cursor);
    case 'ITERATE2':
      return splitIterate2(cursor);
    case 'TAKE_ARGV':
      return splitArgv(cursor);
    default:
      return splitCounted(shape, cursor);
  }
}

type CountedShape = Exclude<Shape, 'RAW_ARGS' | 'NO_ARGS' | 'FLAG' | 'ITERATE' | 'ITERATE2' | 'TAKE_ARGV'>;

/** How many words a shape must and may have, and what httpd says when that is not so. */
const COUNTED: Record<CountedShape, { least: number; most: number; error: string }> = {
  TAKE1: { least: 1, most: 1, error: ' takes one argument' },
  TAKE2: { least: 2, most: 2, error: ' takes two arguments' },
  TAKE3: { least: 3, most: 3, error: ' takes three arguments' },
  TAKE12: { least: 1, most: 2, error: ' takes 1-2 arguments' },
  TAKE13: { least: 1, most: 3, error: ' takes one or three arguments' },
  TAKE23: { least: 2, most: 3, error: ' takes two or three arguments' },
  TAKE123: { least: 1, most: 3, error: ' takes one, two or three arguments' },
};

function splitCounted(shape: CountedShape, cursor: WordCursor): Split {
  const { least, most, error } = COUNTED[shape];
  const words: string[] = [];
  while (words.length < most && !cursor.atEnd) words.push(cursor.next());
  // A written "" does not count where a word is required; TAKE12 takes it for left out, the other shapes pass it on.
  const missing = words.length < least || words.slice(0, least).includes('');
  const twoOfThree = shape === 'TAKE13' && words.length === 2 && words[1] !== '';
  if (missing || twoOfThree || !cursor.atEnd) return { ok: false, error };
  if (shape === 'TAKE12' && words[1] === '') words.pop();
  return fits(...words);
}

function splitFlag(cursor: WordCursor): Split {
  // Words behind the first one are not looked at.
  const word = cursor.next().toLowerCase();
  return word === 'on' || word === 'off' ? fits(word) : { ok: false, error: ' must be On or Off' };
}

function splitIterate(cursor: WordCursor): Split {
  const calls: string[][] = [];
  // An empty word ends the list, whatever stands behind it.
  for (let word = cursor.next(); word !== ''; word = cursor.next()) calls.push([word]);
  return calls.length > 0 ? { ok: true, calls } : { ok: false, error: ' requires at least one argument' };
}

function splitIterate2(cursor: WordCursor): Split {
  const first = cursor.next();
  if (first === '' || cursor.atEnd) return { ok: false, error: ' requires at least two arguments' };
  const calls: string[][] = [];
  for (let word = cursor.next(); word !== ''; word = cursor.next()) calls.push([first, word]);
  return { ok: true, calls };
}

function splitArgv(cursor: WordCursor): Split {
  const words: string[] = [];
  while (words.length < MAX_ARGV && !cursor.atEnd) {
    const word = cursor.next();
    if (word === '' && cursor.atEnd) break;
    words.push(word);
  }
  return fits(...words);
}
