import { expect, test } from 'vitest';
import type { Problem } from '../../../src/diagnostics/problem.ts';
import { httpdLine, httpdLines, problemData, renderProblem } from '../../../src/diagnostics/render.ts';
import { lineText, positionOf, type SourceText } from '../../../src/diagnostics/source.ts';

const main: SourceText = { name: '/m.conf', text: 'A b\nInclude \\\n x\n', includedFrom: undefined };
const inner: SourceText = {
  name: '/x',
  text: '\tS\xc3\xa9t \tvalue\n',
  includedFrom: { source: main, start: 4, end: 11 },
};
const at = (source: SourceText, start: number, end: number, more: Partial<Problem> = {}): Problem => ({
  code: 'AH00526',
  severity: 'error',
  message: 'wrong',
  span: { source, start, end },
  ...more,
});

test('httpd counts the last line of a continued one', () => {
  expect(httpdLine({ source: main, start: 4, end: 11 })).toBe(3);
  expect(httpdLine({ source: main, start: 0, end: 1 })).toBe(1);
});

test('an error of a directive', () => {
  expect(httpdLines(at(main, 4, 11))).toEqual(['AH00526: Syntax error on line 3 of /m.conf:', 'wrong']);
});

test('an error of reading names the chain, outermost first', () => {
  expect(httpdLines(at(inner, 1, 4, { whileReading: true }))).toEqual([
    'Syntax error on line 3 of /m.conf: Syntax error on line 1 of /x: wrong',
  ]);
});

test("a macro's text is no file of its own", () => {
  const macro: SourceText = {
    name: "macro 'm'",
    text: 'Y\n',
    includedFrom: { source: inner, start: 1, end: 4 },
    isExpansion: true,
  };
  expect(httpdLines(at(macro, 0, 1, { whileReading: true }))).toEqual([
    "Syntax error on line 3 of /m.conf: Syntax error on line 1 of macro 'm': wrong",
  ]);
});

test('-C, -c, and no place at all', () => {
  const line: SourceText = { name: '-c/-C directives', text: 'X\n', includedFrom: undefined };
  expect(httpdLines(at(line, 0, 1, { whileReading: true }))).toEqual([
    'Syntax error in -C/-c directive: wrong',
  ]);
  expect(httpdLines(at(line, 0, 1))).toEqual([
    'AH00526: Syntax error on line 1 of -c/-C directives:',
    'wrong',
  ]);
  expect(httpdLines({ code: 'AH00526', severity: 'error', message: 'no file', span: undefined })).toEqual([
    'no file',
  ]);
});

test('bytes are escaped as in a log of httpd', () => {
  expect(httpdLines(at(main, 0, 1, { message: 'a\\b\n\x1b\xe9' }))[1]).toBe('a\\\\b\\n\\x1b\\xe9');
});

test('the frame: place, line, carets under what is meant, hint, includes', () => {
  expect(renderProblem(at(inner, 7, 12, { hint: 'try this' }))).toBe(
    [
      'AH00526: Syntax error on line 1 of /x:',
      'wrong',
      '  --> /x:1:8',
      '  1 | \tSét \tvalue',
      '    | \t    \t^^^^^',
      '  hint: try this',
      '  included from /m.conf:3',
    ].join('\n'),
  );
});

test('long lines are cut around the place', () => {
  const long: SourceText = {
    name: 'l',
    text: `${'a'.repeat(500)}X${'b'.repeat(500)}`,
    includedFrom: undefined,
  };
  const [, , , shown = '', carets = ''] = renderProblem(at(long, 500, 501)).split('\n');
  expect(shown.length).toBeLessThan(180);
  expect(shown[carets.indexOf('^')]).toBe('X');
});

test('plain data', () => {
  expect(problemData(at(inner, 1, 4))).toEqual({
    code: 'AH00526',
    severity: 'error',
    message: 'wrong',
    file: '/x',
    line: 1,
    column: 2,
    length: 3,
    includedFrom: [{ file: '/m.conf', line: 3 }],
  });
});

test('positions count from 1 and stay inside', () => {
  expect(positionOf(main, 0)).toEqual({ line: 1, column: 1 });
  expect(positionOf(main, 4)).toEqual({ line: 2, column: 1 });
  expect(positionOf(main, 999)).toEqual({ line: 4, column: 1 });
  expect(lineText(main, 2)).toBe('Include \\');
  expect(lineText(main, 9)).toBe('');
});
