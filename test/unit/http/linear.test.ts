/** What clients and backends send is read in time that grows with its length alone: long runs of one byte are no lever. */
import { describe, expect, it } from 'vitest';
import { isChunked } from '../../../src/http/body.ts';
import { trimBlanks, trimSpaces } from '../../../src/http/bytes.ts';
import { listItems, parseParameters } from '../../../src/http/header-list.ts';
import { isBadHost, parseHost } from '../../../src/http/host.ts';
import { ResponseHeadParser } from '../../../src/http/response-head-parser.ts';

/** Quadratic, this takes half a minute and more; else a few milliseconds. */
const MANY = 400_000;
const blanks = ' \t'.repeat(MANY / 2);

const reads: readonly [what: string, read: () => unknown, answer: unknown][] = [
  ['a Host of digits', () => isBadHost(parseHost(`${'1'.repeat(MANY)}x`, true)), false],
  ['a Host with a run of digits in it', () => isBadHost(parseHost(`a${'1'.repeat(MANY)}x:1`, false)), false],
  ['a Transfer-Encoding', () => isChunked(`a${blanks}b`), false],
  ['an item of a list', () => listItems(`a${blanks}b`).length, 1],
  ['a parameter', () => parseParameters(`a;b${blanks}c=d${blanks}e`).parameters.size, 1],
  ['a field of a backend', () => backendField(`a${blanks}b`)?.length, MANY + 2],
];

function backendField(value: string): string | undefined {
  const parser = new ResponseHeadParser(2 * MANY);
  // Line by line, not the fast path.
  parser.feed(Buffer.from(`HTTP/1.1 200 OK\nA:  ${value} \t\r\n\r\n`, 'latin1'), 0);
  return parser.head.fields.get('a');
}

describe('long runs', () => {
  it.each(reads)('%s', (_what, read, answer) => {
    const begun = performance.now();
    expect(read()).toBe(answer);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

describe('trimming', () => {
  it.each([
    ['', '', ''],
    [' \t ', '', ''],
    [' a b\t', 'a b', 'a b'],
    ['\r\n\v\f a\xa0\n', '\r\n\v\f a\xa0\n', 'a\xa0'],
    ['a', 'a', 'a'],
  ])('%j', (text, blanksOff, spacesOff) => {
    expect(trimBlanks(text)).toBe(blanksOff);
    expect(trimSpaces(text)).toBe(spacesOff);
  });
});
